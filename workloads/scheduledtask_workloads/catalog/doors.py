"""Where task code comes from: entry points of installed packages, and of the project that is being written."""

import os
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from scheduledtask_workloads.catalog.errors import ProjectError
from scheduledtask_workloads.contract.environment import PROJECT_VARIABLE

GROUP = "scheduledtask.tasks"
_OWN_DISTRIBUTION = "scheduledtask"


@dataclass(frozen=True, slots=True)
class Door:
    """One entry point, and how it is called in messages."""

    entry_point: EntryPoint
    source: str

    @property
    def identity(self) -> tuple[str, str]:
        return self.entry_point.name, self.entry_point.value


def installed_doors() -> list[Door]:
    """The built-in one first, then by name."""
    found = [(point.dist.name if point.dist else "", point) for point in entry_points(group=GROUP)]
    found.sort(key=lambda pair: (pair[0] != _OWN_DISTRIBUTION, pair[0], pair[1].name))
    return [Door(point, f"{point.name} of {distribution}") for distribution, point in found]


def project_folder() -> Path | None:
    """The folder that SCHEDULEDTASK_PROJECT names, if it names one."""
    value = os.environ.get(PROJECT_VARIABLE)
    return Path(value).resolve() if value else None


def project_doors(folder: Path) -> list[Door]:
    """Those of the folder's pyproject.toml. Raises ProjectError."""
    file = folder / "pyproject.toml"
    return [Door(EntryPoint(name, value, GROUP), f"{name} of {file}") for name, value in _declared(file)]


def put_on_path(folder: Path) -> None:
    """Make the project's modules importable, before any installed ones of the same name."""
    source = folder / "src"
    sys.path.insert(0, str(source if source.is_dir() else folder))


def _declared(file: Path) -> Iterator[tuple[str, str]]:
    group = _table(_parsed(file), "project", "entry-points", GROUP)
    for name, value in group.items():
        if not isinstance(value, str):
            raise ProjectError(f'{file}: project.entry-points."{GROUP}".{name} is {value!r}; write "module"')
        yield name, value


def _parsed(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProjectError(f"{file}: {error.strerror}; {PROJECT_VARIABLE} must name a folder that has it") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProjectError(f"{file}: {error}") from error


def _table(document: dict[str, Any], *path: str) -> dict[str, Any]:
    for key in path:
        value = document.get(key, {})
        document = value if isinstance(value, dict) else {}
    return document
