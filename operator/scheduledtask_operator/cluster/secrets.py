"""Secrets of namespaces, as far as those let the operator read them: the loop's Secrets port."""

import asyncio
import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

from scheduledtask_operator.cluster.client import Client, object_path
from scheduledtask_operator.cluster.errors import ApiError, ClusterError
from scheduledtask_operator.control.ports import SecretProblem
from scheduledtask_operator.manifests.naming import REDIS_SECRET
from scheduledtask_workloads.contract.secrets import VALUE_LIMIT_BYTES, SecretReference

CACHE_SECONDS = 5.0  # the keys of one Secret are read one after the other, and its tasks come together
_ACCOUNT = re.compile(r'User "system:serviceaccount:([^":]+):([^":]+)"')
_USER = re.compile(r'User "([^"]+)"')


@dataclass(frozen=True, slots=True)
class _Reading:
    data: Mapping[str, str]
    problem: SecretProblem | None
    read_at: float


class ClusterSecrets:
    """`reader_role`: the ClusterRole that a namespace binds to let its Secrets be read."""

    def __init__(self, client: Client, *, reader_role: str) -> None:
        self._client = client
        self._reader_role = reader_role
        self._readings: dict[tuple[str, str], _Reading] = {}

    async def value(self, namespace: str, reference: SecretReference) -> str | SecretProblem:
        if reference.name == REDIS_SECRET:
            return SecretProblem(f"{reference}: is the operator's own, and for no task; name another Secret")
        reading = await self._reading(namespace, reference.name)
        if reading.problem is not None:
            return reading.problem
        encoded = reading.data.get(reference.key)
        if encoded is None:
            return SecretProblem(f"{reference}: the Secret has no such key; add it, or name another")
        return _text(reference, encoded)

    async def _reading(self, namespace: str, name: str) -> _Reading:
        now = asyncio.get_running_loop().time()
        known = {place: each for place, each in self._readings.items() if each.read_at + CACHE_SECONDS > now}
        if (namespace, name) not in known:
            known[namespace, name] = await self._read(namespace, name, now)
        self._readings = known
        return known[namespace, name]

    async def _read(self, namespace: str, name: str, now: float) -> _Reading:
        try:
            found = await self._client.get(object_path("v1", "secrets", namespace=namespace, name=name))
        except ClusterError as error:
            return _Reading({}, self._problem(namespace, name, error), now)
        return _Reading(found.get("data") or {}, None, now)

    def _problem(self, namespace: str, name: str, error: ClusterError) -> SecretProblem:
        if not isinstance(error, ApiError) or error.is_passing:
            return SecretProblem(f"Secret {name}: cannot be read yet: {error}", is_passing=True)
        if error.is_missing:
            return SecretProblem(f"Secret {name}: there is none in namespace {namespace}; make it, or name another")
        if error.is_forbidden:
            fix = binding_command(self._reader_role, namespace, error.message)
            return SecretProblem(f"Secret {name}: namespace {namespace} does not let the operator read it; {fix}")
        return SecretProblem(f"Secret {name}: cannot be read: {error}")


def binding_command(reader_role: str, namespace: str, refusal: str) -> str:
    """What somebody with rights in the namespace is to type. `refusal` is the API server's, which names the account."""
    account, user = _ACCOUNT.search(refusal), _USER.search(refusal)
    subject = f"--user={user[1]}" if user else "--serviceaccount=NAMESPACE:ACCOUNT"
    if account:
        subject = f"--serviceaccount={account[1]}:{account[2]}"
    return (
        f"run: kubectl create rolebinding {reader_role} --clusterrole={reader_role} {subject} --namespace={namespace}"
    )


def _text(reference: SecretReference, encoded: str) -> str | SecretProblem:
    try:
        data = base64.b64decode(encoded, validate=True)
        text = data.decode()
    except (binascii.Error, UnicodeDecodeError):
        return SecretProblem(f"{reference}: is no text in UTF-8, and arguments are texts")
    if len(data) > VALUE_LIMIT_BYTES:
        return SecretProblem(f"{reference}: has {len(data)} bytes, and {VALUE_LIMIT_BYTES} are allowed")
    return text
