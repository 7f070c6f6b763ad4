"""From sources through steps and checks to the sink, in this order; nothing is published before all is written."""

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from scheduledtask_workloads.catalog import RunContext
from scheduledtask_workloads.control_groups import ControlGroups
from scheduledtask_workloads.tasks.data_processing import checks, databases, folders, sources, steps
from scheduledtask_workloads.tasks.data_processing.checks import CheckResult
from scheduledtask_workloads.tasks.data_processing.engine import Engine, Limits, engine, quoted
from scheduledtask_workloads.tasks.data_processing.errors import SinkError
from scheduledtask_workloads.tasks.data_processing.files import MANIFEST, Writing, WrittenFile, manifest
from scheduledtask_workloads.tasks.data_processing.objects import ObjectStorage
from scheduledtask_workloads.tasks.data_processing.settings import Format, Mode, Settings
from scheduledtask_workloads.tasks.data_processing.slots import DEFAULT_PATTERN, SlotTimes


@dataclass(frozen=True, slots=True)
class SourceResult:
    """`files` and `bytes` are 0 for a database. `rows`: None where they were not counted, as in CSV that streams."""

    name: str
    files: int
    bytes: int
    rows: int | None


@dataclass(frozen=True, slots=True)
class ProcessingResult:
    """`url` without a password. `columns` of the last step, `steps` of each: the type by the name."""

    dry_run: bool
    slot: datetime | None
    url: str
    rows: int | None
    files: int
    bytes: int
    seconds: float
    sources: list[SourceResult]
    checks: list[CheckResult]
    steps: dict[str, Mapping[str, str]]


def process(settings: Settings, context: RunContext) -> ProcessingResult:
    """Raises ProcessingError."""
    began = time.monotonic()
    times = SlotTimes(settings.slot or context.slot, settings.window)
    run = hashlib.sha256(f"{context.namespace}/{context.name}/{context.run_id}".encode()).hexdigest()[:16]
    target = _Target.of(settings, times)
    scratch = Path(settings.scratch or tempfile.gettempdir()) / f"scheduledtask-data-{run}"
    limits = Limits.read(settings.memory, ControlGroups.read())
    with engine(scratch, limits, context) as running:
        work = _Work(settings, context, times, running, target)
        staging = scratch / "out"
        if target.path is not None and not settings.dry_run:
            staging = folders.staging_beside(target.path, run, context.attempt)
        else:
            staging.mkdir()
        try:
            return work.run(staging, began)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Target:
    """`path`: on a file system, None elsewhere. `folder`: the result is more than one file, or might be."""

    url: str
    path: Path | None
    folder: bool

    @classmethod
    def of(cls, settings: Settings, times: SlotTimes) -> "_Target":
        """Raises SlotError, SinkError."""
        sink = settings.sink
        url = times.in_url(sink.url, "sink")
        if sink.mode is Mode.APPEND_SLOT:
            slot = times.find("slot", "sink: append-slot")
            url = url if sink.kind is Format.SQL else f"{url.rstrip('/')}/slot={slot:{DEFAULT_PATTERN}}"
        if sink.kind is Format.SQL:
            return cls(url, None, folder=False)
        folder = bool(sink.partition_by) or sink.mode is Mode.APPEND_SLOT
        target = cls(url.rstrip("/"), sources.local_path(url), folder)
        if target.path is not None:
            (folders.require_ours if folder else folders.require_file_place)(target.path)
        return target

    def shown(self, kind: Format) -> str:
        """Without a password."""
        return sa.make_url(self.url).render_as_string() if kind is Format.SQL else self.url


