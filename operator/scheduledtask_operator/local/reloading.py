"""Edits while `dev` runs: manifests are read again, and task code too."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from watchfiles import Change, awatch

from scheduledtask_operator.api.parsing import SUFFIXES
from scheduledtask_operator.control.controller import Controller
from scheduledtask_operator.local.board import Board
from scheduledtask_operator.local.catalog_child import ChildCatalog
from scheduledtask_operator.local.errors import CatalogReadError
from scheduledtask_operator.local.following import Following
from scheduledtask_operator.local.manifests import Manifests
from scheduledtask_operator.local.supervisor import Supervised
from scheduledtask_operator.local.worker_pools import LocalPools
from scheduledtask_workloads.contract import CatalogDocument

DEBOUNCE_MILLISECONDS = 500  # an editor that saves many files is done by then


@dataclass(slots=True)
class Reloader:
    manifests: Manifests
    catalog: ChildCatalog
    controller: Controller
    following: Following
    pools: LocalPools
    runners: Supervised
    board: Board
    catalog_problems: tuple[str, ...] = ()

    async def watch_manifests(self, paths: Sequence[Path], *, recursive: bool) -> None:
        folders = {path if path.is_dir() else path.parent for path in paths}
        async for _ in _edits(folders, _is_manifest, self.board, recursive=recursive):
            result = await asyncio.to_thread(self.manifests.read)
            changed = self.manifests.adopt(result)
            self.controller.resources_changed(changed)
            await self.following.ask(self.manifests.runs)
            self._show_problems()

    async def watch_code(self, project: Path) -> None:
        async for _ in _edits({project}, _is_code, self.board, recursive=True):
            try:
                document = await self.catalog.read()
            except CatalogReadError as error:
                self.catalog_problems = (str(error),)
            else:
                self.catalog_problems = catalog_problems(document)
                if not self.catalog_problems:
                    await self._load_code(document)
            self._show_problems()

    async def _load_code(self, document: CatalogDocument) -> None:
        self.board.tell("task code changed; loading it anew")
        await self.catalog.adopt(document)
        self.runners.restart()
        await self.pools.renew()
        self.controller.resources_changed(self.manifests.keys())

    def _show_problems(self) -> None:
        self.board.show_problems([*map(str, self.manifests.problems), *self.catalog_problems])


def catalog_problems(document: CatalogDocument) -> tuple[str, ...]:
    return tuple(f"{problem.source}: {problem.message}" for problem in document.problems)


async def _edits(
    folders: set[Path], wanted: Callable[[Path], bool], board: Board, *, recursive: bool
) -> AsyncIterator[None]:
    """Whenever a file that is `wanted` has changed; hidden files and folders below `folders` are left out."""
    roots = [folder.resolve() for folder in folders]

    def passes(_: Change, name: str) -> bool:
        return wanted(Path(name)) and not _is_hidden(Path(name), roots)

    try:
        async for _ in awatch(
            *roots, watch_filter=passes, recursive=recursive, debounce=DEBOUNCE_MILLISECONDS, raise_interrupt=False
        ):
            yield
    except OSError as error:
        board.tell(f"edits below {', '.join(map(str, roots))} are not noticed any more: {error}")


def _is_manifest(path: Path) -> bool:
    return path.suffix in SUFFIXES


def _is_code(path: Path) -> bool:
    return path.suffix == ".py" or path.name == "pyproject.toml"


def _is_hidden(path: Path, roots: Sequence[Path]) -> bool:
    """Below the nearest of the roots: where these stand is nobody's business."""
    below = [path.relative_to(root).parts for root in roots if path.is_relative_to(root)]
    return any(part.startswith(".") for part in min(below, key=len, default=()))
