"""Reading the ledger; nothing here changes it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scheduledtask_workloads.contract import AttemptRef, RunRecord, TaskKey
from scheduledtask_workloads.contract.keys import NAMESPACES_KEY, NamespaceKeys
from scheduledtask_workloads.contract.messages import SlotsSkipped
from scheduledtask_workloads.ledger.asking import AsyncServer
from scheduledtask_workloads.ledger.values import FeedEntry, OpenRun
from scheduledtask_workloads.ledger.wire import rows, text

FEED_START = "0"  # the oldest entry that the feed still has
FEED_BATCH = 1000  # entries of a namespace that one reading returns at most
_HISTORY_BATCH = 500  # lists read a round trip


class LedgerReading:
    """The questions to the ledger. Every method raises LedgerUnreachable when Redis does not answer."""

    def __init__(self, server: AsyncServer) -> None:
        self._server = server

    async def namespaces(self) -> set[str]:
        """Every namespace that ever had a run here: those to sweep and to read the feed of."""
        client = self._server.client
        return {text(name) for name in await self._server.ask(client.smembers(NAMESPACES_KEY))}

    async def watermarks(self, keys: Iterable[TaskKey]) -> dict[TaskKey, int | None]:
        """The newest decided slot of each task, Unix seconds. One round trip a namespace."""
        by_namespace: defaultdict[str, list[TaskKey]] = defaultdict(list)
        for key in keys:
            by_namespace[key.namespace].append(key)
        found: dict[TaskKey, int | None] = {}
        for namespace, members in by_namespace.items():
            call = self._server.client.hmget(NamespaceKeys(namespace).tasks, [key.name for key in members])
            slots = await self._server.ask(call)
            found |= {key: _watermark(slot) for key, slot in zip(members, slots, strict=True)}
        return found

    async def history(self, keys: Sequence[TaskKey]) -> dict[TaskKey, list[RunRecord]]:
        """The latest final records of each task, newest first. One round trip for every 500 tasks."""
        found: dict[TaskKey, list[RunRecord]] = {}
        for start in range(0, len(keys), _HISTORY_BATCH):
            batch = keys[start : start + _HISTORY_BATCH]
            pipeline = self._server.client.pipeline(transaction=False)
            for key in batch:
                pipeline.lrange(NamespaceKeys(key.namespace).history(key.name), 0, -1)
            lists = await self._server.ask(pipeline.execute())
            for key, records in zip(batch, lists, strict=True):
                found[key] = [RunRecord.model_validate_json(record) for record in records]
        return found

    async def open_runs(self, key: TaskKey) -> list[OpenRun]:
        """The task's runs that have not ended, in the order of their admission."""
        found = await self._server.run("open_runs", (NamespaceKeys(key.namespace).prefix, key.name))
        return [_open_run(key, *row) for row in rows(found, 3)]

    async def runs_in_flight(self, namespace: str, cursor: int, count: int) -> tuple[int, list[RunRecord]]:
        """A part of the namespace's open runs, about `count`, and the cursor of the next part; 0 begins and ends.

        A run that is open all the time is in some part; one may be in two.
        """
        following, *found = await self._server.run("in_flight", (NamespaceKeys(namespace).prefix, cursor, count))
        return int(following), [RunRecord.model_validate_json(record) for record in found]

    async def records(self, runs: Sequence[tuple[TaskKey, str]]) -> list[RunRecord | None]:
        """What is known of each run (task, run id), open or ended; None: nothing, or nothing any more."""
        arguments: list[str] = []
        for key, run_id in runs:
            arguments += (NamespaceKeys(key.namespace).prefix, key.name, run_id)
        found = await self._server.run("records", arguments)
        return [RunRecord.model_validate_json(record) if record else None for record in found]

    async def task_keys(self) -> list[TaskKey]:
        """Every task that the ledger knows. One round trip a namespace."""
        found: list[TaskKey] = []
        for namespace in await self.namespaces():
            names = await self._server.ask(self._server.client.hkeys(NamespaceKeys(namespace).tasks))
            found += [TaskKey(namespace, text(name)) for name in names]
        return found

    async def tasks_with_open_runs(self) -> list[TaskKey]:
        """Whose `open_runs` are worth asking for. One round trip a namespace."""
        found: list[TaskKey] = []
        for namespace in await self.namespaces():
            tasks = await self._server.ask(self._server.client.hgetall(NamespaceKeys(namespace).tasks))
            found += [TaskKey(namespace, text(name)) for name, task in tasks.items() if len(task.split()) > 1]
        return found

    async def read_feed(self, last_ids: Mapping[str, str]) -> list[FeedEntry]:
        """What changed in these namespaces (name → id of the last entry read, or FEED_START), at most 1,000 each.

        The feed keeps about 20,000 entries a namespace: a reader that falls further behind misses the oldest.
        """
        if not last_ids:
            return []
        namespaces = {NamespaceKeys(namespace).feed: namespace for namespace in last_ids}
        streams: dict[Any, Any] = {feed: last_ids[namespace] for feed, namespace in namespaces.items()}
        answer = await self._server.ask(self._server.client.xread(streams, count=FEED_BATCH))
        return [
            _feed_entry(namespaces[text(stream)], text(entry_id), fields)
            for stream, entries in _streams(answer)
            for entry_id, fields in entries
        ]


def _watermark(task: bytes | str | None) -> int | None:
    """`tasks` has the slot, -1 for none, before the open runs."""
    if task is None:
        return None
    slot = int(task.split(maxsplit=1)[0])
    return None if slot < 0 else slot


def _open_run(key: TaskKey, run_id: bytes, run: bytes, record: bytes) -> OpenRun:
    fields = json.loads(run)
    ref = AttemptRef(
        namespace=key.namespace,
        name=key.name,
        run_id=text(run_id),
        attempt=fields["attempt"],
        fence=fields["fence"],
    )
    parsed = RunRecord.model_validate_json(record)
    return OpenRun(ref, parsed, pool=fields["pool"], cancelled=fields.get("cancelled", False))


def _streams(answer: Any) -> Iterable[tuple[Any, Any]]:
    """redis-py answers a list of pairs, or under RESP3 a mapping to lists of batches."""
    if isinstance(answer, dict):
        return [(stream, entry) for stream, batches in answer.items() for entry in batches]
    return list(answer or ())


def _feed_entry(namespace: str, entry_id: str, fields: Mapping[Any, Any]) -> FeedEntry:
    ((kind, value),) = fields.items()
    model = RunRecord if text(kind) == "record" else SlotsSkipped
    return FeedEntry(namespace, entry_id, model.model_validate_json(value))
