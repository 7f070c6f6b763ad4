"""The last report, where the next one finds it."""

from pathlib import Path
from typing import Any

import fsspec
from pydantic import ValidationError

from scheduledtask_workloads.catalog import RunContext
from scheduledtask_workloads.tasks.models.artifact import write_whole
from scheduledtask_workloads.tasks.performance_report.document import Previous, Report
from scheduledtask_workloads.tasks.performance_report.errors import PreviousReportError
from scheduledtask_workloads.tasks.performance_report.judging import remembered
from scheduledtask_workloads.tasks.performance_report.settings import ReportArguments
from scheduledtask_workloads.tasks.tables.storage import options_for

LATEST_FILE = "latest-report.json"


class History:
    """A folder or URL that holds the last report; beside the runs of this ScheduledTask unless it is told."""

    def __init__(self, arguments: ReportArguments, context: RunContext) -> None:
        self._folder = arguments.history or str(context.artifacts.parent)
        self._asked = arguments.previous
        self._storage = arguments.storage
        self._run_id = context.run_id

    def previous(self) -> Previous | None:
        """None before the first report. Raises PreviousReportError."""
        if self._asked is not None:
            data = self._read(self._asked)
            if data is None:
                raise PreviousReportError(f"previous: there is no {self._asked}; name a report.json, or leave it out")
            return remembered(_parsed(data, self._asked))
        place = self._latest
        data = self._read(place)
        return None if data is None else self._of_another_run(_parsed(data, place))

    def keep(self, report: Report) -> None:
        """From now on the last one; whole or not there. Raises PreviousReportError."""
        data = report.model_dump_json(indent=2).encode() + b"\n"
        path = _local(self._latest)
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, data)
                return
            with fsspec.open(self._latest, "wb", **self._options(self._latest)) as file:
                file.write(data)
        except (OSError, ValueError, ImportError) as error:
            raise PreviousReportError(f"history: cannot write {self._latest}: {error}") from error

    @property
    def _latest(self) -> str:
        return f"{self._folder.rstrip('/')}/{LATEST_FILE}"

    def _of_another_run(self, report: Report) -> Previous | None:
        """An earlier attempt of this run may have left it: then what that one was compared with."""
        return report.previous if report.run.run_id == self._run_id else remembered(report)

    def _read(self, place: str) -> bytes | None:
        try:
            with fsspec.open(place, "rb", **self._options(place)) as file:
                return bytes(file.read())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, ImportError) as error:
            raise PreviousReportError(f"cannot read {place}: {type(error).__name__}: {error}") from error

    def _options(self, place: str) -> dict[str, Any]:
        return options_for(place, self._storage)


def _parsed(data: bytes, place: str) -> Report:
    try:
        return Report.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise PreviousReportError(
            f"{place} is no report of version 1: {where}: {first['msg']}; move it away"
        ) from error


def _local(place: str) -> Path | None:
    bare = place.removeprefix("file://")
    return None if "://" in bare else Path(bare)
