"""The password of the chart's own Redis: `python -m scheduledtask_operator.cluster.redis_password NAMESPACE SECRET`.

The chart's hook runs it before each installation and upgrade. A Secret that is there is never changed: what Redis and
the schedulers were started with goes on being right.
"""

import asyncio
import secrets
import sys

from scheduledtask_operator.cluster.client import Client, object_path
from scheduledtask_operator.cluster.errors import ApiError, ClusterError
from scheduledtask_operator.manifests.installation_names import PASSWORD_KEY

PASSWORD_BYTES = 32


async def ensure_password(client: Client, namespace: str, name: str) -> bool:
    """Whether the Secret had to be made. Raises ClusterError."""
    path = object_path("v1", "secrets", namespace=namespace, name=name)
    try:
        found = await client.get(path)
    except ApiError as error:
        if not error.is_missing:
            raise
        await client.apply(path, _secret(namespace, name))
        return True
    if PASSWORD_KEY not in found.get("data", {}):
        raise ClusterError(f"Secret {name} of namespace {namespace} has no key {PASSWORD_KEY!r}: add it, or delete it")
    return False


def _secret(namespace: str, name: str) -> dict[str, object]:
    """The password is letters and digits: it becomes part of a URL."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/part-of": "scheduledtask"}},
        "stringData": {PASSWORD_KEY: secrets.token_hex(PASSWORD_BYTES)},
    }


async def _main(namespace: str, name: str) -> str:
    async with await Client.connect() as client:
        made = await ensure_password(client, namespace, name)
    return f"Secret {name}: {'made' if made else 'is there already, and left alone'}"


if __name__ == "__main__":
    try:
        print(asyncio.run(_main(*sys.argv[1:])))  # noqa: T201
    except ClusterError as error:
        sys.exit(str(error))
