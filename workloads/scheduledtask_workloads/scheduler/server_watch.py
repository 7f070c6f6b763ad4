"""Whether Redis is one that can be relied on, looked at from the start and again and again: servers are replaced."""

import asyncio
import logging

from scheduledtask_workloads.broker import endpoint_problem, login_problem
from scheduledtask_workloads.contract.redis_endpoint import RedisEndpoint
from scheduledtask_workloads.ledger import Ledger, LedgerUnreachable, server_problem

LOOK_SECONDS = 5.0
"""Between two looks: what a server that took over may be wrong in is told so late."""
TIMEOUT_SECONDS = 2.0

logger = logging.getLogger(__name__)


class ServerWatch:
    """`problem` is what a person must mend, empty when there is nothing; the scheduler goes on as well as it can."""

    def __init__(self, ledger: Ledger, endpoint: RedisEndpoint) -> None:
        self._ledger = ledger
        self._endpoint = endpoint
        self.problem = ""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            problem = await self._look()
            if problem and problem != self.problem:
                logger.error("Redis needs mending: %s", problem)
            elif self.problem and not problem:
                logger.info("Redis is as it should be")
            self.problem = problem
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> str:
        """Beside the breaker, since it is to be known too why nothing answers."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                server = await self._ledger.server()
        except TimeoutError:
            return self.problem
        except LedgerUnreachable as error:
            return login_problem(self._endpoint, error) or await asyncio.to_thread(endpoint_problem, self._endpoint)
        return server_problem(server)
