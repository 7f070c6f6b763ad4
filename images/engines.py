"""The two programs that build images here."""

import subprocess
from abc import ABC, abstractmethod
from pathlib import Path

TIMEOUT_SECONDS = 3600.0
# RUN as a chroot, and layers as overlays: works without a daemon, and inside of a container too.
_BUILDAH = ["env", "BUILDAH_ISOLATION=chroot", "STORAGE_DRIVER=overlay", "buildah"]


class ImageError(Exception):
    """An image could not be built or read; the message ends with what the engine wrote."""


class Engine(ABC):
    """Builds images, and keeps them in a store of its own. Each method raises ImageError."""

    name: str

    @abstractmethod
    def build(self, image: str, folder: Path, *options: str) -> None:
        """Build `folder`/Dockerfile; the options are those that both engines have."""

    @abstractmethod
    def label(self, image: str, name: str) -> str:
        """Empty where the image has none of that name, or is not there."""

    @abstractmethod
    def image_id(self, image: str) -> str:
        """The digest of its contents, `sha256:…`."""

    @abstractmethod
    def size(self, image: str) -> str:
        """Of all layers, unpacked, with its unit: 278 MB."""

    @abstractmethod
    def read(self, image: str, path: str) -> str:
        """A file of the image."""

    @abstractmethod
    def save(self, image: str, archive: Path) -> None:
        """Write the image as an archive that a cluster's nodes import."""


class Docker(Engine):
    name = "docker"

    def build(self, image: str, folder: Path, *options: str) -> None:
        execute("docker", "build", f"--tag={image}", *options, str(folder))

    def label(self, image: str, name: str) -> str:
        return _answer("docker", "image", "inspect", f'--format={{{{index .Config.Labels "{name}"}}}}', image)

    def image_id(self, image: str) -> str:
        return execute("docker", "image", "inspect", "--format={{.Id}}", image).strip()

    def size(self, image: str) -> str:
        return execute("docker", "image", "ls", "--format={{.Size}}", image).strip()

    def read(self, image: str, path: str) -> str:
        return execute("docker", "run", "--rm", "--network=none", "--entrypoint=cat", image, path)

    def save(self, image: str, archive: Path) -> None:
        execute("docker", "save", f"--output={archive}", image)


class Buildah(Engine):
    name = "buildah"

    def build(self, image: str, folder: Path, *options: str) -> None:
        # pip in the build trusts what this machine trusts; a slim base may have no certificates at all.
        trust = "--volume=/etc/ssl/certs:/etc/ssl/certs:ro"
        execute(*_BUILDAH, "build", "--layers", trust, f"--tag={image}", *options, str(folder))

    def label(self, image: str, name: str) -> str:
        labels = f'--format={{{{index .OCIv1.Config.Labels "{name}"}}}}'
        return _answer(*_BUILDAH, "inspect", "--type=image", labels, image)

    def image_id(self, image: str) -> str:
        return "sha256:" + execute(*_BUILDAH, "inspect", "--type=image", "--format={{.FromImageID}}", image).strip()

    def size(self, image: str) -> str:
        # A line for each name that the same image has.
        return execute(*_BUILDAH, "images", "--format={{.Size}}", image).splitlines()[0]

    def read(self, image: str, path: str) -> str:
        container = execute(*_BUILDAH, "from", image).strip()
        try:
            return execute(*_BUILDAH, "run", container, "--", "cat", path)
        finally:
            execute(*_BUILDAH, "rm", container)

    def save(self, image: str, archive: Path) -> None:
        archive.unlink(missing_ok=True)
        # docker's form of an archive has its layers uncompressed: a third of the time that an OCI archive takes.
        execute(*_BUILDAH, "push", "--quiet", image, f"docker-archive:{archive}:{image}")


def find_engine() -> Engine:
    """docker where its daemon answers, else buildah.

    Raises:
        ImageError: there is neither.
    """
    engines = (Docker, ["docker", "info"]), (Buildah, ["buildah", "--version"])
    for engine, probe in engines:
        try:
            execute(*probe)
        except ImageError:
            continue
        return engine()
    raise ImageError(
        "images are built with docker, whose daemon does not answer here, or with buildah, which is not on PATH"
    )


def _answer(*command: str) -> str:
    """Empty where the engine does not know what it was asked about."""
    try:
        return execute(*command).strip()
    except ImageError:
        return ""


def execute(*command: str) -> str:
    """What the program wrote to standard output."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ImageError(f"{' '.join(command)}: {error}") from error
    if done.returncode:
        raise ImageError(f"{' '.join(command)}: exit code {done.returncode}\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout
