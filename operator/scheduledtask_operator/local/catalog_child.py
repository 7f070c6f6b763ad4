"""The catalog, read by a child process: task code is never imported here."""

import asyncio
import json
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Collection, Mapping
from typing import IO, Any

from pydantic import ValidationError

from scheduledtask_operator.api import ScheduledTask
from scheduledtask_operator.local.errors import CatalogReadError
from scheduledtask_workloads.contract import CatalogDocument, CatalogEntry
from scheduledtask_workloads.contract.catalog_document import ArgumentsAnswer, ArgumentsQuestion

READ_TIMEOUT_SECONDS = 60.0  # imports of a large project on a slow disk
LAST_WORDS_SECONDS = 2.0  # a traceback follows the end of its output
LINE_LIMIT_BYTES = 64 * 1024**2  # a thousand tasks' schemas are a line, too
REST_AFTER_SECONDS = 5.0  # a child that nobody asks gives its memory back
_PROGRAM = (sys.executable, "-m", "scheduledtask_workloads.catalog")


class ChildCatalog:
    """`open` first; when the code changed, `read` and `adopt`: a reading that fails leaves the last one in force."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._document = CatalogDocument()
        self._answers: dict[tuple[str, str], tuple[str, ...]] = {}
        self._child: Process | None = None
        self._asking = asyncio.Lock()
        self._rest_handle: asyncio.TimerHandle | None = None

    async def open(self) -> CatalogDocument:
        """Read and adopted at once, by the process that is asked from then on: a project is imported once, not twice.

        Raises CatalogReadError.
        """
        with tempfile.TemporaryFile() as errors:
            async with self._asking:
                self._child = await self._start("--serve", stdin=PIPE, stderr=errors)
                try:
                    self._document = await _first_line(self._child, errors)
                except BaseException:
                    await self._end_child()
                    raise
        self._rest_later()
        return self._document

    async def read(self) -> CatalogDocument:
        """Raises CatalogReadError."""
        with tempfile.TemporaryFile() as errors:
            process = await self._start(stdin=DEVNULL, stderr=errors)
            try:
                return await _first_line(process, errors)
            finally:
                if process.returncode is None:
                    process.kill()
                await process.wait()

    async def adopt(self, document: CatalogDocument) -> None:
        self._document = document
        self._answers.clear()
        async with self._asking:
            await self._end_child()

    def of(self, task: ScheduledTask) -> "ChildCatalog":
        """Here all task code is in one environment."""
        return self

    def names(self) -> Collection[str]:
        return [entry.name for entry in self._document.tasks]

    def find(self, name: str) -> CatalogEntry | None:
        return self._document.find(name)

    def is_of_runners_alone(self, name: str) -> bool:
        return False

    async def argument_problems(self, task: str, arguments: Mapping[str, Any]) -> tuple[str, ...]:
        question = (task, json.dumps(arguments, sort_keys=True))
        if question not in self._answers:
            async with self._asking:
                answer = await self._ask(ArgumentsQuestion(task=task, arguments=dict(arguments)))
            self._answers[question] = tuple(f"spec.{problem}" for problem in answer.problems)
        return self._answers[question]

    async def close(self) -> None:
        async with self._asking:
            await self._end_child()

    async def _ask(self, question: ArgumentsQuestion) -> ArgumentsAnswer:
        child = await self._awake_child()
        if child.stdin is None or child.stdout is None:
            raise OSError("the catalog's process has no pipes")
        child.stdin.write(question.model_dump_json().encode() + b"\n")
        try:
            line = await asyncio.wait_for(child.stdout.readline(), READ_TIMEOUT_SECONDS)
            return ArgumentsAnswer.model_validate_json(line)
        except (TimeoutError, ValidationError) as error:
            await self._end_child()
            raise OSError("the catalog's process gave no answer") from error

    async def _awake_child(self) -> Process:
        self._rest_later()
        if self._child is None or self._child.returncode is not None:
            self._child = await self._start("--validate", stdin=PIPE, stderr=DEVNULL)
        return self._child

    async def _start(self, *options: str, stdin: int, stderr: int | IO[bytes]) -> Process:
        return await asyncio.create_subprocess_exec(
            *_PROGRAM,
            *options,
            env=self._environment,
            stdin=stdin,
            stdout=PIPE,
            stderr=stderr,
            limit=LINE_LIMIT_BYTES,
            start_new_session=True,
        )

    def _rest_later(self) -> None:
        if self._rest_handle is not None:
            self._rest_handle.cancel()
        self._rest_handle = asyncio.get_running_loop().call_later(REST_AFTER_SECONDS, self._rest)

    def _rest(self) -> None:
        """The end of its input is its sign to go."""
        if self._child is not None and self._child.stdin is not None and not self._asking.locked():
            self._child.stdin.close()
            self._child = None

    async def _end_child(self) -> None:
        if self._rest_handle is not None:
            self._rest_handle.cancel()
        if self._child is not None:
            if self._child.returncode is None:
                self._child.kill()
            await self._child.wait()
            self._child = None


async def _first_line(process: Process, errors: IO[bytes]) -> CatalogDocument:
    """Raises CatalogReadError, with the last that was written to `errors`."""
    if process.stdout is None:
        raise OSError("the catalog's process has no pipes")
    try:
        line = await asyncio.wait_for(process.stdout.readline(), READ_TIMEOUT_SECONDS)
        return CatalogDocument.model_validate_json(line)
    except TimeoutError:
        raise CatalogReadError(f"the catalog was not read within {READ_TIMEOUT_SECONDS:g} s") from None
    except ValueError as error:  # no such document, or a line without an end
        raise CatalogReadError(f"the catalog could not be read: {await _last_words(process, errors)}") from error


async def _last_words(process: Process, errors: IO[bytes]) -> str:
    """What a process that gave no document said last, or how it ended; one that goes on is killed."""
    try:
        await asyncio.wait_for(process.wait(), LAST_WORDS_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
    errors.seek(0)
    said = errors.read().decode(errors="replace").strip().splitlines()
    return said[-1] if said else f"exit code {process.returncode}"
