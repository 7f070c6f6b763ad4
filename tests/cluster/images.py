"""Images made here, where no registry serves them: the node's tools, and a base for Python images."""

import shutil
import tempfile
from pathlib import Path

from tests.cluster.commands import run, succeeds
from tests.cluster.places import Places
from tests.cluster.progress import Progress

TOOLS_IMAGE = "localhost/scheduledtask-tools:1"
BASE_IMAGE = "localhost/python-base:bookworm"
_BUILDAH = {"BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "overlay"}

_TOOLS_DOCKERFILE = """\
FROM scratch
COPY root /
USER 65535
CMD ["sleep", "2147483647"]
"""
_BASE_DOCKERFILE = """\
FROM scratch
ADD base.tar /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
"""


def tools_image(places: Places) -> Path:
    """An OCI archive of TOOLS_IMAGE: Busybox and nothing else. It holds the pods' sandboxes, makes the volumes'
    folders, and is what tests run when any program will do."""
    archive = places.images / "tools.tar"
    if not archive.exists():
        places.images.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            _lay_out_tools(Path(folder) / "root")
            (Path(folder) / "Dockerfile").write_text(_TOOLS_DOCKERFILE)
            _build_archive(Path(folder), TOOLS_IMAGE, archive)
    return archive


def base_image(progress: Progress) -> str:
    """The name of an image in buildah's store that can stand in for `python:3-slim`: Debian and its Python."""
    if succeeds(["buildah", "inspect", "--type", "image", BASE_IMAGE]):
        return BASE_IMAGE
    with progress.step(f"making {BASE_IMAGE}"), tempfile.TemporaryDirectory() as folder:
        include = "--include=python3,python3-venv,ca-certificates"
        run(["mmdebstrap", "--quiet", "--variant=minbase", include, "bookworm", f"{folder}/base.tar"])
        (Path(folder) / "Dockerfile").write_text(_BASE_DOCKERFILE)
        run(["buildah", "bud", "-q", "-t", BASE_IMAGE, folder], environment=_BUILDAH)
    return BASE_IMAGE


def _lay_out_tools(root: Path) -> None:
    binaries = root / "bin"
    binaries.mkdir(parents=True)
    (root / "tmp").mkdir(mode=0o777)
    (root / "tmp").chmod(0o1777)
    busybox = shutil.which("busybox") or "busybox"
    shutil.copy(busybox, binaries / "busybox")
    for applet in run([busybox, "--list"]).split():
        if applet != "busybox":
            (binaries / applet).symlink_to("busybox")


def _build_archive(folder: Path, name: str, archive: Path) -> None:
    part = archive.with_suffix(".part")
    part.unlink(missing_ok=True)
    run(["buildah", "bud", "-q", "-t", name, str(folder)], environment=_BUILDAH)
    run(["buildah", "push", "-q", name, f"oci-archive:{part}:{name}"], environment=_BUILDAH)
    run(["buildah", "rmi", name], environment=_BUILDAH)
    part.replace(archive)
