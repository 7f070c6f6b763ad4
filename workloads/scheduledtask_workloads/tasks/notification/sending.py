"""All targets, so many at once, each with its own retries; what is known of each is written down at every step."""

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp

from scheduledtask_workloads.catalog import RunContext
from scheduledtask_workloads.tasks.notification.channels import Answer, Channel, channel_to
from scheduledtask_workloads.tasks.notification.errors import NotDeliveredError
from scheduledtask_workloads.tasks.notification.journal import Journal, State
from scheduledtask_workloads.tasks.notification.messages import MessageText, messages
from scheduledtask_workloads.tasks.notification.settings import Settings, Target

JOURNAL_FILE = "notification.jsonl"
_LOOK_SECONDS = 0.2  # for a cancellation


@dataclass(frozen=True, slots=True)
class TargetResult:
    """`state`: acknowledged, refused, unknown, or not-tried. `tries` of this attempt; 0 with acknowledged: earlier."""

    name: str
    state: str
    tries: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class NotificationResult:
    """`earlier` of the acknowledged had it from an earlier attempt of this run."""

    acknowledged: int
    earlier: int
    dry_run: bool
    targets: list[TargetResult]


async def notify(settings: Settings, context: RunContext) -> NotificationResult:
    """Raises NotificationError: NotDeliveredError when any target has not acknowledged at the end."""
    texts = messages(settings, context)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2 * settings.at_once))
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        channels = {target.name: channel_to(target, settings.format, session) for target in settings.targets}
        if settings.dry_run:
            return _shown(settings, texts, context)
        journal = Journal.open(context.artifacts / JOURNAL_FILE)
        stack.callback(journal.close)
        results = await _Sending(settings, context, journal, channels, texts).run()
    return _judged(results)


class _Sending:
    def __init__(
        self,
        settings: Settings,
        context: RunContext,
        journal: Journal,
        channels: Mapping[str, Channel],
        texts: Mapping[str, MessageText],
    ) -> None:
        self._settings = settings
        self._context = context
        self._journal = journal
        self._channels = channels
        self._texts = texts
        self._places = asyncio.Semaphore(settings.at_once)
        self._pace = _Pace(settings.targets)
        self._ended = 0

    async def run(self) -> list[TargetResult]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._reach(target)) for target in self._settings.targets]
        return [task.result() for task in tasks]

    async def _reach(self, target: Target) -> TargetResult:
        result = await self._reach_or_leave(target)
        self._ended += 1
        said = f": {result.message}" if result.message else ""
        self._context.progress(self._ended / len(self._settings.targets), f"{target.name} {result.state}{said}")
        return result

    async def _reach_or_leave(self, target: Target) -> TargetResult:
        known = self._journal.state(target.name)
        if known is State.ACKNOWLEDGED:
            return TargetResult(target.name, known, 0, "by an earlier attempt")
        if known is State.UNKNOWN and not self._settings.resend_unknown:
            return TargetResult(target.name, known, 0, "an earlier attempt ended before it had an answer")
        return await self._try(target)

    async def _try(self, target: Target) -> TargetResult:
        retry = target.retry or self._settings.retry
        last = Answer(State.REFUSED)
        for tries in range(1, retry.limit + 2):
            await self._pace.turn(target, self._context)
            async with self._places:
                if self._context.cancelled():
                    return TargetResult(target.name, last.state if tries > 1 else "not-tried", tries - 1, "cancelled")
                last = await self._send(target)
            if not self._is_worth_another(last):
                break
            if tries <= retry.limit:
                wait_seconds = min(retry.max_backoff, retry.backoff * 2.0 ** (tries - 1))
                await _pause(max(wait_seconds, last.again_after_seconds or 0.0), self._context)
        return TargetResult(target.name, last.state, tries, last.message)

    async def _send(self, target: Target) -> Answer:
        """The intent is on the disk before, the answer after."""
        await asyncio.to_thread(self._journal.write, target.name, State.INTENT, at=time.time())
        answer = await self._channels[target.name].send(
            self._texts[target.name],
            key=f"{self._context.namespace}/{self._context.run_id}/{target.name}",
            timeout_seconds=self._settings.timeout,
        )
        await asyncio.to_thread(self._journal.write, target.name, answer.state, at=time.time())
        return answer

    def _is_worth_another(self, answer: Answer) -> bool:
        if answer.state is State.ACKNOWLEDGED or answer.again_after_seconds is None:
            return False
        return answer.state is State.REFUSED or self._settings.resend_unknown


class _Pace:
    """Targets of one group take turns, so far apart as the slowest of them asks for."""

    def __init__(self, targets: tuple[Target, ...]) -> None:
        self._apart_seconds: dict[str, float] = {}
        for target in targets:
            if target.rate_per_minute is not None:
                group = _group(target)
                self._apart_seconds[group] = max(self._apart_seconds.get(group, 0.0), 60.0 / target.rate_per_minute)
        self._next_at: dict[str, float] = {}

    async def turn(self, target: Target, context: RunContext) -> None:
        group = _group(target)
        apart_seconds = self._apart_seconds.get(group, 0.0)
        now = time.monotonic()
        at = max(now, self._next_at.get(group, now))
        self._next_at[group] = at + apart_seconds
        await _pause(at - now, context)


def _group(target: Target) -> str:
    return f"group {target.rate_group}" if target.rate_group is not None else f"target {target.name}"


async def _pause(seconds: float, context: RunContext) -> None:
    """Shorter, when the run is cancelled."""
    until = time.monotonic() + seconds
    while (left_seconds := until - time.monotonic()) > 0 and not context.cancelled():  # noqa: ASYNC110  a signal sets it
        await asyncio.sleep(min(left_seconds, _LOOK_SECONDS))


def _shown(settings: Settings, texts: Mapping[str, MessageText], context: RunContext) -> NotificationResult:
    for target in settings.targets:
        text = texts[target.name]
        context.logger.info("dry run: to %s: %s\n%s", target.name, text.title, text.body)
    results = [TargetResult(target.name, "not-tried", 0, "dry run") for target in settings.targets]
    return NotificationResult(0, 0, dry_run=True, targets=results)


def _judged(results: list[TargetResult]) -> NotificationResult:
    missing = [result for result in results if result.state != State.ACKNOWLEDGED]
    if missing:
        told = len(results) - len(missing)
        each = "; ".join(f"{one.name} {one.state}{f' ({one.message})' if one.message else ''}" for one in missing[:10])
        more = f"; and {len(missing) - 10} more" if len(missing) > 10 else ""
        raise NotDeliveredError(f"{told} of {len(results)} targets have it: {each}{more}")
    earlier = sum(1 for result in results if not result.tries)
    return NotificationResult(len(results), earlier, dry_run=False, targets=results)