@dataclass(frozen=True, slots=True)
class _Work:
    settings: Settings
    context: RunContext
    times: SlotTimes
    engine: Engine
    target: _Target

    @property
    def last(self) -> str:
        return self.settings.steps[-1].name

    def run(self, staging: Path, began: float) -> ProcessingResult:
        found = self._sources(staging)
        for step in self.settings.steps:
            steps.make(self.engine, step, self.times, stored=not self.settings.dry_run and self._is_stored(step.name))
        described = {step.name: steps.columns(self.engine, step.name) for step in self.settings.steps}
        passed: list[CheckResult] = []
        rows, files = None, list[WrittenFile]()
        if not self.settings.dry_run:
            passed = checks.require(self.engine, self.settings.checks, self.last, self.times)
            rows, files = self._publish(staging)
        elif self.settings.sink.kind is not Format.SQL:
            Writing(self.engine, self.last, self.settings.sink)
        return ProcessingResult(
            dry_run=self.settings.dry_run,
            slot=self.times.slot,
            url=self.target.shown(self.settings.sink.kind),
            rows=rows,
            files=len(files),
            bytes=sum(file.size_bytes for file in files),
            seconds=round(time.monotonic() - began, 3),
            sources=found,
            checks=passed,
            steps=described if self.settings.dry_run else {self.last: described[self.last]},
        )

    def _is_stored(self, step: str) -> bool:
        """The last one is computed once, also where checks and the sink both read it."""
        kept = any(each.store for each in self.settings.steps if each.name == step)
        again = bool(self.settings.checks) or self.settings.sink.kind is Format.SQL
        return kept or (step == self.last and again)

    def _sources(self, staging: Path) -> list[SourceResult]:
        """Databases are read before the engine is locked, and files afterwards, by name."""
        named = self.settings.sources.items()
        counts = {name: self._bring_in(name) for name, source in named if source.kind is Format.SQL}
        files = {
            name: sources.find_files(name, source, self.times, self.settings.storage)
            for name, source in named
            if source.kind is not Format.SQL
        }
        remote = next((each for found in files.values() for each in found.addresses if each.startswith("s3://")), None)
        if remote is not None:
            self.engine.database.register_filesystem(sources.object_storage("source", remote, self.settings.storage))
        self.engine.lock([each for found in files.values() for each in found.addresses], [staging])
        for name, found in files.items():
            sources.make_view(self.engine, name, self.settings.sources[name], found)
            self.context.logger.info("source %s: %d files, %d bytes", name, len(found.addresses), found.size_bytes)
        return [
            SourceResult(name, len(files[name].addresses), files[name].size_bytes, self._rows_of(name))
            if name in files
            else SourceResult(name, 0, 0, None if self.settings.dry_run else counts[name])
            for name, _ in named
        ]

    def _bring_in(self, name: str) -> int:
        """A dry run takes the first rows, for their types."""
        source = self.settings.sources[name]
        count = databases.bring_in(self.engine, name, source, self.times, 1 if self.settings.dry_run else None)
        self.context.logger.info("source %s: %d rows", name, count)
        return count

    def _rows_of(self, name: str) -> int | None:
        """Parquet says how many; text is counted for a dry run alone, as that is to read it all."""
        if self.settings.sources[name].kind is not Format.PARQUET and not self.settings.dry_run:
            return None
        [(rows,)] = self.engine.rows(f"SELECT count(*) FROM {quoted(name)}")  # noqa: S608
        return int(rows)

    def _publish(self, staging: Path) -> tuple[int, list[WrittenFile]]:
        sink, slot = self.settings.sink, self.times.slot
        if sink.kind is Format.SQL:
            return databases.OutgoingTable(self.engine, self.last, sink, slot).write(self.target.url), []
        writing = Writing(self.engine, self.last, sink)
        files = writing.write(staging)
        self.engine.check()
        self._putting(staging, writing.file_name, files)()
        rows = sum(file.rows for file in files)
        self.context.progress(1.0, f"{rows} rows in {len(files)} files published at {self.target.url}")
        return rows, files

    def _putting(self, staging: Path, name: str, files: list[WrittenFile]) -> Callable[[], None]:
        slot, target = (self.times.slot if self.settings.sink.mode is Mode.APPEND_SLOT else None), self.target
        if target.path is not None:
            path = target.path
            if not target.folder:
                return lambda: folders.publish_file(staging / name, path)
            (staging / MANIFEST).write_bytes(manifest(files, slot))
            return lambda: folders.publish_folder(staging, path)
        storage = self.settings.sink.storage or self.settings.storage
        if not target.url.startswith("s3://"):
            raise SinkError(f"sink: {target.url.split('://')[0]}:// is not known; write a path, a file:// or s3:// URL")
        objects = ObjectStorage(sources.object_storage("sink", target.url, storage), self.engine.check)
        if target.folder:
            return lambda: objects.publish_folder(staging, target.url, files, slot)
        return lambda: objects.publish_file(staging / name, target.url)
