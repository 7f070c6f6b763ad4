"""The control plane's end of socket A: what the scheduler is to hold, said anew after each connection."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from scheduledtask_workloads.contract import Job, TaskKey
from scheduledtask_workloads.contract.framing import LINE_LIMIT_BYTES, FramingError, encode, read_messages
from scheduledtask_workloads.contract.messages import (
    CancelRun,
    ControlHello,
    DrainWorkers,
    Grant,
    JobPut,
    JobRemoved,
    JobsComplete,
    NamespaceUser,
    NamespaceUserRemoved,
    RequestRun,
    SchedulerToControl,
    StopFiring,
    scheduler_to_control,
)
from scheduledtask_workloads.contract.model import Message
from scheduledtask_workloads.contract.secrets import SecretValue

FIRST_RETRY_SECONDS = 0.02  # a scheduler that was killed is back within a second
LONGEST_RETRY_SECONDS = 1.0
logger = logging.getLogger(__name__)


class SchedulerLink:
    """Holds the wanted jobs, the newest grant and whether firing has stopped; a new connection gets all of them."""

    def __init__(
        self,
        socket_path: Path,
        *,
        receive: Callable[[SchedulerToControl], None],
        connected: Callable[[bool], None],
    ) -> None:
        self._socket_path = socket_path
        self._receive = receive
        self._connected = connected
        self._jobs: dict[TaskKey, JobPut] = {}
        self._grant: Grant | None = None
        self._users: dict[str, NamespaceUser] = {}
        self._stopped_firing = False
        self._writer: asyncio.StreamWriter | None = None

    def job(self, key: TaskKey) -> Job | None:
        put = self._jobs.get(key)
        return put.job if put else None

    def put(self, job: Job, secrets: tuple[SecretValue, ...] = ()) -> None:
        """`secrets`: what the references of a light task's arguments stand for."""
        put = JobPut(job=job, secrets=secrets)
        if self._jobs.get(job.key) != put:
            self._jobs[job.key] = put
            self._send(put)

    def put_again(self, job: Job) -> None:
        """What is held under its key, changed, with the values that it has."""
        held = self._jobs.get(job.key)
        self.put(job, held.secrets if held else ())

    def put_secrets(self, key: TaskKey, secrets: tuple[SecretValue, ...]) -> None:
        """Of a job that is held, and stays as it is."""
        put = self._jobs.get(key)
        if put is not None:
            self.put(put.job, secrets)

    def remove(self, key: TaskKey) -> None:
        if self._jobs.pop(key, None) is not None:
            self._send(JobRemoved(namespace=key.namespace, name=key.name))

    def grant(self, grant: Grant) -> None:
        self._grant = grant
        self._send(grant)

    def put_user(self, user: NamespaceUser) -> None:
        if self._users.get(user.namespace) != user:
            self._users[user.namespace] = user
            self._send(user)

    def remove_user(self, namespace: str) -> None:
        user = self._users.pop(namespace, None)
        if user is not None:
            self._send(NamespaceUserRemoved(namespace=namespace, user=user.user))

    def ask(self, message: RequestRun | CancelRun | DrainWorkers) -> bool:
        """Once, and not again after a new connection: whoever asks asks again. Whether there is a connection."""
        self._send(message)
        return self._writer is not None

    def stop_firing(self) -> None:
        self._stopped_firing = True
        self._send(StopFiring())

    async def run(self) -> None:
        """Connect, and connect again, until cancelled. Start it when every job was put: it says that these are all."""
        retry_seconds = FIRST_RETRY_SECONDS
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self._socket_path, limit=LINE_LIMIT_BYTES)
            except OSError:
                await asyncio.sleep(retry_seconds)
                retry_seconds = min(2 * retry_seconds, LONGEST_RETRY_SECONDS)
                continue
            retry_seconds = FIRST_RETRY_SECONDS
            await self._converse(reader, writer)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answered = False  # a scheduler that was just killed may still accept, and say nothing
        try:
            self._introduce(writer)
            async for message in read_messages(reader, scheduler_to_control):
                if not answered:
                    answered = True
                    self._connected(True)
                self._receive(message)
        except (FramingError, ConnectionError) as error:
            logger.warning("the scheduler's connection ended: %s", error)
        finally:
            self._writer = None
            writer.close()
        if answered:
            self._connected(False)

    def _introduce(self, writer: asyncio.StreamWriter) -> None:
        """All in one write, so that nothing said later comes between."""
        messages: list[Message] = [ControlHello(), *self._users.values(), *self._jobs.values(), JobsComplete()]
        if self._stopped_firing:
            messages.append(StopFiring())
        if self._grant is not None:
            messages.append(self._grant)
        writer.write(encode(messages))
        self._writer = writer

    def _send(self, message: Message) -> None:
        if self._writer is not None:
            self._writer.write(encode([message]))
