"""A process of its own for each try, in a session of its own, which ends with all that it started."""

import asyncio
import os
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress

import psutil

from scheduledtask_workloads.execution import kill_tree
from scheduledtask_workloads.tasks.generic_processor.settings import Item, Retry
from scheduledtask_workloads.tasks.generic_processor.tries import State, Tail, Try

GRACE_SECONDS = 2.0  # from SIGTERM to SIGKILL; the run's own end is not far behind a cancellation
DRAIN_SECONDS = 2.0  # for what was written before the end, and not read yet
_SHELL = "/bin/sh"


async def run_command(item: Item, folder: str, retry: Retry, timeout_seconds: float) -> Try:
    """Raises nothing but CancelledError, when the process is gone."""
    words = [_SHELL, "-c", item.command] if isinstance(item.command, str) else list(item.command or ())
    tail = Tail()
    try:
        exit_code = await run_process(words, item.folder or folder, item.environment, tail, timeout_seconds)
    except TimeoutError:
        message = f"not done within {timeout_seconds:g} s"
        return Try(State.TIMED_OUT, message, output=tail.text(), again=retry.timeouts)
    except (OSError, ValueError) as error:
        return Try(State.FAILED, f"{words[0]} cannot be started: {error}")
    if exit_code == 0:
        return Try(State.SUCCEEDED, exit_code=0, output=tail.text())
    again = exit_code in retry.exit_codes
    return Try(State.FAILED, how_it_ended(exit_code), exit_code=exit_code, output=tail.text(), again=again)


async def run_process(
    words: Sequence[str], folder: str, environment: Mapping[str, str], tail: Tail, timeout_seconds: float
) -> int:
    """The exit code. Raises TimeoutError, OSError and ValueError; whatever it raises, no process is left."""
    read_end, write_end = os.pipe()
    try:
        process = await _started(words, folder, environment, write_end)
    except BaseException:
        os.close(read_end)
        raise
    finally:
        os.close(write_end)
    reading = asyncio.create_task(_read(read_end, tail))
    grace_seconds = GRACE_SECONDS
    try:
        async with asyncio.timeout(timeout_seconds):
            exit_code = await process.wait()
        grace_seconds = 0.0  # what it left behind was not waited for either
        return exit_code
    finally:
        await asyncio.shield(_end(process, reading, grace_seconds))


def how_it_ended(exit_code: int) -> str:
    return f"exit code {exit_code}" if exit_code > 0 else f"killed by signal {-exit_code}"


async def _started(words: Sequence[str], folder: str, environment: Mapping[str, str], output: int) -> Process:
    """With a pipe of our own: of one that asyncio makes, the end of the process is told when the pipe is closed by
    all who have it.
    """
    return await asyncio.create_subprocess_exec(
        *words,
        stdin=DEVNULL,
        stdout=output,
        stderr=STDOUT,
        cwd=folder,
        env={**os.environ, **environment},
        start_new_session=True,
    )


async def _end(process: Process, reading: asyncio.Task[None], grace_seconds: float) -> None:
    """A process of its number, once it has ended, is not ours."""
    if process.returncode is None or not psutil.pid_exists(process.pid):
        await asyncio.to_thread(kill_tree, process.pid, grace_seconds)
    await process.wait()
    with suppress(TimeoutError):
        await asyncio.wait_for(reading, DRAIN_SECONDS)


async def _read(read_end: int, tail: Tail) -> None:
    """Until nobody can write any more; closes it."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb"))
    try:
        while part := await reader.read(65_536):
            tail.add(part)
    finally:
        transport.close()
