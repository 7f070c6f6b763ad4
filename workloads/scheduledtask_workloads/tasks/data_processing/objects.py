"""Publishing in object storage, where no folder can be renamed: one object, the manifest, decides what counts.

Files are named by their content, so an earlier result is never written over. Readers who go by `_SUCCESS` see the old
files or the new ones; who lists the folder sees both for a moment.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from scheduledtask_workloads.tasks.data_processing.errors import SinkError, reason
from scheduledtask_workloads.tasks.data_processing.files import MANIFEST, WrittenFile, digest, manifest

AT_ONCE = 16  # files on their way

_OURS = re.compile(r"data-[0-9a-f]{16}\.(csv|parquet|jsonl)(\.gz|\.zst)?")


@dataclass(frozen=True, slots=True)
class ObjectStorage:
    """`files` is fsspec's file system; `check` raises when the run shall stop."""

    files: Any
    check: Callable[[], None]

    def publish_file(self, staged: Path, url: str) -> None:
        """An object is there whole or not at all. Raises SinkError, CancelledError."""
        self.check()
        try:
            self.files.put_file(str(staged), url)
        except OSError as error:
            raise SinkError(f"sink: cannot write {url}: {reason(error)}") from None

    def publish_folder(self, folder: Path, url: str, files: list[WrittenFile], slot: datetime | None) -> None:
        """Files, then the manifest, then what it no longer names goes. Raises SinkError, CancelledError."""
        named = [replace(file, path=_by_content(folder, file.path)) for file in files]
        here = [str(folder / file.path) for file in files]
        there = [f"{url}/{file.path}" for file in named]
        try:
            for first in range(0, len(files), AT_ONCE):
                self.check()
                self.files.put(here[first : first + AT_ONCE], there[first : first + AT_ONCE])
            self.check()
            self.files.pipe_file(f"{url}/{MANIFEST}", manifest(named, slot))
            self._drop_others(url, {file.path for file in named})
        except OSError as error:
            raise SinkError(f"sink: cannot write to {url}: {reason(error)}") from None

    def _drop_others(self, url: str, kept: set[str]) -> None:
        """Those with names as we give them; what others put there stays."""
        prefix = url.removeprefix("s3://") + "/"
        found = (str(key) for key in self.files.find(url))
        old = [key for key in found if _OURS.fullmatch(key.rsplit("/", 1)[-1]) and key.removeprefix(prefix) not in kept]
        if old:
            self.files.rm(old)


def _by_content(folder: Path, path: str) -> str:
    parent, _, name = path.rpartition("/")
    named = name.replace("data", f"data-{digest(folder / path)}", 1)
    return f"{parent}/{named}" if parent else named
