"""The ways to a target. What one answers: acknowledged, refused (perhaps worth another try), or nobody knows."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

import aiohttp
import apprise
from apprise.result import AppriseResultStatus

from scheduledtask_workloads.tasks.notification.errors import TargetError
from scheduledtask_workloads.tasks.notification.journal import State
from scheduledtask_workloads.tasks.notification.messages import MessageText
from scheduledtask_workloads.tasks.notification.settings import Format, Target, Webhook

_ANSWER_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """`again_after_seconds`: the least wait that the target asks for; None: another try is of no use."""

    state: State
    message: str = ""
    again_after_seconds: float | None = None


class Channel(Protocol):
    async def send(self, message: MessageText, *, key: str, timeout_seconds: float) -> Answer:
        """`key` is the same in every try for the same message. Raises nothing but CancelledError."""
        ...


def channel_to(target: Target, format_: Format, session: aiohttp.ClientSession) -> Channel:
    """Nothing is sent yet. Raises TargetError."""
    if target.webhook is not None:
        return _WebhookChannel(target.webhook, session)
    return _ServiceChannel(_service(target), format_)


# --- services


def _service(target: Target) -> apprise.NotifyBase:
    """Apprise itself retries, and splits, where it is told to: an answer would be for several messages then."""
    asset = apprise.AppriseAsset(secure_logging=True, async_mode=False)
    service = apprise.Apprise.instantiate(target.url or "", asset=asset)
    if service is None:
        raise TargetError(
            f"target {target.name!r}: its url is of no service that Apprise knows, or lacks a part of it; "
            "https://github.com/caronc/apprise/wiki lists them"
        )
    if service.retry:
        raise TargetError(f"target {target.name!r}: its url has retry={service.retry}; write `retry` beside it instead")
    if len(service) > 1:
        raise TargetError(
            f"target {target.name!r}: its url names {len(service)} recipients; write a target for each, so that a "
            "retry leaves out those who have it"
        )
    if service.overflow_mode == apprise.OverflowMode.SPLIT:
        raise TargetError(
            f"target {target.name!r}: its url has overflow=split; write overflow=truncate, or leave it out"
        )
    service.request_rate_per_sec = 0.0  # how far tries are apart is ours to say, and a wait there counts as its time
    return service


class _ServiceChannel:
    def __init__(self, service: apprise.NotifyBase, format_: Format) -> None:
        self._service = service
        self._format = apprise.NotifyFormat(format_.value)

    async def send(self, message: MessageText, *, key: str, timeout_seconds: float) -> Answer:
        """In a thread: Apprise blocks. One that is given up goes on, so nobody knows what came of it."""
        return await asyncio.to_thread(self._send, message, timeout_seconds)

    def _send(self, message: MessageText, timeout_seconds: float) -> Answer:
        said: list[str] = []
        sender = apprise.Apprise(self._service)
        result = sender.notify(
            body=message.body,
            title=message.title,
            notify_type=apprise.NotifyType(message.kind.value),
            body_format=self._format,
            timeout=timeout_seconds,
            log_callback=lambda entry, _: said.append(str(entry.message)),
        )
        status = result.status
        if status is AppriseResultStatus.SUCCESS:
            return Answer(State.ACKNOWLEDGED)
        why = " ".join("; ".join(said).split())[:_ANSWER_SHOWN] or status.name.lower()
        if status is AppriseResultStatus.TIMEOUT:
            return Answer(State.UNKNOWN, f"no answer within {timeout_seconds:g} s", 0.0)
        return Answer(State.REFUSED, why, 0.0)


# --- webhooks


class _WebhookChannel:
    def __init__(self, webhook: Webhook, session: aiohttp.ClientSession) -> None:
        self._webhook = webhook
        self._session = session

    async def send(self, message: MessageText, *, key: str, timeout_seconds: float) -> Answer:
        headers = {"Idempotency-Key": key, **self._webhook.headers}
        try:
            async with self._session.request(
                self._webhook.method,
                self._webhook.url,
                json=message.payload,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout_seconds, sock_connect=timeout_seconds / 2),
            ) as response:
                return await self._judged(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return Answer(State.REFUSED, f"no connection: {error}", 0.0)
        except TimeoutError:
            return Answer(State.UNKNOWN, f"no answer within {timeout_seconds:g} s", 0.0)
        except aiohttp.InvalidURL:
            return Answer(State.REFUSED, "its url cannot be read")
        except (aiohttp.ClientError, OSError) as error:
            return Answer(State.UNKNOWN, f"the connection broke: {type(error).__name__}", 0.0)

    async def _judged(self, response: aiohttp.ClientResponse) -> Answer:
        if 200 <= response.status < 300:
            return Answer(State.ACKNOWLEDGED)
        text = (await response.content.read(_ANSWER_SHOWN)).decode(errors="replace")
        why = " ".join(f"HTTP {response.status} {text}".split())
        if response.status not in self._webhook.retry_statuses:
            return Answer(State.REFUSED, why)
        return Answer(State.REFUSED, why, _retry_after(response.headers.get("Retry-After", "")))


def _retry_after(header: str) -> float:
    """Seconds; a date, which servers seldom write, counts as none."""
    return float(header) if header.isdigit() else 0.0
