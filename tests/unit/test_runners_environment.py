"""Task code shall find no secret in what the runners were started with, and everything else."""

import pytest

from scheduledtask_workloads.runners.environment import without_secrets


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SCHEDULEDTASK_REDIS_URL", "unix:///run/redis.sock"),
        ("REDIS_HOST", "redis.default.svc"),
        ("CACHE", "rediss://cache:6380/1"),
        ("CELERY_BROKER_URL", "amqp://queue"),
        ("GITHUB_TOKEN", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("DATABASE_PASSWORD", "x"),
        ("DATABASE_URL", "postgresql://app:word@db/app"),
    ],
)
def test_secrets_and_redis_are_dropped(name: str, value: str) -> None:
    assert without_secrets({name: value, "HOME": "/home/app"}) == {"HOME": "/home/app"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PATH", "/usr/local/bin:/usr/bin"),
        ("TZ", "Europe/Paris"),
        ("SCHEDULEDTASK_PROJECT", "/srv/project"),
        ("SCHEDULEDTASK_BODY_JOURNAL", "/tmp/journal"),
        ("HTTPS_PROXY", "http://proxy:3128"),
        ("DATABASE_URL", "postgresql://db/app"),
    ],
)
def test_the_rest_is_kept(name: str, value: str) -> None:
    assert without_secrets({name: value}) == {name: value}
