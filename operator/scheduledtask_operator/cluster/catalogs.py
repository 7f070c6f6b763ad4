"""Which catalog is a resource's: that of our images, or of the image which it names for its workers."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from scheduledtask_operator.api import ScheduledTask
from scheduledtask_operator.cluster.backoff import Backoff
from scheduledtask_operator.cluster.catalog_document import DocumentCatalog, builtin_document, heavy_only
from scheduledtask_operator.cluster.catalog_pod import read_catalog
from scheduledtask_operator.cluster.catalog_shelf import load_documents, store_documents
from scheduledtask_operator.cluster.client import Client
from scheduledtask_operator.cluster.errors import ClusterError
from scheduledtask_operator.control.ports import CatalogPending
from scheduledtask_workloads.contract import CatalogDocument, TaskKey

FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 5.0, 300.0  # a pod each time
STANDBY_LOOK_SECONDS = 5.0  # for what the leader has read
READ_AGAIN_SECONDS = 300.0  # at the earliest, where a task is missing: an image's tag may have moved
logger = logging.getLogger(__name__)


class ImageKey(NamedTuple):
    """A catalog is trusted in its own namespace only."""

    namespace: str
    image: str


@dataclass(slots=True)
class _Image:
    """`message` says what is being done while there is no `catalog`."""

    pod_template: Mapping[str, Any] | None
    users: set[TaskKey] = field(default_factory=set)
    document: CatalogDocument | None = None
    catalog: DocumentCatalog | None = None
    message: str = "its catalog has not been read yet"
    read_at: float = 0.0
    again: asyncio.Event = field(default_factory=asyncio.Event)


class ImageCatalogs:
    """The loop's Catalogs port. `preload` before the loop begins, then keep `run` running.

    Only the leader makes pods; whoever does not lead finds in the ConfigMap what the leader has read.
    """

    def __init__(
        self,
        client: Client,
        *,
        default_image: str,
        runners: CatalogDocument,
        image_pull_policy: str,
        leads: Callable[[], bool],
        changed: Callable[[Iterable[TaskKey]], None],
    ) -> None:
        self._client = client
        light = [entry for entry in runners.tasks if entry.light]
        self._of_our_images = DocumentCatalog(builtin_document(), of_runners_alone=light)
        self._default_image = default_image
        self._image_pull_policy = image_pull_policy
        self._leads = leads
        self._changed = changed
        self._images: dict[ImageKey, _Image] = {}
        self._new: asyncio.Queue[ImageKey] = asyncio.Queue()

    def of(self, task: ScheduledTask) -> DocumentCatalog | CatalogPending:
        named = task.spec.worker.image
        if not named or named == self._default_image:
            return self._of_our_images
        image = self._image(ImageKey(task.metadata.namespace, named), task)
        if image.catalog is None:
            return CatalogPending(f"spec.worker.image: {named}: {image.message}")
        if image.catalog.find(task.spec.task) is None and self._seconds() > image.read_at + READ_AGAIN_SECONDS:
            image.again.set()
        return image.catalog

    def forget(self, key: TaskKey) -> None:
        """The resource is gone, or another version of it is to be asked for."""
        for image in self._images.values():
            image.users.discard(key)

    async def preload(self, tasks: Iterable[ScheduledTask]) -> None:
        """What was read in an earlier life; without it the scheduler would be told to drop those jobs."""
        for task in tasks:
            self.of(task)
        for namespace in {key.namespace for key in self._images}:
            try:
                await self._load(namespace)
            except ClusterError as error:
                logger.warning("catalogs that were kept cannot be read: %s", error, extra={"namespace": namespace})

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                key = await self._new.get()
                group.create_task(self._keep(key, self._images[key]))

    def _image(self, key: ImageKey, task: ScheduledTask) -> _Image:
        if key not in self._images:
            self._images[key] = _Image(task.spec.worker.pod_template)
            self._new.put_nowait(key)
        image = self._images[key]
        image.users.add(task.key)
        if image.catalog is None:
            image.pod_template = task.spec.worker.pod_template
        return image

    async def _keep(self, key: ImageKey, image: _Image) -> None:
        """Read it, and again when it is asked for; for as long as anything uses it."""
        while image.users:
            if image.catalog is None or image.again.is_set():
                await self._read(key, image)
                image.again.clear()
            await image.again.wait()
        self._images.pop(key, None)

    async def _read(self, key: ImageKey, image: _Image) -> None:
        backoff = Backoff(FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS)
        while image.users:
            try:
                if await self._try(key, image):
                    return
                pause_seconds = STANDBY_LOOK_SECONDS
            except ClusterError as error:
                pause_seconds = backoff.next_seconds()
                self._say(key, image, f"its catalog could not be read, again in {pause_seconds:.0f} s: {error}")
            await asyncio.sleep(pause_seconds)

    async def _try(self, key: ImageKey, image: _Image) -> bool:
        """Whether there is a catalog now. Raises ClusterError."""
        if image.catalog is None:
            await self._load(key.namespace)
        if image.catalog is not None and not image.again.is_set():
            return True
        if not self._leads():
            self._say(key, image, "the leader is to read its catalog")
            return image.catalog is not None
        self._say(key, image, f"its catalog is being read by a pod in namespace {key.namespace}")
        document = await read_catalog(
            self._client,
            *key,
            image.pod_template,
            image_pull_policy=self._image_pull_policy,
            say=lambda problem: self._say(key, image, f"the pod that reads its catalog: {problem}"),
        )
        self._adopt(image, document)
        await self._store(key.namespace)
        return True

    async def _load(self, namespace: str) -> None:
        for named, document in (await load_documents(self._client, namespace)).items():
            image = self._images.get(ImageKey(namespace, named))
            if image is not None and image.catalog is None:
                self._adopt(image, document)

    async def _store(self, namespace: str) -> None:
        """What does not get there is read again after a restart."""
        documents = {
            key.image: image.document
            for key, image in self._images.items()
            if key.namespace == namespace and image.document is not None and image.users
        }
        try:
            await store_documents(self._client, namespace, documents)
        except ClusterError as error:
            logger.warning("catalogs could not be kept: %s", error, extra={"namespace": namespace})

    def _adopt(self, image: _Image, document: CatalogDocument) -> None:
        image.document, image.catalog = document, DocumentCatalog(heavy_only(document))
        image.read_at = self._seconds()
        self._changed(list(image.users))

    def _say(self, key: ImageKey, image: _Image, message: str) -> None:
        if image.message != message:
            image.message = message
            logger.info("%s", message, extra=key._asdict())
            self._changed(list(image.users))

    def _seconds(self) -> float:
        return asyncio.get_running_loop().time()
