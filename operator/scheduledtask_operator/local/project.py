"""The user's own package beside the manifests: where its task code is found before it is installed."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from scheduledtask_workloads.contract.environment import PROJECT_VARIABLE

_ENTRY_POINT_GROUP = "scheduledtask.tasks"


def project_folder(paths: Sequence[Path]) -> Path | None:
    """The first of the paths' folders whose `pyproject.toml` has tasks to offer.

    A file that cannot be read counts: the catalog says what is wrong with it.
    """
    folders = [path if path.is_dir() else path.parent for path in paths]
    return next((folder.resolve() for folder in folders if _offers_tasks(folder / "pyproject.toml")), None)


def with_project(environment: Mapping[str, str], paths: Sequence[Path]) -> dict[str, str]:
    """`environment` for processes that load task code; a project that is named there already stays."""
    folder = None if PROJECT_VARIABLE in environment else project_folder(paths)
    return dict(environment) if folder is None else {**environment, PROJECT_VARIABLE: str(folder)}


def environment_for(paths: Sequence[Path]) -> dict[str, str]:
    """This process's environment, with the project beside `paths`."""
    return with_project(os.environ, paths)


def _offers_tasks(file: Path) -> bool:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return True
    entry_points = document.get("project", {}).get("entry-points", {})
    return _ENTRY_POINT_GROUP in entry_points
