"""Publishing on a file system: what is written beside takes the place of what was there, at once."""

import ctypes
import os
import shutil
from pathlib import Path

from scheduledtask_workloads.tasks.data_processing.errors import SinkError
from scheduledtask_workloads.tasks.data_processing.files import MANIFEST

_HERE = -100  # AT_FDCWD: paths are as they stand
_EXCHANGE = 2  # RENAME_EXCHANGE, man 2 rename


def staging_beside(target: Path, run: str, attempt: int) -> Path:
    """A hidden folder on the same file system, empty; those of earlier attempts of the run go. Raises SinkError."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for left in target.parent.glob(f".scheduledtask-{run}-*.staging"):
            shutil.rmtree(left, ignore_errors=True)
        staging = target.parent / f".scheduledtask-{run}-{attempt}.staging"
        staging.mkdir()
    except OSError as error:
        raise SinkError(f"sink: cannot write beside {target}: {error.strerror}") from None
    return staging


def require_ours(target: Path) -> None:
    """A folder that is replaced is one that a run wrote, or empty. Raises SinkError."""
    if target.is_dir() and not (target / MANIFEST).exists() and any(target.iterdir()):
        raise SinkError(
            f"sink: {target} has files and no {MANIFEST}: no run wrote it, and it is not replaced; empty it"
        )
    if target.exists() and not target.is_dir():
        raise SinkError(f"sink: {target} is a file, and the result is a folder; take the file away, or another url")


def require_file_place(target: Path) -> None:
    """Raises SinkError where a folder is in the way."""
    if target.is_dir():
        raise SinkError(f"sink: {target} is a folder; the url of a result without partition_by is a file")


def publish_file(staged: Path, target: Path) -> None:
    """Readers see the old file or the new one. Raises SinkError."""
    try:
        staged.replace(target)
    except OSError as error:
        raise SinkError(f"sink: cannot put {target} in its place: {error.strerror}") from None


def publish_folder(staged: Path, target: Path) -> None:
    """Readers who open the folder anew see the old files or the new ones. Raises SinkError."""
    try:
        if not target.exists():
            staged.rename(target)
        elif not _exchanged(staged, target):
            _moved(staged, target)
    except OSError as error:
        raise SinkError(f"sink: cannot put {target} in its place: {error.strerror}") from None


def _exchanged(one: Path, other: Path) -> bool:
    """Linux exchanges two names at once; not every file system can, and no other system."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    return rename is not None and rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0


def _moved(staged: Path, target: Path) -> None:
    """Two names, one after the other: in between there is none."""
    old = staged.with_name(f"{staged.name}.old.staging")
    target.rename(old)
    staged.rename(target)
    shutil.rmtree(old, ignore_errors=True)
