"""The border to redis.asyncio: scripts by name, its exceptions turned into this room's."""

from collections.abc import Awaitable, Sequence
from typing import Any

import redis.asyncio
from redis.commands.core import AsyncScript

from scheduledtask_workloads.ledger.errors import EpochMissing, FencedOut, LedgerUnreachable
from scheduledtask_workloads.ledger.scripts import script_text
from scheduledtask_workloads.ledger.wire import Argument


class AsyncServer:
    """One Redis server, asked through a client that the caller made and closes."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self.client = client
        self._scripts: dict[str, AsyncScript] = {}

    async def run(self, name: str, arguments: Sequence[Argument]) -> Any:
        """The answer of `name`.lua. Raises LedgerUnreachable."""
        script = self._scripts.get(name)
        if script is None:
            script = self._scripts[name] = self.client.register_script(script_text(name))
        return await self.ask(script(args=arguments))

    async def run_as_leader(self, name: str, fence: int, arguments: Sequence[Argument]) -> Any:
        """The same for a script that checks the fence. Raises FencedOut and EpochMissing too."""
        answer = await self.run(name, (fence, *arguments))
        if answer in (b"F", "F"):
            raise FencedOut(fence)
        if answer in (b"E", "E"):
            raise EpochMissing
        return answer

    async def ask(self, call: Awaitable[Any]) -> Any:
        try:
            return await call
        except (redis.RedisError, OSError) as error:
            raise LedgerUnreachable(f"the ledger in Redis did not answer: {error}") from error
