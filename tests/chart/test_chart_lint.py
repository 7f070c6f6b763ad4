"""Helm's own checks."""

from tests.cluster.helm import Helm


def test_lint_finds_nothing(helm: Helm) -> None:
    assert "1 chart(s) linted, 0 chart(s) failed" in helm.lint()


def test_lint_finds_nothing_with_an_external_redis(helm: Helm) -> None:
    redis = {
        "bundled": {"enabled": False},
        "external": {"existingSecret": "ours", "workerUrl": "redis://redis.example:6379/0"},
    }

    assert "0 chart(s) failed" in helm.lint({"redis": redis})
