"""Catalog documents that were read, kept in a ConfigMap of their namespace: for a restart, and for the standby."""

from collections.abc import Mapping
from hashlib import sha256

from pydantic import BaseModel, ValidationError

from scheduledtask_operator.cluster.client import Client, object_path
from scheduledtask_operator.cluster.errors import ApiError
from scheduledtask_operator.manifests.naming import CATALOG_COMPONENT, CATALOGS_CONFIG_MAP, component_labels
from scheduledtask_workloads.contract import CatalogDocument

LONGEST_BYTES = 900_000  # an object has a megabyte at most; what has no room is read again after a restart


class _Kept(BaseModel):
    image: str
    document: CatalogDocument


async def load_documents(client: Client, namespace: str) -> dict[str, CatalogDocument]:
    """By image. Whoever may write them may run pods there, so they are trusted as the pods are.

    Raises ClusterError.
    """
    try:
        held = await client.get(_path(namespace))
    except ApiError as error:
        if error.is_missing:
            return {}
        raise
    documents = {}
    for text in (held.get("data") or {}).values():
        try:
            kept = _Kept.model_validate_json(text)
        except ValidationError:  # another version's; it is read anew
            continue
        documents[kept.image] = kept.document
    return documents


async def store_documents(client: Client, namespace: str, documents: Mapping[str, CatalogDocument]) -> None:
    """All of a namespace's; what is not among them is dropped. Raises ClusterError."""
    data: dict[str, str] = {}
    room = LONGEST_BYTES
    for image, document in documents.items():
        text = _Kept(image=image, document=document).model_dump_json()
        room -= len(text.encode())
        if room >= 0:
            data[sha256(image.encode()).hexdigest()[:16]] = text
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": CATALOGS_CONFIG_MAP,
            "namespace": namespace,
            "labels": component_labels(CATALOG_COMPONENT),
        },
        "data": data,
    }
    await client.apply(_path(namespace), manifest)


def _path(namespace: str) -> str:
    return object_path("v1", "configmaps", namespace=namespace, name=CATALOGS_CONFIG_MAP)
