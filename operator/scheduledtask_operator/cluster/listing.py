"""Lists of our own beside the watch: the first fills the caches, later ones find what the watch did not tell."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from scheduledtask_operator.cluster.client import Client, Object
from scheduledtask_operator.cluster.errors import ApiError, ClusterError
from scheduledtask_operator.cluster.kinds import NAMESPACES, SCHEDULED_TASK_RUNS, SCHEDULED_TASKS, Kind
from scheduledtask_operator.cluster.watched import ObjectKey, Watched

TICK_SECONDS = 1.0
SETTLED_TICKS = 2  # a watch that begins anew lists in bursts; one list after the last of them
COUNT_TICKS = 30  # a list of one object tells how many there are
FULL_TICKS = 300  # where the server does not count: lists by label
NAMESPACE_TICKS = 5  # of single namespaces, which are not watched
LONGEST_RETRY_SECONDS = 10.0
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
OWN_KINDS = (SCHEDULED_TASKS, SCHEDULED_TASK_RUNS)
logger = logging.getLogger(__name__)


class Listing:
    """`list_all` once; then `run`, and `watch_began_anew` as the watch tells.

    `came_back` is called when a kind is served again that was not: a watch does not find it by itself.
    """

    def __init__(
        self,
        client: Client,
        watched: Sequence[Watched[Any]],
        *,
        namespaces: Sequence[str],
        came_back: Callable[[], None],
    ) -> None:
        """`namespaces` empty: all of them."""
        self._client = client
        self._watched = {each.kind: each for each in watched}
        self._namespaces = namespaces
        self._came_back = came_back
        self._due: dict[Kind, int] = {}  # in so many ticks
        self._missing: set[Kind] = set()
        self.is_complete = False

    def watch_began_anew(self, kind: Kind) -> None:
        self._due[kind] = SETTLED_TICKS

    async def list_all(self) -> None:
        """Everything, once; for as long as it takes."""
        for watched in self._watched.values():
            await self._list_in_the_end(watched)
        self.is_complete = True

    async def run(self) -> None:
        """Until cancelled."""
        ticks = 0
        while True:
            await asyncio.sleep(TICK_SECONDS)
            ticks += 1
            for kind, watched in self._watched.items():
                try:
                    await self._look_at(kind, watched, ticks)
                except ClusterError as error:
                    logger.warning("%s", explained(error, kind))
                    self._note_missing(error, kind)

    async def _look_at(self, kind: Kind, watched: Watched[Any], ticks: int) -> None:
        if await self._is_due(kind, watched, ticks):
            self._due.pop(kind, None)
            await self._list(watched)
            if kind in self._missing:
                self._missing.discard(kind)
                self._came_back()

    async def _is_due(self, kind: Kind, watched: Watched[Any], ticks: int) -> bool:
        if kind in self._due:
            self._due[kind] -= 1
            return self._due[kind] <= 0
        if self._is_polled(kind):
            return ticks % NAMESPACE_TICKS == 0
        if ticks % COUNT_TICKS:
            return False
        if kind in self._missing or kind.selector:
            return kind in self._missing or ticks % FULL_TICKS == 0
        return await self._count(kind) != len(watched)

    def _is_polled(self, kind: Kind) -> bool:
        """A right in single namespaces is enough to read each, not to watch them."""
        return kind == NAMESPACES and bool(self._namespaces)

    def _note_missing(self, error: ClusterError, kind: Kind) -> None:
        if isinstance(error, ApiError) and error.is_missing:
            self._missing.add(kind)

    async def _list_in_the_end(self, watched: Watched[Any]) -> None:
        retry_seconds = TICK_SECONDS
        while True:
            try:
                await self._list(watched)
            except ClusterError as error:
                logger.warning("%s; again in %g s", explained(error, watched.kind), retry_seconds)
            else:
                return
            await asyncio.sleep(retry_seconds)
            retry_seconds = min(2 * retry_seconds, LONGEST_RETRY_SECONDS)

    async def _list(self, watched: Watched[Any]) -> None:
        watched.begin_listing()
        listed: set[ObjectKey] = set()
        try:
            async for items in self._pages(watched.kind):
                news = await asyncio.to_thread(_prepare, watched, items)
                listed |= watched.list_page(news)
        except BaseException:
            watched.give_up_listing()
            raise
        vanished = watched.end_listing(listed)
        if vanished:
            logger.info("%d %s were gone without a word", len(vanished), watched.kind.full_name)

    async def _pages(self, kind: Kind) -> AsyncIterator[list[Object]]:
        if self._is_polled(kind):
            yield [item for name in self._namespaces async for item in self._single(kind, name)]
            return
        query = {"labelSelector": kind.selector} if kind.selector else {}
        for path in self._paths(kind):
            async for page in self._client.pages(path, query):
                yield page.get("items") or []

    async def _single(self, kind: Kind, name: str) -> AsyncIterator[Object]:
        try:
            yield await self._client.get(kind.path(name=name))
        except ApiError as error:
            if not error.is_missing:
                raise

    async def _count(self, kind: Kind) -> int:
        count = 0
        for path in self._paths(kind):
            page = await self._client.get(path, {"limit": 1}, accept=METADATA_ONLY)
            remaining = page.get("metadata", {}).get("remainingItemCount") or 0
            count += len(page.get("items") or []) + remaining
        return count

    def _paths(self, kind: Kind) -> list[str]:
        if kind.namespaced and self._namespaces:
            return [kind.path(namespace) for namespace in self._namespaces]
        return [kind.path()]


def _prepare(watched: Watched[Any], items: list[Object]) -> list[tuple[Object, Any]]:
    """What is known already needs no preparation: it is not told again."""
    return [(item, watched.prepare(item) if watched.is_news(item) else None) for item in items]


def explained(error: ClusterError, kind: Kind) -> str:
    """What a person can do about a list that was refused."""
    what = f"cannot list {kind.full_name}"
    if not isinstance(error, ApiError):
        return f"{what}: {error}; light tasks that are known go on"
    if error.is_missing and kind in OWN_KINDS:
        return f"{what}: the API server does not know them; kubectl apply -f crds/"
    if error.is_forbidden:
        return f"{what}: {error.message}; grant list and watch on it to the operator's service account"
    return f"{what}: {error}"
