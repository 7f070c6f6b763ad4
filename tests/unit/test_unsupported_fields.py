"""A field whose engine does not exist yet is refused with what to do instead, never ignored."""

import pytest

from scheduledtask_operator.api import parse_manifests

TASK = """\
apiVersion: scheduledtask.dev/v1alpha1
kind: ScheduledTask
metadata: {name: report}
spec:
  task: report
  schedule: "@daily"
"""


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("exclude: {holidays: FR}", "exclude"),
        ("exclude: {}", "exclude"),
        ("catchUp: All", "catchUp"),
        ("catchUpLimit: 5", "catchUpLimit"),
        ("adaptation: Recommend", "adaptation"),
        ("adaptation: Apply", "adaptation"),
        ("concurrencyPolicy: Replace", "concurrencyPolicy"),
        ("concurrencyPolicy: Queue", "concurrencyPolicy"),
        ("queueLimit: 3", "queueLimit"),
        ("pauseAfterFailures: 3", "pauseAfterFailures"),
        ("artifacts: {url: s3://bucket}", "artifacts.url"),
    ],
)
def test_what_no_engine_does_is_refused(field: str, path: str) -> None:
    (problem,) = parse_manifests(f"{TASK}  {field}\n", "a.yaml").problems

    line = str(problem)
    assert line.startswith(f"a.yaml:7: spec.{path}: ")
    assert "not supported yet; " in line


@pytest.mark.parametrize(
    "field",
    [
        "catchUp: Skip",
        "freshnessSeconds: 60",
        "catchUpLimit: 100",
        'adaptation: "Off"',
        "concurrencyPolicy: Allow",
        "queueLimit: 10",
        "triggers: []",
        "triggers: [{scheduledTask: other, outcomes: [Failed]}]",
        "worker: {pool: big, minReplicas: 1, maxReplicas: 3, idleSeconds: 5}",
        "artifacts: {url: /var/lib/artifacts}",
        "artifacts: {url: file:///var/lib/artifacts}",
        "arguments: {a: {b: 1}}",
        "retry: {limit: 3, backoff: 1s, maxBackoff: 1d, onLost: 0}",
    ],
)
def test_what_an_engine_does_is_accepted(field: str) -> None:
    assert parse_manifests(f"{TASK}  {field}\n", "a.yaml").problems == ()
