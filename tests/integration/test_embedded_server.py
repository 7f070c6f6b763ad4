"""The embedded server keeps what it was told, and keeps strangers out."""

import errno
import socket
import sys

import pytest
import redis

from scheduledtask_operator.local.embedded_server import held_port


def test_what_was_written_a_second_ago_survives_a_kill(redis_server) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.set("run", "1")
        client.execute_command("WAITAOF", 1, 0, 5000)

    redis_server.restart()

    with redis.Redis.from_url(redis_server.url) as client:
        assert client.get("run") == b"1"


def test_a_wiped_server_comes_back_empty(redis_server) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.set("run", "1")

    redis_server.wipe()

    with redis.Redis.from_url(redis_server.url) as client:
        assert client.dbsize() == 0


def test_a_client_without_the_password_is_refused(redis_server) -> None:
    port = redis.connection.parse_url(redis_server.url)["port"]
    with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_it_refuses_to_evict(redis_server) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no port can be held for a server")
def test_a_port_stays_the_servers_while_it_is_down(redis_server) -> None:
    """Tests that run beside each other took each other's ports between the choice of one and its use."""
    port = redis.connection.parse_url(redis_server.url)["port"]
    redis_server.kill()

    with socket.socket() as other, pytest.raises(OSError) as refused:
        other.bind(("127.0.0.1", port))
    assert refused.value.errno == errno.EADDRINUSE

    redis_server.start()
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.ping()


def test_no_port_is_held_twice() -> None:
    with held_port() as one, held_port() as other:
        assert one != other
