"""The short pod that prints what an image offers, from its creation to its document."""

import asyncio
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from pydantic import ValidationError

from scheduledtask_operator.cluster.client import Client, Object, object_path
from scheduledtask_operator.cluster.errors import ApiError, ClusterError, UnreachableError
from scheduledtask_operator.cluster.pod_problems import pod_problem
from scheduledtask_operator.manifests.catalog import DEADLINE_SECONDS, catalog_pod
from scheduledtask_operator.manifests.naming import WORKER_SERVICE_ACCOUNT, catalog_pod_name
from scheduledtask_operator.manifests.strategic_merge import PodTemplateError
from scheduledtask_operator.manifests.workers import worker_service_account
from scheduledtask_workloads.contract import CatalogDocument

LOOK_SECONDS = 1.0
REMOVAL_SECONDS = 30.0
LONGEST_DOCUMENT_BYTES = 500_000  # of the megabyte that an object may have
_END_SHOWN = 300  # characters of what a program said that is no document


class CatalogUnreadableError(ClusterError):
    """The pod did not come to its end, or printed no document. The message says why."""


async def read_catalog(
    client: Client,
    namespace: str,
    image: str,
    pod_template: Mapping[str, Any] | None,
    *,
    image_pull_policy: str,
    say: Callable[[str], None],
) -> CatalogDocument:
    """`say` gets what holds it up, while it does. The pod is gone afterwards.

    Raises CatalogUnreadableError, and the client's errors.
    """
    try:
        manifest = catalog_pod(namespace, image, pod_template, image_pull_policy=image_pull_policy)
    except PodTemplateError as error:
        raise CatalogUnreadableError(str(error)) from error
    path = object_path("v1", "pods", namespace=namespace, name=catalog_pod_name(image))
    await _apply_account(client, namespace)
    await _remove(client, path)  # another operator's, from before
    await client.create(path.rpartition("/")[0], manifest)
    try:
        await _until_ended(client, path, say)
        return _document(await client.text(f"{path}/log", {"limitBytes": 2 * LONGEST_DOCUMENT_BYTES}))
    finally:
        await _remove_quietly(client, path)


async def _apply_account(client: Client, namespace: str) -> None:
    """The workers': it comes with the first pool, but the catalog comes before that."""
    path = object_path("v1", "serviceaccounts", namespace=namespace, name=WORKER_SERVICE_ACCOUNT)
    await client.apply(path, worker_service_account(namespace))


async def _until_ended(client: Client, path: str, say: Callable[[str], None]) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DEADLINE_SECONDS + REMOVAL_SECONDS
    problem = ""
    while loop.time() < deadline:
        pod = await _look(client, path)
        phase = (pod.get("status") or {}).get("phase")
        problem = pod_problem(pod) if pod else ""
        if phase == "Succeeded":
            return
        if phase == "Failed":
            raise CatalogUnreadableError(_failure(pod) or problem)
        if problem:
            say(problem)
        await asyncio.sleep(LOOK_SECONDS)
    raise CatalogUnreadableError(problem or f"its pod did not end within {DEADLINE_SECONDS} s")


async def _look(client: Client, path: str) -> Object:
    """Empty when there is no answer just now. Raises ApiError when the pod was deleted, or may not be read."""
    try:
        return await client.get(path)
    except UnreachableError:
        return {}
    except ApiError as error:
        if error.is_passing:
            return {}
        raise


def _failure(pod: Object) -> str:
    """The end of what the program said, which is its error."""
    status = pod["status"]
    for container in status.get("containerStatuses") or ():
        ended = (container.get("state") or {}).get("terminated") or {}
        if ended.get("exitCode"):
            said = str(ended.get("message") or "").strip()[-_END_SHOWN:]
            return f"its program ended with {ended['exitCode']} ({ended.get('reason')}): {said or 'it said nothing'}"
    return ""


def _document(log: str) -> CatalogDocument:
    lines = log.strip().splitlines()
    if not lines:
        raise CatalogUnreadableError("its program printed nothing; is it made FROM ours?")
    if len(lines[-1].encode()) > LONGEST_DOCUMENT_BYTES:
        raise CatalogUnreadableError(f"its document has more than {LONGEST_DOCUMENT_BYTES} bytes; offer fewer tasks")
    try:
        return CatalogDocument.model_validate_json(lines[-1])
    except ValidationError as error:
        said = lines[-1][:_END_SHOWN]
        raise CatalogUnreadableError(f"its program printed no catalog document: {said}") from error


async def _remove(client: Client, path: str) -> None:
    """Until it is gone: its name is needed."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + REMOVAL_SECONDS
    for attempt in count():
        try:
            await (client.get(path) if attempt else client.delete(path))
        except ApiError as error:
            if error.is_missing:
                return
            raise
        if loop.time() > deadline:
            raise CatalogUnreadableError("the pod of an earlier try does not go")
        await asyncio.sleep(LOOK_SECONDS / 4)


async def _remove_quietly(client: Client, path: str) -> None:
    """The deadline ends it in any case, and the next try removes it."""
    try:
        await client.delete(path)
    except ClusterError:
        return
