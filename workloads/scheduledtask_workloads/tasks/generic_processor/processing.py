"""All items of a run: in the order of their priority, so many at once, each with its own retries."""

import asyncio
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp

from scheduledtask_workloads.catalog import RunContext, load_catalog
from scheduledtask_workloads.tasks.generic_processor.calls import call
from scheduledtask_workloads.tasks.generic_processor.commands import run_command
from scheduledtask_workloads.tasks.generic_processor.errors import ItemsFailedError
from scheduledtask_workloads.tasks.generic_processor.functions import call_function, task_names
from scheduledtask_workloads.tasks.generic_processor.gate import Gate
from scheduledtask_workloads.tasks.generic_processor.ledger import ItemLedger, ItemResult
from scheduledtask_workloads.tasks.generic_processor.settings import Item, Settings
from scheduledtask_workloads.tasks.generic_processor.tries import State, Try

RESULTS_FILE = "items.jsonl"
SHOWN_ITEMS = 40  # in the run's result, which may have 64 KiB; the file has all
SHOWN_CHARACTERS = 300
KEPT_CHARACTERS = 4096  # of an output, in the file
_LOOK_SECONDS = 0.1  # for a cancellation
_FAILED = frozenset({State.FAILED, State.TIMED_OUT})


@dataclass(frozen=True, slots=True)
class ProcessorResult:
    """`counts` by state; `earlier` of the succeeded were done by an earlier attempt. `items`: what failed comes first,
    at most 40; `file` has every try's end, outputs too.
    """

    counts: dict[str, int]
    earlier: int
    items: list[ItemResult]
    file: str | None


async def process(settings: Settings, context: RunContext) -> ProcessorResult:
    """Raises ProcessorError: ItemsFailedError when more items failed than are tolerated."""
    functions = task_names(settings.items, load_catalog()) if any(item.function for item in settings.items) else {}
    if settings.dry_run:
        return _shown(settings)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2 * settings.at_once))  # all may end at once
    path = context.artifacts / RESULTS_FILE
    with ExitStack() as stack:
        ledger = ItemLedger.open(path)
        stack.callback(ledger.close)
        async with aiohttp.ClientSession() as session:
            results = await _Processing(settings, context, ledger, session, functions).run()
    return _judged(settings, results, path, earlier=len(ledger.succeeded.keys() & {one.name for one in results}))


