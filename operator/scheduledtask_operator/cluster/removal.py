"""What the operator made that runs, ended when the operator is gone; the chart's hook runs it after an uninstall:

    python -m scheduledtask_operator.cluster.removal NAMESPACE DEPLOYMENT [WATCHED...]

A busy worker may otherwise stay as long as its run is allowed to, which is hours, and its namespace with it. Without
WATCHED every namespace is looked at. While the operator's DEPLOYMENT is there nothing is touched: who applies all that
`helm template` prints applies the hook too, and is not removing anything.

Deployments and ReplicaSets go as orphaning ones. Otherwise the garbage collector would tell their pods to go, with the
grace of hours, and a kubelet keeps to the grace that it hears first: it does not stop what it waits for when a later
request shortens it (kubernetes#83916).
"""

import asyncio
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scheduledtask_operator.cluster.client import Client, Object, object_path
from scheduledtask_operator.cluster.errors import ApiError, ClusterError, UnreachableError
from scheduledtask_operator.cluster.kinds import WORKER_DEPLOYMENTS, Kind
from scheduledtask_operator.manifests.naming import OPERATORS_PODS_SELECTOR, WORKER_SELECTOR

GRACE_SECONDS = 30  # what pods have by default; runs that need longer are ended
DEADLINE_SECONDS = 90.0  # thrice that: a node that does not answer is not waited for
LOOK_SECONDS = 1.0
_SHOWN = 10  # of what is left

WORKER_REPLICA_SETS = Kind("apps/v1", "replicasets", WORKER_SELECTOR)
OUR_PODS = Kind("v1", "pods", OPERATORS_PODS_SELECTOR)
MAKERS = (WORKER_DEPLOYMENTS, WORKER_REPLICA_SETS)  # of pods, in the order in which they must go


class LeftBehindError(Exception):
    """Not everything went in time; the message names what is left, and why where that is known."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is still there at one moment, as the API has it; `makers` that were told to go make no pods any more."""

    makers: tuple[tuple[Kind, Object], ...]
    pods: tuple[Object, ...]

    def names(self) -> list[str]:
        """`KINDS NAMESPACE/NAME` each."""
        return [_name(kind, item) for kind, item in (*self.makers, *((OUR_PODS, pod) for pod in self.pods))]


def stays(item: Object) -> bool:
    """Whether it has not been told to go."""
    return "deletionTimestamp" not in item["metadata"]


def pods_to_end(pods: Iterable[Object], grace_seconds: int = GRACE_SECONDS) -> dict[str, tuple[Object, int]]:
    """By path those that have longer than `grace_seconds`, or have not been told to go; with the seconds they get.

    No pod gets longer than it asks for itself.
    """
    found = {}
    for pod in pods:
        metadata, spec = pod["metadata"], pod.get("spec") or {}
        given = min(grace_seconds, spec.get("terminationGracePeriodSeconds", grace_seconds))
        if stays(pod) or metadata.get("deletionGracePeriodSeconds", 0) > given:
            found[OUR_PODS.path(metadata["namespace"], metadata["name"])] = (pod, given)
    return found


class Removal:
    """`run` once. Every step is made again at the next look, so that what appears in between goes too."""

    def __init__(self, client: Client, watched: Sequence[str], *, look_seconds: float = LOOK_SECONDS) -> None:
        """`watched`: the namespaces to look at; empty is all."""
        self._client = client
        self._places = tuple(watched) or ("",)
        self._look_seconds = look_seconds
        self._refusals: dict[str, str] = {}

    async def run(self, timeout_seconds: float) -> int:
        """How many objects there were.

        Raises:
            ClusterError: the API server lets us not even look.
            LeftBehindError: something is still there after `timeout_seconds`.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        ended: set[str] = set()
        while True:
            seen = await self._look(deadline)
            _say_new(set(seen.names()) - ended)
            ended.update(seen.names())
            if not seen.names():
                return len(ended)
            if loop.time() >= deadline:
                raise LeftBehindError(self._explain(seen, timeout_seconds))
            await self._end(seen)
            await asyncio.sleep(self._look_seconds)

    async def _look(self, deadline: float) -> Seen:
        """An API server that is away for a moment is asked again."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                makers = [(kind, item) for kind in MAKERS for item in await self._list(kind) if stays(item)]
                return Seen(tuple(makers), await self._list(OUR_PODS))
            except ClusterError as error:
                if not _is_passing(error) or loop.time() >= deadline:
                    raise
                _say(f"trying again: {error}")
            await asyncio.sleep(self._look_seconds)

    async def _list(self, kind: Kind) -> tuple[Object, ...]:
        query = {"labelSelector": kind.selector}
        pages = [page for place in self._places async for page in self._client.pages(kind.path(place), query)]
        return tuple(item for page in pages for item in page["items"])

    async def _end(self, seen: Seen) -> None:
        """First what would make pods anew."""
        for kind, item in seen.makers:
            path = kind.path(item["metadata"]["namespace"], item["metadata"]["name"])
            await self._delete(path, item, {"propagationPolicy": "Orphan"})
        for path, (pod, seconds) in pods_to_end(seen.pods).items():
            await self._delete(path, pod, {"gracePeriodSeconds": seconds})

    async def _delete(self, path: str, item: Object, options: Object) -> None:
        """What is refused is told, and does not keep the others from going."""
        name = "{namespace}/{name}".format_map(item["metadata"])
        try:
            await self._client.delete(path, {"apiVersion": "v1", "kind": "DeleteOptions", **options})
            self._refusals.pop(name, None)
        except ClusterError as error:
            if not (isinstance(error, ApiError) and error.is_missing):
                self._refusals[name] = str(error)

    def _explain(self, seen: Seen, timeout_seconds: float) -> str:
        names = seen.names()
        lines = [f"still there after {timeout_seconds:g} s: {', '.join(names[:_SHOWN])}"]
        lines += [f"and {len(names) - _SHOWN} more"] if len(names) > _SHOWN else []
        return "\n".join([*lines, *(f"{name}: {why}" for name, why in list(self._refusals.items())[:_SHOWN])])


async def is_installed(client: Client, namespace: str, deployment: str) -> bool:
    """Whether the operator's Deployment is there, and not on its way out. Raises ClusterError."""
    path = object_path("apps/v1", "deployments", namespace=namespace, name=deployment)
    try:
        return stays(await client.get(path))
    except ApiError as error:
        if error.is_missing:
            return False
        raise


def _is_passing(error: ClusterError) -> bool:
    return isinstance(error, UnreachableError) or (isinstance(error, ApiError) and error.is_passing)


def _name(kind: Kind, item: Object) -> str:
    return f"{kind.plural} {item['metadata']['namespace']}/{item['metadata']['name']}"


def _say_new(names: Iterable[str]) -> None:
    for name in sorted(names):
        _say(f"ending {name}")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


async def _main(namespace: str, deployment: str, *watched: str) -> str:
    async with await Client.connect() as client:
        if await is_installed(client, namespace, deployment):
            return f"Deployment {deployment} of namespace {namespace} is installed: nothing is removed"
        count = await Removal(client, watched).run(DEADLINE_SECONDS)
    return f"workers and their pods are gone: {count}" if count else "there were no workers"


if __name__ == "__main__":
    try:
        _say(asyncio.run(_main(*sys.argv[1:])))
    except (LeftBehindError, ClusterError) as error:
        sys.exit(str(error))
