"""A server before the API server: it counts what is asked, refuses when told to, and can be away."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from time import monotonic

import aiohttp
from aiohttp import web
from kubernetes.aio import config as kubernetes_config
from kubernetes.aio.client import Configuration
from tests.cluster.cluster import Api

from scheduledtask_operator.cluster.client import Client
from scheduledtask_operator.local.embedded_server import held_port

HEADERS_KEPT = ("Accept", "Content-Type")


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    at: float


class ApiFront:
    """A context. `refuse(method, path)` gives the status to answer with in the API server's place, if any."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._held = ExitStack()
        self._port = self._held.enter_context(held_port())
        self._runner: web.AppRunner | None = None
        self.asked: list[Asked] = []
        self.refuse: Callable[[str, str], int | None] = lambda _method, _path: None

    async def __aenter__(self) -> "ApiFront":
        behind = Configuration()
        await kubernetes_config.load_kube_config(
            config_file=str(self._api.kubeconfig), context=self._api.context, client_configuration=behind
        )
        tls = ssl.create_default_context(cafile=behind.ssl_ca_cert)
        if behind.cert_file:
            tls.load_cert_chain(behind.cert_file, behind.key_file)
        token = await behind.get_api_key_with_prefix("BearerToken")
        self._host = behind.host
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=tls, limit=64), headers={"Authorization": token} if token else {}
        )
        await self.come_back()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.go_away()
        await self._session.close()
        self._held.close()

    def client(self) -> Client:
        configuration = Configuration(host=f"http://127.0.0.1:{self._port}", connection_pool_maxsize=32)
        return Client(configuration)

    @property
    def is_away(self) -> bool:
        return self._runner is None

    async def go_away(self) -> None:
        """Connections are refused, open ones end."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def come_back(self) -> None:
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", self._forward)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()

    def count(self, method: str, part: str = "") -> int:
        return sum(asked.method == method and part in asked.path for asked in self.asked)

    async def _forward(self, request: web.Request) -> web.Response:
        self.asked.append(Asked(request.method, request.path, monotonic()))
        refused = self.refuse(request.method, request.path)
        if refused is not None:
            body = {"kind": "Status", "status": "Failure", "message": "refused by the test", "reason": "Refused"}
            return web.json_response(body, status=refused)
        headers = {name: request.headers[name] for name in HEADERS_KEPT if name in request.headers}
        async with self._session.request(
            request.method, self._host + request.path_qs, data=await request.read(), headers=headers
        ) as answer:
            return web.Response(
                status=answer.status, body=await answer.read(), content_type="application/json", charset="utf-8"
            )


async def until(condition: Callable[[], bool], what: str, timeout_seconds: float = 60.0) -> None:
    """Raises AssertionError when it has not come true in time."""
    deadline = monotonic() + timeout_seconds
    while not condition():
        assert monotonic() < deadline, f"not within {timeout_seconds:g} s: {what}"
        await asyncio.sleep(0.02)


async def cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
