"""`scheduledtask scheduler`: the sidecar program."""

import asyncio
from pathlib import Path

import click

from scheduledtask_operator.cli.problems import CommandProblem
from scheduledtask_operator.cli.redis_options import read_endpoint, redis_options
from scheduledtask_workloads.contract.logs import LoggingSettingError, configure_logging
from scheduledtask_workloads.contract.redis_endpoint import RedisEndpoint
from scheduledtask_workloads.scheduler import PortInUseError, Settings, SocketInUseError, run_scheduler

DEFAULTS = Settings(Path(), Path(), RedisEndpoint(()))


@click.command("scheduler", help="Start the scheduler program (a pod's sidecar).")
@click.option(
    "--control-socket",
    type=click.Path(path_type=Path),
    required=True,
    help="Unix socket to listen on for the control plane.",
)
@click.option(
    "--runners-socket", type=click.Path(path_type=Path), required=True, help="Unix socket that the runners listen on."
)
@redis_options
@click.option(
    "--lease-seconds",
    type=click.FloatRange(2, 600),
    default=DEFAULTS.lease_seconds,
    show_default=True,
    help="How long a light attempt counts as alive after its last heartbeat.",
)
@click.option(
    "--slice-size",
    type=click.IntRange(1, 5000),
    default=DEFAULTS.slice_size,
    show_default=True,
    help="Attempts admitted in one call.",
)
@click.option(
    "--redis-timeout-seconds",
    type=click.FloatRange(0.05, 5),
    default=DEFAULTS.redis_timeout_seconds,
    show_default=True,
    help="How long a slot waits for Redis before light tasks go on without it.",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    help="Serve /metrics for Prometheus here; 0 is any port that is free.  [default: not at all]",
)
@click.option(
    "--heartbeat-file", type=click.Path(path_type=Path), help="Touched each second while the scheduler is alive."
)
def command(
    control_socket: Path,
    runners_socket: Path,
    redis_url: str,
    redis_ca_file: Path | None,
    lease_seconds: float,
    slice_size: int,
    redis_timeout_seconds: float,
    metrics_port: int | None,
    heartbeat_file: Path | None,
) -> None:
    redis = read_endpoint(redis_url, redis_ca_file)
    settings = Settings(
        control_socket=control_socket,
        runners_socket=runners_socket,
        redis=redis,
        lease_seconds=lease_seconds,
        slice_size=slice_size,
        redis_timeout_seconds=redis_timeout_seconds,
        metrics_port=metrics_port,
        heartbeat_file=heartbeat_file,
    )
    try:
        configure_logging()
        asyncio.run(run_scheduler(settings))
    except (LoggingSettingError, PortInUseError, SocketInUseError) as error:
        raise CommandProblem(str(error)) from error
