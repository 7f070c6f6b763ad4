"""`scheduledtask worker`: the program that runs the heavy tasks of one pool."""

from pathlib import Path
from typing import Any

import click

from scheduledtask_operator.cli.problems import CommandProblem
from scheduledtask_operator.cli.redis_options import read_endpoint, redis_options
from scheduledtask_workloads.broker import DEFAULT_VISIBILITY_TIMEOUT_SECONDS
from scheduledtask_workloads.contract.logs import LoggingSettingError, configure_logging
from scheduledtask_workloads.worker import (
    DEFAULT_LEASE_SECONDS,
    RedisRefusedError,
    WorkerSettingError,
    WorkerSettings,
    run_worker,
)


@click.command("worker")
@click.option("--namespace", required=True, help="Whose runs these are; every Redis key lies below it.")
@click.option("--pool", required=True, help="The queue to work on.")
@click.option("--concurrency", default=1, show_default=True, help="Bodies at once, each in its own process.")
@click.option("--heartbeat-file", type=click.Path(path_type=Path), help="Touched each second while the worker lives.")
@redis_options
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
def command(ctx: click.Context, /, redis_url: str, redis_ca_file: Path | None, **options: Any) -> None:
    """Start a Celery worker of a pool of heavy tasks.

    SIGTERM lets running bodies end; a second one, or SIGQUIT, stops them, and they run again elsewhere.
    """
    try:
        configure_logging()
        settings = WorkerSettings(redis=read_endpoint(redis_url, redis_ca_file), **options)
        exit_code = run_worker(settings)
    except (LoggingSettingError, WorkerSettingError, RedisRefusedError) as error:
        raise CommandProblem(str(error)) from error
    ctx.exit(exit_code)
