"""One task, applied, seen to run, and deleted: `python -m scheduledtask_operator.cluster.trial NAMESPACE NAME SECONDS`.

`helm test` runs it. It needs no right but on the ScheduledTask of that name.
"""

import asyncio
import sys
from typing import Any

from scheduledtask_operator.api import API_VERSION
from scheduledtask_operator.cluster.client import Client, object_path
from scheduledtask_operator.cluster.errors import ApiError, ClusterError

LOOK_SECONDS = 1.0
# Whatever the machine is doing, a run succeeds.
_ARGUMENTS = {"cpu_percent": 100, "memory_percent": 100, "disk_percent": 100, "load_per_cpu": 100_000}


class TrialFailedError(Exception):
    """The task was applied, and no run of it succeeded in time; the message has its conditions."""


async def try_a_task(client: Client, namespace: str, name: str, timeout_seconds: float) -> str:
    """When a run succeeded, as the API writes it. The task is gone afterwards, however this ends.

    Raises:
        TrialFailedError: nothing succeeded within `timeout_seconds`.
        ClusterError: the API server refused something, or did not answer.
    """
    path = object_path(API_VERSION, "scheduledtasks", namespace=namespace, name=name)
    await _delete(client, path)  # of a trial that was killed: its success would be taken for ours
    await client.apply(path, _task(namespace, name))
    try:
        return await _success(client, path, timeout_seconds)
    finally:
        await _delete(client, path)


async def _success(client: Client, path: str, timeout_seconds: float) -> str:
    seen: dict[str, Any] = {}
    try:
        async with asyncio.timeout(timeout_seconds):
            while not seen.get("lastSuccessTime"):
                await asyncio.sleep(LOOK_SECONDS)
                seen = (await client.get(path)).get("status") or {}
    except TimeoutError:
        problem = f"no run succeeded within {timeout_seconds:g} s; {_explain(seen)}"
        raise TrialFailedError(problem) from None
    return str(seen["lastSuccessTime"])


def _explain(status: dict[str, Any]) -> str:
    if not status:
        return "no operator has written a status: is it ready, and does it watch this namespace?"
    lines = [f"{each['type']}={each['status']}: {each.get('message', '')}" for each in status.get("conditions", [])]
    return "; ".join(lines)


def _task(namespace: str, name: str) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": "ScheduledTask",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"schedule": "*/2 * * * * *", "task": "system-health", "arguments": dict(_ARGUMENTS)},
    }


async def _delete(client: Client, path: str) -> None:
    try:
        await client.delete(path)
    except ApiError as error:
        if not error.is_missing:
            raise


async def _main(namespace: str, name: str, seconds: str) -> str:
    async with await Client.connect() as client:
        succeeded_at = await try_a_task(client, namespace, name, float(seconds))
    return f"ScheduledTask {name} of namespace {namespace} ran and succeeded at {succeeded_at}"


if __name__ == "__main__":
    try:
        print(asyncio.run(_main(*sys.argv[1:])))  # noqa: T201
    except (TrialFailedError, ClusterError) as error:
        sys.exit(str(error))
