"""`scheduledtask worker`: the program that runs the heavy tasks of one pool."""

from pathlib import Path
from typing import Any

import click

from scheduledtask_operator.cli.problems import CommandProblem
from scheduledtask_workloads.broker import DEFAULT_VISIBILITY_TIMEOUT_SECONDS
from scheduledtask_workloads.contract.logs import LoggingSettingError, configure_logging
from scheduledtask_workloads.worker import DEFAULT_LEASE_SECONDS, WorkerSettingError, WorkerSettings, run_worker


@click.command("worker")
@click.option("--namespace", required=True, help="Whose runs these are; every Redis key lies below it.")
@click.option("--pool", required=True, help="The queue to work on.")
@click.option("--concurrency", default=1, show_default=True, help="Bodies at once, each in its own process.")
@click.option("--heartbeat-file", type=click.Path(path_type=Path), help="Touched each second while the worker lives.")
@click.option("--redis-url", envvar="SCHEDULEDTASK_REDIS_URL", required=True, show_envvar=True, help="Broker, ledger.")
@click.option(
    "--lease-seconds",
    default=DEFAULT_LEASE_SECONDS,
    show_default=True,
    help="How long after this worker's death its runs count as lost.",
)
@click.option(
    "--visibility-timeout-seconds",
    default=DEFAULT_VISIBILITY_TIMEOUT_SECONDS,
    show_default=True,
    help="How long after this worker's death its messages are back in the queue.",
)
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Start a Celery worker of a pool of heavy tasks.

    SIGTERM lets running bodies end; a second one, or SIGQUIT, stops them, and they run again elsewhere.
    """
    try:
        configure_logging()
        settings = WorkerSettings(**options)
    except (LoggingSettingError, WorkerSettingError) as error:
        raise CommandProblem(str(error)) from error
    ctx.exit(run_worker(settings))
