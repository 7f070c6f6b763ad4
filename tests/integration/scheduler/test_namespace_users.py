"""The scheduler makes the Redis users that the namespaces' workers connect as, and keeps them."""

import hashlib

import pytest
import redis
from tests.integration.scheduler.control_plane import ControlPlane
from tests.integration.scheduler.rig import Rig
from tests.redis_server import RealServer

from scheduledtask_workloads.contract.messages import NamespaceUser, NamespaceUserReady, NamespaceUserRemoved

USER = NamespaceUser(namespace="team", user="stask:team", password_sha256=hashlib.sha256(b"word").hexdigest())


def answers(control: ControlPlane) -> list[str]:
    """Each one's problem."""
    return [answer.problem for answer in control.of(NamespaceUserReady) if answer.user == USER.user]


def ping(server: RealServer) -> bool:
    address = server.url.partition("@")[2]
    with redis.Redis.from_url(f"redis://stask%3Ateam:word@{address}") as client:
        return bool(client.ping())


def test_a_user_is_made_kept_over_a_restart_of_the_server_and_removed(rig: Rig, redis_server: RealServer) -> None:
    control = rig.start_scheduler()
    control.say(USER)
    control.await_true(lambda: answers(control) == [""])
    assert ping(redis_server)

    redis_server.restart()
    control.await_true(lambda: answers(control) == ["", ""])
    assert ping(redis_server)

    control.say(NamespaceUserRemoved(namespace="team", user=USER.user))
    with redis.Redis.from_url(redis_server.url) as client:
        rig.await_true(lambda: client.acl_users() == ["default"], "the user is gone")
    with pytest.raises(redis.AuthenticationError):
        ping(redis_server)


def test_a_user_is_made_when_redis_comes(rig: Rig, redis_server: RealServer) -> None:
    redis_server.kill()
    control = rig.start_scheduler()
    control.say(USER)
    control.await_true(lambda: control.status().jobs == 0 and control.heard)
    redis_server.start()
    control.await_true(lambda: answers(control) == [""])


def test_a_server_that_forbids_it_is_named_as_the_problem(rig: Rig, redis_server: RealServer) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.execute_command("ACL", "SETUSER", "default", "-acl|setuser")
        control = rig.start_scheduler()
        control.say(USER)
        control.await_true(lambda: answers(control))
        assert "ACL SETUSER" in answers(control)[0]
        assert "permission" in answers(control)[0].lower()
        assert client.ping()
