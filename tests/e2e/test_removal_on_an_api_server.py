"""The end of what an operator leaves behind, where something does not go, or the API server does not answer.

A pod that is bound to a node goes when its kubelet says so, and there is none here.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from http import HTTPStatus

import pytest
from tests.api_front import ApiFront
from tests.cluster.cluster import Api

from scheduledtask_operator.cluster.errors import ApiError
from scheduledtask_operator.cluster.removal import GRACE_SECONDS, LeftBehindError, Removal
from scheduledtask_operator.manifests.naming import pool_labels

NAMESPACE = "left-behind"
POD = "stask-train-1"
RUN_MAY_TAKE_SECONDS = 7200


@pytest.fixture(scope="module")
def place(api: Api) -> Iterator[str]:
    api.kubectl("create", "namespace", NAMESPACE)
    api.kubectl("create", "serviceaccount", "default", f"--namespace={NAMESPACE}")
    yield NAMESPACE
    api.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


@pytest.fixture(autouse=True)
def pod(api: Api, place: str) -> Iterator[None]:
    """Of a worker, on a node that has gone."""
    spec = {
        "nodeName": "gone",
        "terminationGracePeriodSeconds": RUN_MAY_TAKE_SECONDS,
        "containers": [{"name": "worker", "image": "any"}],
    }
    metadata = {"name": POD, "namespace": place, "labels": pool_labels("train")}
    api.apply([{"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}])
    yield
    api.kubectl("delete", "pod", POD, f"--namespace={place}", "--force", "--ignore-not-found")


def run(api: Api, seconds: float, before: Callable[[ApiFront], Awaitable[None]] | None = None) -> str:
    """What is said of what stays. Raises what the removal raises beside that."""

    async def remove() -> str:
        async with ApiFront(api) as front, front.client() as client:
            if before is not None:
                await before(front)
            with pytest.raises(LeftBehindError) as caught:
                await Removal(client, [NAMESPACE], look_seconds=0.1).run(seconds)
            return str(caught.value)

    return asyncio.run(remove())


def grace_seconds(api: Api) -> int | None:
    """That it was given to go; None where it was not told to."""
    found = json.loads(api.kubectl("get", "pod", POD, f"--namespace={NAMESPACE}", "--output=json"))
    return found["metadata"].get("deletionGracePeriodSeconds")


def test_what_does_not_go_in_time_is_named(api: Api) -> None:
    assert run(api, 0.5) == f"still there after 0.5 s: pods {NAMESPACE}/{POD}"
    assert grace_seconds(api) == GRACE_SECONDS


def test_one_that_was_told_to_go_in_hours_is_given_less(api: Api) -> None:
    """As its Deployment's end, or its namespace's, told it to."""
    api.kubectl("delete", "pod", POD, f"--namespace={NAMESPACE}", "--wait=false")
    assert grace_seconds(api) == RUN_MAY_TAKE_SECONDS

    run(api, 0.5)

    assert grace_seconds(api) == GRACE_SECONDS


def test_what_is_refused_is_named_with_the_reason(api: Api) -> None:
    async def refuse(front: ApiFront) -> None:
        front.refuse = lambda method, _path: HTTPStatus.FORBIDDEN if method == "DELETE" else None

    assert f"{NAMESPACE}/{POD}: " in run(api, 0.5, refuse)
    assert grace_seconds(api) is None


def test_an_api_server_that_is_away_for_a_moment_is_asked_again(api: Api) -> None:
    async def leave(front: ApiFront) -> None:
        await front.go_away()
        asyncio.get_running_loop().call_later(1.0, lambda: come_back.append(asyncio.ensure_future(front.come_back())))

    come_back: list[asyncio.Future[None]] = []
    run(api, 3.0, leave)

    assert grace_seconds(api) == GRACE_SECONDS


def test_one_that_lets_us_not_look_ends_it_at_once(api: Api) -> None:
    async def refuse(front: ApiFront) -> None:
        front.refuse = lambda _method, _path: HTTPStatus.FORBIDDEN

    with pytest.raises(ApiError, match="403"):
        run(api, 60.0, refuse)
