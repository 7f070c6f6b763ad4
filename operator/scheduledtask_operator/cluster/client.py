"""The API server, asked with plain dicts. One connection pool; every call has a timeout and says what went wrong."""

import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Self

import aiohttp
from kubernetes.aio import config as kubernetes_config
from kubernetes.aio.client import ApiClient, Configuration

from scheduledtask_operator.cluster.errors import ApiError, NoAccessError, UnreachableError

FIELD_MANAGER = "scheduledtask"
TIMEOUT_SECONDS = 10.0  # an API server that is slower than that is in trouble, and the queue tries again
PAGE_LIMIT = 500  # objects; a page of them is some 2 MB
CONNECTIONS = 32

Object = dict[str, Any]
Measured = Callable[[str, str, float], None]
"""Told of each request: method, code (`<error>` where no answer came), seconds."""
Query = Mapping[str, str | int | bool]


async def load_configuration() -> Configuration:
    """The pod's service account, else KUBECONFIG (or ~/.kube/config), as kubectl has it. Raises NoAccessError."""
    configuration = Configuration(connection_pool_maxsize=CONNECTIONS)
    try:
        kubernetes_config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    except kubernetes_config.ConfigException:
        await _load_kubeconfig(configuration)
    return configuration


async def _load_kubeconfig(configuration: Configuration) -> None:
    try:
        await kubernetes_config.load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    except (kubernetes_config.ConfigException, OSError) as error:
        fix = "run in a pod with a service account, or set KUBECONFIG"
        raise NoAccessError(f"no API server to talk to: {error}; {fix}") from error


class Client:
    """`async with await Client.connect()`; raises UnreachableError and ApiError."""

    def __init__(self, configuration: Configuration) -> None:
        self._api = ApiClient(configuration)
        self._api.user_agent = "scheduledtask-operator"
        self.configuration = configuration
        self.measured: Measured = lambda method, code, seconds: None

    @classmethod
    async def connect(cls) -> Self:
        """Raises NoAccessError. Nothing is asked of the server yet."""
        return cls(await load_configuration())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._api.close()  # type: ignore[no-untyped-call]

    async def get(self, path: str, query: Query | None = None, *, accept: str = "application/json") -> Object:
        answer: Object = json.loads(await self._request("GET", path, query, accept=accept))
        return answer

    async def text(self, path: str, query: Query | None = None) -> str:
        """Of a resource that is none of JSON, such as a pod's log."""
        return (await self._request("GET", path, query, accept="*/*")).decode(errors="replace")

    async def pages(self, path: str, query: Query | None = None, *, limit: int = PAGE_LIMIT) -> AsyncIterator[Object]:
        """A list of one moment, in parts that are small enough to be held. ApiError 410 when it took too long."""
        token = ""
        while True:
            page = await self.get(path, {**(query or {}), "limit": limit, **({"continue": token} if token else {})})
            yield page
            token = page.get("metadata", {}).get("continue") or ""
            if not token:
                return

    async def create(self, path: str, body: Object) -> Object:
        return await self._json("POST", path, {"fieldManager": FIELD_MANAGER}, body)

    async def apply(self, path: str, body: Object, *, manager: str = FIELD_MANAGER) -> Object:
        """Server-side, by force: what we own of it, we own alone."""
        query = {"fieldManager": manager, "force": "true"}
        return await self._json("PATCH", path, query, body, content="application/apply-patch+yaml")

    async def merge(self, path: str, body: Object) -> Object:
        """A JSON merge patch: null removes a field."""
        query = {"fieldManager": FIELD_MANAGER}
        return await self._json("PATCH", path, query, body, content="application/merge-patch+json")

    async def patch(self, path: str, operations: list[Object]) -> Object:
        """A JSON patch: all of its operations or, when one of its tests fails, none of them."""
        query = {"fieldManager": FIELD_MANAGER}
        return await self._json("PATCH", path, query, operations, content="application/json-patch+json")

    async def replace(self, path: str, body: Object) -> Object:
        return await self._json("PUT", path, {"fieldManager": FIELD_MANAGER}, body)

    async def delete(self, path: str, body: Object | None = None) -> Object:
        """`body` may hold DeleteOptions."""
        return await self._json("DELETE", path, None, body)

    async def _json(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: Object | list[Object] | None = None,
        content: str = "application/json",
    ) -> Object:
        answer: Object = json.loads(await self._request(method, path, query, body, content=content))
        return answer

    async def _request(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: Object | list[Object] | None = None,
        *,
        content: str = "application/json",
        accept: str = "application/json",
    ) -> bytes:
        headers = {"Accept": accept, "Content-Type": content}
        parameters = [(name, _text(value)) for name, value in (query or {}).items()]
        began, code = time.monotonic(), "<error>"
        try:
            call = await self._api.param_serialize(
                method, path, None, parameters, headers, body, auth_settings=["BearerToken"]
            )
            response = await self._api.call_api(*call, _request_timeout=TIMEOUT_SECONDS)
            data: bytes = await response.read()  # type: ignore[no-untyped-call]
            code = str(response.status)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            host = self.configuration.host
            raise UnreachableError(f"no answer from the API server {host}: {error!r}") from error
        finally:
            self.measured(method, code, time.monotonic() - began)
        if response.status >= 300:
            raise refusal(response.status, response.reason or "", data)
        return data


def object_path(api_version: str, plural: str, *, namespace: str = "", name: str = "", subresource: str = "") -> str:
    """`/apis/apps/v1/namespaces/team/deployments/web/scale`; without a namespace of all, or of the cluster's scope."""
    parts = ["api" if "/" not in api_version else "apis", api_version]
    parts += ["namespaces", namespace] if namespace else []
    parts += [part for part in (plural, name, subresource) if part]
    return "/" + "/".join(parts)


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def refusal(status: int, phrase: str, data: bytes) -> ApiError:
    """The API answers with a Status object; a proxy before it, with anything."""
    try:
        answer = json.loads(data)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or answer.get("kind") != "Status":
        return ApiError(status, phrase, data[:200].decode(errors="replace") or phrase)
    details = answer.get("details")
    message, reason = str(answer.get("message") or phrase), str(answer.get("reason") or phrase)
    return ApiError(status, reason, message, details if isinstance(details, dict) else None)
