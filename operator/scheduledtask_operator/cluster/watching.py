"""Watches, by kopf. It runs in a thread of its own: at its end, whatever its cause, it cancels every task of its loop,
and its work on each event takes nothing from the loop that grants.

What an event says is prepared in that thread and told in the caller's loop. kopf keeps nothing on the objects: neither
finalizers nor annotations nor Events; it takes no part in the election.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import kopf
from kubernetes.aio.client import Configuration

from scheduledtask_operator.cluster.client import Object
from scheduledtask_operator.cluster.kinds import Kind
from scheduledtask_operator.cluster.watched import Watched

RESTART_SECONDS = 2.0
STOP_SECONDS = 5.0
SERVER_TIMEOUT_SECONDS = 300.0  # a watch is opened anew by then, as by other clients
CLIENT_TIMEOUT_SECONDS = 330.0  # a connection that died silently
CONNECT_TIMEOUT_SECONDS = 5.0
REQUEST_TIMEOUT_SECONDS = 30.0
IDLE_SECONDS = 0.05  # kopf holds a task and the object for each event until then; by default five seconds
FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 0.5, 8.0
logger = logging.getLogger(__name__)


class EndlessBackoff:
    """Seconds between tries; kopf ends itself when they come to an end."""

    def __iter__(self) -> Iterator[float]:
        seconds = FIRST_BACKOFF_SECONDS
        while True:
            yield seconds
            seconds = min(2 * seconds, LONGEST_BACKOFF_SECONDS)


class KopfWatch:
    """`start`, then `stop`. `listed` is called for every item of a listing: the watch has begun anew."""

    def __init__(
        self,
        configuration: Configuration,
        watched: Sequence[Watched[Any]],
        *,
        namespaces: Sequence[str],
        listed: Callable[[Kind], None],
    ) -> None:
        """`namespaces` empty: all of them. With some, what lies in none is not watched: the rights may be missing."""
        self._configuration = configuration
        self._watched = [each for each in watched if each.kind.namespaced or not namespaces]
        self._namespaces = namespaces
        self._listed = listed
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._own_loop: asyncio.AbstractEventLoop | None = None
        self._own_stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    @property
    def has_ended(self) -> bool:
        return self._thread is not None and not self._thread.is_alive()

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def begin_anew(self) -> None:
        """kopf finds kinds that are served only when it begins."""
        if self._own_loop is not None and self._own_stop is not None:
            with contextlib.suppress(RuntimeError):  # it ended by itself just now
                self._own_loop.call_soon_threadsafe(self._own_stop.set)

    async def stop(self) -> None:
        """Returns soon, also when kopf does not."""
        self._stopping.set()
        self.begin_anew()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, STOP_SECONDS)

    def _run(self) -> None:
        """Again and again: a watch that failed for good is a reason to begin anew, not to end the program."""
        while not self._stopping.is_set():
            try:
                asyncio.run(self._watch())
            except Exception:
                logger.exception("the watch ended, again in %g s", RESTART_SECONDS)
            except asyncio.CancelledError:  # kopf's way to end after a failure that it has logged
                logger.error("the watch was cancelled, again in %g s", RESTART_SECONDS)  # noqa: TRY400
            self._stopping.wait(RESTART_SECONDS)

    async def _watch(self) -> None:
        self._own_loop, self._own_stop = asyncio.get_running_loop(), asyncio.Event()
        if self._stopping.is_set():
            return
        await kopf.operator(
            registry=self._registry(),
            settings=self._settings(),
            standalone=True,
            clusterwide=not self._namespaces,
            namespaces=list(self._namespaces),
            stop_flag=self._own_stop,
        )

    def _registry(self) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry, id="login")(self._log_in)
        for watched in self._watched:
            kind = watched.kind
            handler = partial(self._event, watched)
            kopf.on.event(kind.group, kind.version, kind.plural, registry=registry, id=kind.plural)(handler)
        return registry

    def _settings(self) -> kopf.OperatorSettings:
        settings = kopf.OperatorSettings()
        settings.posting.enabled = False
        settings.scanning.disabled = True
        settings.process.ultimate_exiting_timeout = None
        settings.networking.error_backoffs = EndlessBackoff()
        settings.networking.request_timeout = REQUEST_TIMEOUT_SECONDS
        settings.networking.connect_timeout = CONNECT_TIMEOUT_SECONDS
        settings.watching.server_timeout = int(SERVER_TIMEOUT_SECONDS)
        settings.watching.client_timeout = CLIENT_TIMEOUT_SECONDS
        settings.watching.chunk_size = 500
        settings.queueing.idle_timeout = IDLE_SECONDS
        settings.queueing.exit_timeout = 0.5
        for watched in self._watched:
            if watched.kind.selector:
                settings.watching.label_selectors[watched.kind.group, watched.kind.version, watched.kind.plural] = (
                    watched.kind.selector
                )
        return settings

    async def _log_in(self, **_: object) -> kopf.ConnectionInfo:
        """By the same credentials as the client's; again when they were refused: tokens are renewed on the disk."""
        configuration = self._configuration
        token = await configuration.get_api_key_with_prefix("BearerToken")
        scheme, space, value = (token or "").rpartition(" ")
        return kopf.ConnectionInfo(
            server=configuration.host,
            ca_path=configuration.ssl_ca_cert,
            insecure=not configuration.verify_ssl,
            certificate_path=configuration.cert_file,
            private_key_path=configuration.key_file,
            proxy_url=configuration.proxy,
            scheme=scheme.capitalize() if space else None,
            token=value or None,
        )

    async def _event(self, watched: Watched[Any], event: dict[str, Any], **_: object) -> None:
        item: Object = event["object"]
        if event["type"] is None:
            self._tell(self._listed, watched.kind)
        if event["type"] == "DELETED":
            self._tell(watched.tell_gone, item)
        elif watched.is_news(item):
            self._tell(watched.tell, item, watched.prepare(item))

    def _tell(self, function: Callable[..., None], *arguments: object) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(function, *arguments)
