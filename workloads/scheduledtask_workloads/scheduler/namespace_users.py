"""The Redis users of the namespaces' workers: made when they are told, and anew on each server that is another one."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from itertools import islice
from typing import Any, TypeVar

from scheduledtask_workloads.contract.messages import NamespaceUser, NamespaceUserReady, NamespaceUserRemoved
from scheduledtask_workloads.contract.model import Message
from scheduledtask_workloads.ledger import Ledger, LedgerUnreachable, Server
from scheduledtask_workloads.scheduler.breaker import BACKGROUND_SECONDS, Breaker
from scheduledtask_workloads.scheduler.replica_users import ReplicaUsers

LOOK_SECONDS = 1.0
"""Between two looks at which server it is: so long workers may be refused after a restart."""
AGAIN_SECONDS = 10.0
"""Until what was refused is asked for again: somebody may have changed the server's rules."""
BATCH = 100

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


class NamespaceUsers:
    """`tell` reaches the control plane."""

    def __init__(
        self,
        ledger: Ledger,
        breaker: Breaker,
        replicas: ReplicaUsers,
        tell: Callable[[Iterable[Message]], None],
    ) -> None:
        self._ledger = ledger
        self._replicas = replicas
        self._breaker = breaker
        self._tell = tell
        self._users: dict[str, NamespaceUser] = {}
        self._wanted: dict[str, NamespaceUser] = {}
        self._removed: dict[str, None] = {}
        self._gone: set[str] = set()
        self._revision = 0
        self._refused_at: dict[str, float] = {}
        self._run_id = ""
        self._wake = asyncio.Event()

    def put(self, user: NamespaceUser) -> None:
        """Make it, or bring it up to date; answered by NamespaceUserReady."""
        self._users[user.user] = self._wanted[user.user] = user
        self._removed.pop(user.user, None)
        self._gone.discard(user.user)
        self._change()

    def remove(self, message: NamespaceUserRemoved) -> None:
        self._forget(message.user)
        self._removed[message.user] = None
        self._gone.add(message.user)
        self._change()

    def _change(self) -> None:
        self._revision += 1
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                self._ask_again(asyncio.get_running_loop().time())
            self._wake.clear()
            if self._users or self._gone:
                with suppress(LedgerUnreachable):
                    await self._bring_up_to_date()
                await self._replicas.bring_up_to_date(list(self._users.values()), frozenset(self._gone), self._revision)

    async def _bring_up_to_date(self) -> None:
        server = await self._ask(self._ledger.server())
        if server.run_id != self._run_id:
            self._wanted, self._removed = dict(self._users), dict.fromkeys(self._gone)
        if not (self._wanted or self._removed):
            return
        self._run_id = ""
        await self._let_in(server)
        await self._shut_out()
        after = await self._ask(self._ledger.server())
        if after.run_id == server.run_id:  # else what was said may have reached either
            self._run_id = server.run_id

    async def _let_in(self, server: Server) -> None:
        while self._wanted:
            batch = list(islice(self._wanted.values(), BATCH))
            problems = await self._ask(self._ledger.let_in(batch, server.version))
            for user, problem in zip(batch, problems, strict=True):
                self._answer(user, problem)

    async def _shut_out(self) -> None:
        while self._removed:
            user_name = next(iter(self._removed))
            if problem := await self._ask(self._ledger.shut_out(user_name)):
                logger.warning("a Redis user is left behind", extra={"user": user_name, "error": problem})
            self._removed.pop(user_name, None)

    def _answer(self, user: NamespaceUser, problem: str) -> None:
        if self._wanted.get(user.user) is not user:
            return  # told otherwise meanwhile
        del self._wanted[user.user]
        if problem:
            self._refused_at[user.user] = asyncio.get_running_loop().time()
            logger.warning("no Redis user for the workers", extra={"namespace": user.namespace, "error": problem})
        else:
            self._refused_at.pop(user.user, None)
        self._tell([NamespaceUserReady(namespace=user.namespace, user=user.user, problem=problem)])

    def _ask_again(self, now: float) -> None:
        for name, at in self._refused_at.items():
            if now - at >= AGAIN_SECONDS:
                self._wanted[name] = self._users[name]

    def _forget(self, name: str) -> None:
        for known in (self._users, self._wanted, self._refused_at):
            known.pop(name, None)

    async def _ask(self, asked: Coroutine[Any, Any, Answer]) -> Answer:
        return await self._breaker.call(asked, BACKGROUND_SECONDS)
