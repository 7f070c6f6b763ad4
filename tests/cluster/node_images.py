"""The images that tests use, built here and brought to a cluster's nodes; those that are there are left alone."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from images.engines import Buildah, Engine, find_engine
from tests.cluster.cluster import Cluster
from tests.cluster.images import base_image
from tests.cluster.progress import Progress
from tests.cluster.redis_image import build_redis_image

SOURCE = Path(__file__).parents[2]
FOLDERS = ("images", "operator", "requirements", "workloads")
FILES = ("Dockerfile", ".dockerignore", "LICENSE", "README.md", "pyproject.toml")
TAG = "e2e"
# Even a build of which every step is cached takes ten seconds to find that out.
SOURCE_LABEL = "dev.scheduledtask.source"


class NodeImages:
    """Each method builds at most once, and answers with the image's name. Raises ImageError, NotOnThisClusterError."""

    def __init__(self, cluster: Cluster, progress: Progress, source: Path) -> None:
        self.engine: Engine = find_engine()
        self._source = source
        self._digest = digest_of(source)
        self._cluster = cluster
        self._progress = progress
        self.part = cache(self._part)
        self.redis = cache(self._redis)

    def base_options(self) -> list[str]:
        """Build options: where no registry serves the Dockerfile's base, one made here takes its place."""
        if isinstance(self.engine, Buildah):
            return [f"--build-arg=BASE={base_image(self._progress)}"]
        return []

    def load(self, image: str) -> None:
        """Bring it to the nodes."""
        image_id = self.engine.image_id(image)
        if self._cluster.has_image(image, image_id):
            return
        with self._progress.step(f"  loading {image}"), tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "archive.tar"
            self.engine.save(image, archive)
            self._cluster.load_image(archive)
            self._cluster.remember_image(image, image_id)

    def _part(self, target: str) -> str:
        image = f"localhost/scheduledtask-{target}:{TAG}"
        if self.engine.label(image, SOURCE_LABEL) != self._digest:
            self._build(image, target)
        self.load(image)
        return image

    def _build(self, image: str, target: str) -> None:
        label = f"--label={SOURCE_LABEL}={self._digest}"
        with self._progress.step(f"  building {image}"):
            self.engine.build(image, self._source, f"--target={target}", label, *self.base_options())

    def _redis(self) -> str:
        image = build_redis_image(self.engine, *self.base_options())
        self.load(image)
        return image


def digest_of(folder: Path) -> str:
    """Of what lies in it: names, modes and contents."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(folder)} {path.stat().st_mode} {content}\n".encode())
    return digest.hexdigest()


@contextmanager
def node_images(cluster: Cluster, progress: Progress) -> Iterator[NodeImages]:
    """Of the source as it is now: whoever goes on editing gets no mixture of before and after."""
    with tempfile.TemporaryDirectory() as folder:
        for name in FOLDERS:
            shutil.copytree(SOURCE / name, Path(folder) / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in FILES:
            shutil.copy2(SOURCE / name, folder)
        yield NodeImages(cluster, progress, Path(folder))
