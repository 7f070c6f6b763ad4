"""A worker's pod that does not come up says why, in the words of the scheduler, the kubelet or its own log."""

from typing import Any

import pytest

from scheduledtask_operator.cluster.pod_problems import deployment_problem, joined_problems, pod_problem


def pod(*containers: dict[str, Any], **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "status": {"containerStatuses": list(containers), **status}}


def container(state: dict[str, Any], *, last: dict[str, Any] | None = None, restarts: int = 0) -> dict[str, Any]:
    return {"name": "worker", "ready": False, "state": state, "lastState": last or {}, "restartCount": restarts}


OUT_OF_MEMORY = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}
FAILED = {"terminated": {"reason": "Error", "exitCode": 2, "message": "Error: no such option\n"}}


@pytest.mark.parametrize(
    ("seen", "problem"),
    [
        (pod(), ""),
        (pod(container({"waiting": {"reason": "ContainerCreating"}})), ""),
        (pod(container({"running": {}})), ""),
        (
            pod(container({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image x"}})),
            "ImagePullBackOff: container worker: Back-off pulling image x",
        ),
        (
            pod(container({"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "s" not found'}})),
            'CreateContainerConfigError: container worker: secret "s" not found',
        ),
        (
            pod(container({"waiting": {"reason": "CrashLoopBackOff"}}, last=FAILED, restarts=3)),
            "CrashLoopBackOff: container worker ended with 2 (Error), saying: Error: no such option",
        ),
        (
            pod(container({"waiting": {"reason": "CrashLoopBackOff"}}, last=OUT_OF_MEMORY, restarts=1)),
            "CrashLoopBackOff: container worker was OOMKilled: it took more than its memory limit; "
            "declare a larger profile.memory",
        ),
        (
            pod(container({"running": {}}, last=OUT_OF_MEMORY, restarts=1)),
            "CrashLoopBackOff: container worker was OOMKilled: it took more than its memory limit; "
            "declare a larger profile.memory",
        ),
        (
            pod(
                container({"running": {}}, last=OUT_OF_MEMORY, restarts=1),
                conditions=[{"type": "Ready", "status": "True"}],
            ),
            "",
        ),
        (
            pod(conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1"}]),
            "Unschedulable: 0/1",
        ),
        (
            pod(phase="Failed", reason="Evicted", message="The node was low on resource: memory."),
            "Evicted: The node was low on resource: memory.",
        ),
    ],
)
def test_a_pod_says_why_it_is_not_up(seen: dict[str, Any], problem: str) -> None:
    assert pod_problem(seen) == problem


def test_an_init_container_of_the_users_is_named() -> None:
    waiting = {**container({"waiting": {"reason": "ErrImagePull", "message": "no such host"}}), "name": "prepare"}
    seen = {"status": {"initContainerStatuses": [waiting]}}
    assert pod_problem(seen) == "ErrImagePull: container prepare: no such host"


def test_a_deployment_says_why_no_pods_are_made() -> None:
    condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}
    assert deployment_problem({"status": {"conditions": [condition]}}) == "FailedCreate: exceeded quota"
    message = 'pods "stask-train-6d4f-x7k2p" is forbidden: exceeded quota'
    seen = {"status": {"conditions": [{**condition, "message": message}]}}
    assert deployment_problem(seen) == 'FailedCreate: pods "stask-train-6d4f-…" is forbidden: exceeded quota'
    assert deployment_problem({"status": {"conditions": [{**condition, "status": "False"}]}}) == ""
    assert deployment_problem({}) == ""


def test_each_kind_of_problem_is_said_once_with_how_many_have_it() -> None:
    assert joined_problems([]) == ""
    assert joined_problems(["b", "a", "b"]) == "2 workers: b; a"


def test_a_long_message_is_cut() -> None:
    seen = pod(container({"waiting": {"reason": "ErrImagePull", "message": "x" * 9000}}))
    assert len(pod_problem(seen)) == 500
