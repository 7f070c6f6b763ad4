"""The worker program: set up, consume until told to stop, drain."""

import logging
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import redis
from celery.worker import WorkController
from celery.worker import state as celery_state
from redis.backoff import NoBackoff
from redis.retry import Retry

from scheduledtask_workloads.broker import connect, endpoint_problem
from scheduledtask_workloads.contract.redis_endpoint import RedisEndpoint
from scheduledtask_workloads.ledger import WorkerLedger
from scheduledtask_workloads.worker.application import build_application
from scheduledtask_workloads.worker.consumer import Tick
from scheduledtask_workloads.worker.desk import Desk
from scheduledtask_workloads.worker.errors import RedisRefusedError
from scheduledtask_workloads.worker.presence import Presence
from scheduledtask_workloads.worker.settings import WorkerSettings
from scheduledtask_workloads.worker.ward import Ward
from scheduledtask_workloads.worker.warden import Warden

logger = logging.getLogger(__name__)

REDIS_TIMEOUT_SECONDS = 1.0


def run_worker(settings: WorkerSettings) -> int:
    """Consume until SIGTERM or SIGINT; then let running bodies end, report them, and return the exit code.

    A second signal, or SIGQUIT, interrupts the bodies: each is reported and gets another attempt elsewhere.
    Raises RedisRefusedError when Redis can't be used as it is given; one that is away is waited for.
    """
    if problem := endpoint_problem(settings.redis):
        raise RedisRefusedError(problem)
    ward = Ward()
    client = _client(settings.redis)
    ledger = WorkerLedger(client)
    presence = Presence(settings, ledger, ward)
    warden = Warden(settings, ledger, ward, presence, client)
    with tempfile.TemporaryDirectory(prefix="scheduledtask-worker-") as output_folder, _signals(warden):
        desk = Desk(settings, ledger, ward, Path(output_folder))
        worker = _controller(settings, desk, presence)
        warden.start()
        worker.start()
        desk.drain()
        warden.stop()
        presence.leave()
    logger.info("worker stopped", extra={"pool": settings.pool})
    return int(worker.exitcode or 0)


def _client(endpoint: RedisEndpoint) -> redis.Redis:
    """Asks twice in quick succession: a reply that was lost is not worth a second of the main loop."""
    return connect(
        endpoint,
        socket_timeout=REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), retries=1),
    )


def _controller(settings: WorkerSettings, desk: Desk, presence: Presence) -> Any:
    application = build_application(settings, desk)
    application.steps["consumer"].add(Tick)
    return WorkController(
        app=application,
        hostname=f"{settings.pool}@{settings.host}",
        queues=[settings.pool],
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        ready_callback=lambda _consumer: logger.info(
            "worker ready", extra={"namespace": settings.namespace, "pool": settings.pool, "pid": os.getpid()}
        ),
        desk=desk,
        presence=presence,
        heartbeat_file=settings.heartbeat_file,
    )


@contextmanager
def _signals(warden: Warden) -> Iterator[None]:
    """The first SIGTERM or SIGINT stops consuming; the second, and SIGQUIT, interrupt bodies too."""

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGQUIT or celery_state.should_stop is not None:
            warden.interrupting = True
        celery_state.should_stop = 0

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
    before = {number: signal.signal(number, on_signal) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
