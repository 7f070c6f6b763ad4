"""The embedded server keeps what it was told, and keeps strangers out."""

import pytest
import redis


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
