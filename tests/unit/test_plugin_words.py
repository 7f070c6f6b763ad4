"""kubectl's refusals in one line, ages, tables, and what doctor makes of what it read."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_operator.plugin.checks import Examined, Verdict, checks
from scheduledtask_operator.plugin.kubectl import RUNS, TASKS, Object
from scheduledtask_operator.plugin.refusals import KubectlRefusal, Refusal, refusal
from scheduledtask_operator.plugin.times import ago, read_time, span

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FORBIDDEN = (
    'Error from server (Forbidden): scheduledtasks.scheduledtask.dev is forbidden: User "ann" cannot list resource '
    '"scheduledtasks" in API group "scheduledtask.dev" in the namespace "team"'
)


@pytest.mark.parametrize(
    ("said", "kind", "line"),
    [
        (
            FORBIDDEN,
            Refusal.FORBIDDEN,
            "ann may not list scheduledtasks in namespace team; ask for the ClusterRole scheduledtask-view there",
        ),
        (
            FORBIDDEN.replace(' in the namespace "team"', " at the cluster scope"),
            Refusal.FORBIDDEN,
            "ann may not list scheduledtasks in all namespaces; ask for the ClusterRole scheduledtask-view there",
        ),
        (
            "E1123 12:00:00.1 1 memcache.go:265] noise\nThe connection to the server x:1 was refused - did you specify"
            " the right host or port?",
            Refusal.NO_CLUSTER,
            "the API server does not answer: The connection to the server x:1 was refused",
        ),
        (
            "Unable to connect to the server: dial tcp: lookup x: no such host",
            Refusal.NO_CLUSTER,
            "the API server does not answer: dial tcp: lookup x: no such host",
        ),
        (
            'error: the server doesn\'t have a resource type "scheduledtasks"',
            Refusal.NOT_INSTALLED,
            "this cluster has no ScheduledTasks; install the chart, or look whether the context is the right one",
        ),
        (
            'Error from server (NotFound): scheduledtasks.scheduledtask.dev "x" not found',
            Refusal.NOT_FOUND,
            'scheduledtasks.scheduledtask.dev "x" not found',
        ),
        ('error: context "x" does not exist', Refusal.OTHER, 'context "x" does not exist'),
        ("", Refusal.OTHER, "kubectl failed, and said nothing"),
    ],
)
def test_a_refusal_is_one_line(said: str, kind: Refusal, line: str) -> None:
    found = refusal(said)
    assert (found.kind, found.message) == (kind, line)


@given(st.text(max_size=300))
def test_whatever_kubectl_says_is_one_line(said: str) -> None:
    assert len(refusal(said).problems) == 1
    assert "\n" not in refusal(said).message


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59, "59s"), (90, "1m30s"), (3600, "1h"), (36_060, "10h"), (200_000, "2d7h")]
)
def test_ages_are_short(seconds: float, text: str) -> None:
    assert span(seconds) == text
    assert ago(NOW - timedelta(seconds=seconds), NOW) == f"{text} ago"


def test_a_time_that_cannot_be_read_is_none() -> None:
    assert (read_time(None), read_time("soon")) == (None, None)
    assert read_time("2026-11-23T12:00:00Z") == NOW


def crd(version: str = "v1alpha1") -> Object:
    established = {"type": "Established", "status": "True"}
    return {"spec": {"versions": [{"name": version, "served": True}]}, "status": {"conditions": [established]}}


def deployment(ready: int = 2, version: str = "0.1.0") -> Object:
    labels = {"app.kubernetes.io/version": version}
    metadata = {"name": "operator", "namespace": "system", "labels": labels}
    return {"metadata": metadata, "spec": {"replicas": 2}, "status": {"readyReplicas": ready}}


AWAY = {
    "metadata": {"name": "report", "namespace": "team"},
    "spec": {},
    "status": {"conditions": [{"type": "Degraded", "reason": "RedisDown", "message": "Redis does not answer"}]},
}


def examined(**changes: object) -> Examined:
    lease = {
        "metadata": {"name": "operator", "namespace": "system"},
        "spec": {"holderIdentity": "pod-0", "leaseDurationSeconds": 10, "renewTime": "2026-11-23T11:59:59Z"},
    }
    known = {
        "versions": {"serverVersion": {"gitVersion": "v1.34.4"}, "clientVersion": {"gitVersion": "v1.34.4"}},
        "crds": {TASKS: crd(), RUNS: crd()},
        "tasks": {"items": []},
        "runs": {"items": []},
        "may": {("list", TASKS): True},
        "lease": lease,
        "lease_is_missing": False,
        "operator_namespace": "system",
        "deployments": {"items": [deployment()]},
        "operator_pods": {"items": []},
        "redis_pods": {"items": [{"status": {"conditions": [{"type": "Ready", "status": "True"}]}}]},
        "skew_seconds": 0.4,
        "plugin_version": "0.1.0",
    }
    return Examined(**{**known, **changes})  # type: ignore[arg-type]


def test_a_sound_installation_passes_every_check() -> None:
    found = checks(examined(), NOW)

    assert {check.verdict for check in found} == {Verdict.OK}
    assert {check.name for check in found} >= {
        "CRDs",
        "Your rights",
        "Redis",
        "Leader",
        "Clock",
        "Versions",
        "Operator",
    }


@pytest.mark.parametrize(
    ("changes", "name", "verdict", "words"),
    [
        ({"crds": {TASKS: KubectlRefusal("x", Refusal.NOT_FOUND)}}, "CRDs", Verdict.FAILED, "is not there"),
        ({"crds": {TASKS: crd("v2")}}, "CRDs", Verdict.FAILED, "serves v2, and this plugin speaks v1alpha1"),
        ({"may": {("patch", TASKS): False}}, "Your rights", Verdict.WARNING, "you may not patch"),
        ({"lease": None, "lease_is_missing": True}, "Leader", Verdict.FAILED, "there is no Lease"),
        ({"lease": None}, "Leader", Verdict.UNKNOWN, "may not read"),
        ({"skew_seconds": -90.0}, "Clock", Verdict.WARNING, "90 s behind"),
        ({"deployments": {"items": [deployment(ready=0)]}}, "Operator", Verdict.FAILED, "0 of 2 pods ready"),
        ({"deployments": {"items": []}}, "Operator", Verdict.FAILED, "none in namespace system"),
        ({"deployments": {"items": [deployment(version="9")]}}, "Versions", Verdict.WARNING, "operator 9"),
        ({"redis_pods": {"items": []}, "tasks": {"items": [AWAY]}}, "Redis", Verdict.FAILED, "Redis does not answer"),
        ({"redis_pods": {"items": [{"status": {}}]}}, "Redis", Verdict.FAILED, "1 of 1 pods of Redis are not ready"),
    ],
)
def test_what_is_wrong_is_found_with_what_to_do(
    changes: dict[str, object], name: str, verdict: Verdict, words: str
) -> None:
    [check] = [check for check in checks(examined(**changes), NOW) if check.name == name and words in check.text]

    assert check.verdict is verdict
    assert check.fix or verdict is Verdict.UNKNOWN


def test_a_skewed_clock_does_not_make_a_leader_look_dead() -> None:
    late = NOW + timedelta(seconds=90)
    found = {check.name: check.verdict for check in checks(examined(skew_seconds=90.0), late)}
    assert found["Leader"] is Verdict.OK


def test_where_no_api_server_answers_that_is_the_first_finding() -> None:
    refused = KubectlRefusal("it does not answer", Refusal.NO_CLUSTER)
    found = checks(examined(versions=refused, crds={}, tasks=refused, may={}), NOW)
    assert (found[0].name, found[0].verdict) == ("API server", Verdict.FAILED)
