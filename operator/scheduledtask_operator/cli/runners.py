"""`scheduledtask runners`: the program that runs light tasks."""

import asyncio
import os
import sys
from pathlib import Path

import click

from scheduledtask_operator.cli.problems import CommandProblem
from scheduledtask_workloads.contract.logs import LoggingSettingError, configure_logging
from scheduledtask_workloads.contract.quantity import QuantityError, parse_duration, parse_memory
from scheduledtask_workloads.runners.environment import without_secrets
from scheduledtask_workloads.runners.errors import RunnersError
from scheduledtask_workloads.runners.pool import PoolSettings
from scheduledtask_workloads.runners.program import RunnersSettings, serve


@click.command("runners")
@click.option(
    "--socket", "socket_path", required=True, type=click.Path(path_type=Path), help="Unix socket to listen on."
)
@click.option("--processes", default=4, show_default=True, type=click.IntRange(1, 128), help="Bodies at once.")
@click.option("--memory-limit", default="500M", show_default=True, help="Of a run that has none of its own.")
@click.option("--grace", default="10s", show_default=True, help="How long bodies go on after SIGTERM.")
@click.option(
    "--heartbeat-file",
    type=click.Path(path_type=Path),
    help="Touched each second while bodies can be run; for the first time when task code is loaded.",
)
def command(socket_path: Path, processes: int, memory_limit: str, grace: str, heartbeat_file: Path | None) -> None:
    """Start the runners of light tasks."""
    _drop_secrets()
    try:
        configure_logging()
        settings = RunnersSettings(
            socket=socket_path,
            pool=PoolSettings(processes=processes, memory_limit_bytes=parse_memory(memory_limit)),
            grace_seconds=parse_duration(grace),
            heartbeat_file=heartbeat_file,
        )
        asyncio.run(serve(settings))
    except (QuantityError, LoggingSettingError, RunnersError) as error:
        raise CommandProblem(str(error)) from error


def _drop_secrets() -> None:
    """Begin anew without them: a child can read the environment that its parent was started with."""
    kept = without_secrets(os.environ)
    if len(kept) < len(os.environ):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], kept)  # noqa: S606  the same program again
