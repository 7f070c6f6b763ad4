"""`scheduledtask dev`: the whole thing on this machine, until Ctrl-C or for a counted while."""

import asyncio
import contextlib
import logging
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from scheduledtask_operator.cli.problems import EXIT_FAILED, EXIT_INTERRUPTED, CommandProblem
from scheduledtask_operator.cli.redis_options import read_endpoint
from scheduledtask_operator.cli.secrets_option import secrets_option
from scheduledtask_operator.local.board import Board
from scheduledtask_operator.local.due_tally import DueTally
from scheduledtask_operator.local.errors import BadManifestsError, LocalError
from scheduledtask_operator.local.live_view import LiveView
from scheduledtask_operator.local.secrets import local_secrets
from scheduledtask_operator.local.session import DevOptions, DevSession
from scheduledtask_operator.local.state_folder import StateFolder
from scheduledtask_operator.local.summary import TaskSummary, as_json, as_table

STATE_FOLDER = ".scheduledtask"
MAX_RUNNERS = 64


@click.command("dev")
@click.option(
    "-f",
    "--filename",
    "paths",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="A manifest, or a directory of them. May be given many times.",
)
@click.option("-R", "--recursive", is_flag=True, help="Read the folders below the directories too.")
@click.option(
    "--for",
    "for_seconds",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="Stop by itself: count the slots of SECONDS from when everything is ready, await their runs, print a summary."
    " Exit code 0 only when every due slot ran once.",
)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--state", type=click.Path(path_type=Path), help=f"State folder (default: {STATE_FOLDER} beside the first -f)."
)
@click.option(
    "--runners", type=click.IntRange(1, MAX_RUNNERS), default=2, show_default=True, help="Processes for light tasks."
)
@click.option("--redis-url", metavar="URL", help="Use this Redis instead of the embedded server.")
@secrets_option
def command(
    paths: tuple[Path, ...],
    recursive: bool,
    for_seconds: float | None,
    output: str,
    state: Path | None,
    runners: int,
    redis_url: str | None,
    secrets: Path | None,
) -> None:
    """Run the ScheduledTasks of a directory on this machine.

    A terminal shows them live; without one, each event is a line. Edited manifests and task code are read again.
    With --output json the summary is the last line of standard output, and events go to standard error.
    """
    if redis_url is not None:
        read_endpoint(redis_url, None)
    options = DevOptions(paths, recursive, runners, redis_url, for_seconds, local_secrets(secrets))
    folder = StateFolder(state or _beside(paths[0]))
    try:
        folder.open()
        summary = asyncio.run(_Dev(options, folder, output).run())
    except BadManifestsError as error:
        raise CommandProblem(error.problems) from error
    except LocalError as error:
        raise CommandProblem(str(error)) from error
    if for_seconds is not None:
        _print_summary(summary, output)


def _beside(path: Path) -> Path:
    return (path if path.is_dir() else path.parent) / STATE_FOLDER


def _print_summary(summary: list[TaskSummary], output: str) -> None:
    if output == "json":
        click.echo(as_json(summary))
    else:
        Console().print(as_table(summary))
    if not all(task.once for task in summary):
        raise click.exceptions.Exit(EXIT_FAILED)


class _Dev:
    """The session between the terminal's signals and the view."""

    def __init__(self, options: DevOptions, folder: StateFolder, output: str) -> None:
        self._options = options
        self._folder = folder
        self._live = output == "text" and sys.stdout.isatty() and not Console().is_dumb_terminal
        self._events_to_stderr = output == "json"

    async def run(self) -> list[TaskSummary]:
        counts = self._options.for_seconds is not None
        board = Board(self._say, lambda: datetime.now(UTC), DueTally() if counts else None)
        session = DevSession(self._options, self._folder, board)
        view = LiveView(board, session.worker_counts, Console()) if self._live else contextlib.nullcontext()
        _log_to(self._folder.logs / "dev.log")
        with view:
            return await _until_signalled(session, interrupted_is_an_end=not counts)

    def _say(self, line: str) -> None:
        if not self._live:
            with contextlib.suppress(
                BrokenPipeError
            ):  # who read it has gone; everything is still to be stopped in order
                click.echo(line, err=self._events_to_stderr)


async def _until_signalled(session: DevSession, *, interrupted_is_an_end: bool) -> list[TaskSummary]:
    """The first SIGINT or SIGTERM stops in order, the second at once."""
    running = asyncio.create_task(session.run())
    signals: list[int] = []

    def on_signal() -> None:
        signals.append(1)
        if len(signals) == 1:
            running.cancel()
        else:
            session.cut_short()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    try:
        return await running
    except asyncio.CancelledError:
        if not signals or not interrupted_is_an_end:
            raise click.exceptions.Exit(EXIT_INTERRUPTED) from None
        return []


def _log_to(file: Path) -> None:
    """The loop's own log; the terminal is for events."""
    logging.basicConfig(filename=file, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True)
