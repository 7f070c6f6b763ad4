"""What a body may know of its run, and where it may leave things."""

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from scheduledtask_workloads.catalog.errors import ArtifactsUnavailableError
from scheduledtask_workloads.contract import TriggeredBy


@dataclass(slots=True)
class Cancellation:
    """A request to stop early. `observed` once the body has asked and been told so."""

    requested: bool = False
    observed: bool = False

    def check(self) -> bool:
        self.observed = self.observed or self.requested
        return self.requested


def _as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class RunContext:
    """Given to a parameter annotated with this class.

    `run_id` is the same in every attempt of a run: use it as the key of what must happen once.
    `slot` is the due time (UTC), None for a run that was asked for. `deadline` (UTC) is when the body is ended.
    `triggered_by` is the run of another ScheduledTask whose end started this one, None where there is none.
    `masked` gives a text, or any JSON value, without the values of Secrets: output and result are masked by themselves,
    what a body writes into files is not.
    """

    namespace: str
    name: str
    run_id: str
    attempt: int
    slot: datetime | None
    deadline: datetime
    logger: logging.Logger
    artifacts_url: str = ""
    triggered_by: TriggeredBy | None = None
    masked: Callable[[Any], Any] = _as_it_is
    cancellation: Cancellation = field(default_factory=Cancellation)

    def cancelled(self) -> bool:
        """True once the run shall stop: return soon, within seconds, or the body is killed."""
        return self.cancellation.check()

    def progress(self, fraction: float, message: str = "") -> None:
        """Log how much is done, from 0.0 to 1.0."""
        percent = round(100 * min(max(fraction, 0.0), 1.0))
        self.logger.info("progress %d %%%s", percent, f": {message}" if message else "")

    @property
    def artifacts(self) -> Path:
        """This run's folder, made at first use. Raises ArtifactsUnavailableError without a place to make it."""
        return _made(self._folder(self.run_id))

    @property
    def checkpoint_dir(self) -> Path:
        """A folder that the next attempt of this run finds again; removed when the run has succeeded."""
        return _made(self._folder(f"{self.run_id}.checkpoint"))

    def drop_checkpoints(self) -> None:
        """Remove the checkpoint folder, if there is one."""
        if self.artifacts_url:
            shutil.rmtree(self._folder(f"{self.run_id}.checkpoint"), ignore_errors=True)

    def _folder(self, leaf: str) -> Path:
        for part in (self.namespace, self.name, leaf):
            if part in {"", ".", ".."} or "/" in part:
                raise ArtifactsUnavailableError(f"{part!r} cannot name a folder of artifacts")
        return local_folder(self.artifacts_url) / self.namespace / self.name / leaf


def local_folder(url: str) -> Path:
    """The folder behind a path or a `file://` URL. Raises ArtifactsUnavailableError for anything else."""
    if not url:
        raise ArtifactsUnavailableError("this run has no artifacts folder; set artifacts.url to a path or file:// URL")
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in {"", "localhost"}:
        return Path(unquote(parts.path))
    if "://" in url:
        raise ArtifactsUnavailableError(f"artifacts.url {url!r} is not supported yet; use a path or a file:// URL")
    return Path(url)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactsUnavailableError(
            f"cannot make the folder {folder}: {error.strerror}; check artifacts.url"
        ) from error
    return folder