class _Processing:
    def __init__(
        self,
        settings: Settings,
        context: RunContext,
        ledger: ItemLedger,
        session: aiohttp.ClientSession,
        functions: Mapping[str, str],
    ) -> None:
        self._settings = settings
        self._context = context
        self._ledger = ledger
        self._session = session
        self._functions = functions
        self._gate = Gate(settings.at_once)
        self._ended = self._failed = 0

    async def run(self) -> list[ItemResult]:
        tasks = [asyncio.create_task(self._do(item)) for item in self._settings.items]
        watching = asyncio.create_task(self._watch(tasks))
        try:
            return await asyncio.gather(*tasks)
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _watch(self, tasks: list[asyncio.Task[ItemResult]]) -> None:
        """A cancelled run ends its items, each with its processes."""
        while not self._context.cancelled():  # noqa: ASYNC110  a signal sets it
            await asyncio.sleep(_LOOK_SECONDS)
        for task in tasks:
            task.cancel()

    async def _do(self, item: Item) -> ItemResult:
        known = self._ledger.succeeded.get(item.name)
        if known is not None:
            self._tell(item, "done by an earlier attempt")
            return known
        began, tries, last = time.monotonic(), 0, Try(State.SKIPPED)
        try:
            tries, last = await self._tries(item)
        except asyncio.CancelledError:
            last = Try(State.INTERRUPTED, "the run was cancelled")
        result = self._result(item, tries, last, time.monotonic() - began)
        if last.state is not State.SKIPPED:
            await asyncio.to_thread(self._ledger.write, result)
        self._tell(item, f"{result.state}{f': {result.message}' if result.message else ''}")
        return result

    async def _tries(self, item: Item) -> tuple[int, Try]:
        retry = item.retry or self._settings.retry
        tries = 0
        while True:
            async with self._gate.place(item.priority):
                if self._has_stopped():
                    return tries, Try(State.SKIPPED, f"{self._failed} items have failed")
                tries += 1
                last = await self._once(item)
                is_final = not last.again or tries > retry.limit
                self._failed += is_final and last.state in _FAILED
            if is_final:
                return tries, last
            wait_seconds = min(retry.max_backoff, retry.backoff * 2.0 ** (tries - 1))
            self._context.logger.info("%s: %s; again in %.1f s", item.name, last.message, wait_seconds)
            await asyncio.sleep(wait_seconds)

    async def _once(self, item: Item) -> Try:
        retry = item.retry or self._settings.retry
        limit_seconds = item.timeout or self._settings.timeout
        if item.http is not None:
            key = f"{self._context.namespace}/{self._context.run_id}/{item.name}"
            return await call(item.http, self._session, key, retry, limit_seconds)
        folder = tempfile.mkdtemp(prefix="scheduledtask-item-")
        try:
            if item.function is not None:
                name = self._functions[item.name]
                return await call_function(item, name, folder, self._context, retry, limit_seconds)
            return await run_command(self._with_names(item), folder, retry, limit_seconds)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _with_names(self, item: Item) -> Item:
        names = {
            "SCHEDULEDTASK_NAMESPACE": self._context.namespace,
            "SCHEDULEDTASK_RUN_ID": self._context.run_id,
            "SCHEDULEDTASK_ITEM": item.name,
        }
        return item.model_copy(update={"environment": {**names, **item.environment}})

    def _has_stopped(self) -> bool:
        bound = self._settings.stop_after_failures
        return bound is not None and self._failed >= bound

    def _result(self, item: Item, tries: int, last: Try, seconds: float) -> ItemResult:
        """Masked before it is cut: half a Secret is not recognised."""
        masked = self._context.masked
        return ItemResult(
            name=item.name,
            state=last.state,
            tries=tries,
            attempt=self._context.attempt,
            seconds=round(seconds, 3),
            message=masked(last.message),
            exit_code=last.exit_code,
            status=last.status,
            result=masked(last.result),
            output=masked(last.output)[-KEPT_CHARACTERS:],
        )

    def _tell(self, item: Item, what: str) -> None:
        self._ended += 1
        self._context.progress(self._ended / len(self._settings.items), f"{item.name} {what}")


def _shown(settings: Settings) -> ProcessorResult:
    results = [ItemResult(item.name, State.SKIPPED, 0, 0, 0.0, "dry run") for item in settings.items]
    return ProcessorResult({State.SKIPPED: len(results)}, 0, results[:SHOWN_ITEMS], None)


def _judged(settings: Settings, results: list[ItemResult], path: Path, *, earlier: int) -> ProcessorResult:
    counts = dict(sorted(Counter(result.state for result in results).items()))
    failed = [result for result in results if result.state != State.SUCCEEDED]
    if len(failed) > settings.tolerate_failures:
        said = "; ".join(f"{one.name} {one.state}{f' ({one.message})' if one.message else ''}" for one in failed[:5])
        more = f"; and {len(failed) - 5} more" if len(failed) > 5 else ""
        raise ItemsFailedError(f"{len(failed)} of {len(results)} items did not succeed: {said}{more}; see {path}")
    shown = [_short(result) for result in sorted(results, key=lambda one: one.state == State.SUCCEEDED)[:SHOWN_ITEMS]]
    return ProcessorResult(counts, earlier, shown, str(path))


def _short(result: ItemResult) -> ItemResult:
    kept = result.result if len(str(result.result)) <= SHOWN_CHARACTERS else None
    return replace(
        result, result=kept, output=result.output[-SHOWN_CHARACTERS:], message=result.message[:SHOWN_CHARACTERS]
    )
