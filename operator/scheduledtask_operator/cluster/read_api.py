"""What the API server does not have, for those who may see it: the end of what a run printed.

It listens on the pod's own loopback, where the API server's port-forward ends; nothing of it crosses a network in the
clear.
"""

import asyncio
import logging
from collections.abc import Callable

from aiohttp import web

from scheduledtask_operator.cluster.access_reviews import AccessReviews
from scheduledtask_operator.cluster.errors import ClusterError
from scheduledtask_operator.cluster.output_book import OutputBook
from scheduledtask_workloads.contract import TaskKey

HOST = "127.0.0.1"
ASKED_AT_ONCE = 8  # each asks the API server twice or three times, beside the operator's own work
_OUTPUT = "/v1/namespaces/{namespace}/scheduledtasks/{name}/runs/{run}/output"
logger = logging.getLogger(__name__)


class ReadApi:
    """`async with`; answers as long as this replica leads, for only a leader is told of runs."""

    def __init__(self, port: int, *, reviews: AccessReviews, outputs: OutputBook, leads: Callable[[], bool]) -> None:
        """Port 0 is any that is free; see `port`."""
        self._asked_port = port
        self._reviews = reviews
        self._outputs = outputs
        self._leads = leads
        self._slots = asyncio.Semaphore(ASKED_AT_ONCE)
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        if self._runner is None:
            raise RuntimeError("it was not started")
        return int(self._runner.addresses[0][1])

    async def __aenter__(self) -> "ReadApi":
        """Raises OSError when the port is taken."""
        app = web.Application()
        app.router.add_get(_OUTPUT, self._output)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self._asked_port).start()
        logger.info("the read API listens", extra={"read_api_port": self.port})
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _output(self, request: web.Request) -> web.Response:
        """Whether there is such a run is told to those who may read it alone."""
        if not self._leads():
            return _refusal(503, "this replica does not lead; ask the one that the Lease names")
        key = TaskKey(request.match_info["namespace"], request.match_info["name"])
        refused = await self._refusal(request, key)
        if refused is not None:
            return refused
        kept = self._outputs.of(key, request.match_info["run"])
        if kept is None:
            return _refusal(404, "nothing that this run printed is kept: it has not ended, or ended too long ago")
        document = {"run": kept.run_id, "attempt": kept.attempt, "state": kept.state, "endedAt": kept.ended_at}
        return web.json_response({**document, "output": kept.text})

    async def _refusal(self, request: web.Request, key: TaskKey) -> web.Response | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return _refusal(401, "a bearer token is asked for")
        try:
            async with self._slots:
                return await self._judgement(token.strip(), key)
        except ClusterError as error:
            logger.warning("the API server did not judge who asks for a run's output: %s", error)
            return _refusal(503, "the API server does not judge whose token it is; the operator's log has why")

    async def _judgement(self, token: str, key: TaskKey) -> web.Response | None:
        asker = await self._reviews.asker(token)
        if asker is None:
            return _refusal(401, "the token is nobody's, or has expired")
        if not await self._reviews.may_read_log(asker, key):
            return _refusal(403, f"{asker.name} may not get scheduledtasks/log {key.name} in namespace {key.namespace}")
        return None


def _refusal(status: int, message: str) -> web.Response:
    return web.json_response({"message": message}, status=status)
