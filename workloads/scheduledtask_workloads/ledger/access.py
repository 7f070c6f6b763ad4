"""Who else may use the server: a Redis user a namespace, held to its keys and to what its workers need.

ACL users do not replicate, and without an aclfile they do not survive a restart of the server: whoever keeps them has
to ask again whenever `server` answers otherwise.
"""

from collections.abc import Sequence

import redis
import redis.asyncio

from scheduledtask_workloads.contract.keys import EPOCH_KEY, NamespaceKeys
from scheduledtask_workloads.contract.messages import NamespaceUser
from scheduledtask_workloads.ledger.asking import AsyncServer
from scheduledtask_workloads.ledger.server import Server, read_server

READ_ONLY_KEYS_SINCE = (7, 0)  # %R~, and rules about subcommands

_COMMANDS = (
    "+@all",
    "-@admin",
    "-@dangerous",
    "+info",  # the run_id that the epoch is compared with; no other part of it names keys
    *("-scan", "-randomkey", "-dbsize", "-pubsub"),  # these tell of other namespaces' keys and channels
)
_COMMANDS_NOW = (*_COMMANDS, "-function", "-fcall", "-fcall_ro", "-script|flush", "-script|kill", "-client|tracking")
_COMMANDS_BEFORE = (
    *(*_COMMANDS, "-script", "+script|load", "+script|exists"),
    # what redis-py's connections begin with; such a server does not know it, and would log it as denied
    *("+client|setinfo", "+client|maint_notifications"),
)


class LedgerAccess:
    """Raises LedgerUnreachable when Redis does not answer; a refusal is an answer."""

    def __init__(self, server: AsyncServer) -> None:
        self._server = server

    async def server(self) -> Server:
        pipeline = self._server.client.pipeline(transaction=False)
        for section in ("server", "memory"):
            pipeline.info(section)
        return read_server(*await self._server.ask(pipeline.execute()))

    async def let_in(self, users: Sequence[NamespaceUser], version: tuple[int, ...]) -> list[str]:
        """Make these users, or bring them to what they are to be. Of each: why it could not be, or nothing.

        One round trip.
        """
        pipeline = self._server.client.pipeline(transaction=False)
        for user in users:
            pipeline.execute_command("ACL", "SETUSER", user.user, *rules_of(user, version))
        answers = await self._server.ask(pipeline.execute(raise_on_error=False))
        return [_problem(answer) for answer in answers]

    async def shut_out(self, user: str) -> str:
        """End the user and its connections; why that could not be, or nothing."""
        pipeline = self._server.client.pipeline(transaction=False)
        pipeline.execute_command("ACL", "DELUSER", user)
        (answer,) = await self._server.ask(pipeline.execute(raise_on_error=False))
        return _problem(answer)


def access_of(client: redis.asyncio.Redis) -> LedgerAccess:
    """Of one server, whether or not it holds the ledger; the caller closes the client."""
    return LedgerAccess(AsyncServer(client))


def rules_of(user: NamespaceUser, version: tuple[int, ...]) -> list[str]:
    """The whole of ACL SETUSER's rules; what held before does not count.

    Of the keys outside of the namespace's prefix only the epoch can be read. Before Redis 7 it can be written too, by
    which a namespace could hold up the others' workers until the leader notices.
    """
    prefix = NamespaceKeys(user.namespace).prefix
    now = version >= READ_ONLY_KEYS_SINCE
    epoch = f"%R~{EPOCH_KEY}" if now else f"~{EPOCH_KEY}"
    commands = _COMMANDS_NOW if now else _COMMANDS_BEFORE
    login = (
        "reset",
        "resetchannels",
        "on",
        f"#{user.password_sha256.lower()}",
    )  # before 7, `reset` allows all channels
    return [*login, f"~{prefix}*", epoch, f"&{prefix}*", *commands]


def _problem(answer: object) -> str:
    if not isinstance(answer, redis.RedisError):
        return ""
    return f"Redis refused ACL SETUSER ({answer}): let the scheduler's own user run ACL, or give the workers a user"
