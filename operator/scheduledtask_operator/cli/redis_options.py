"""How a program is told of its Redis: the two options that all of them share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from scheduledtask_operator.cli.problems import CommandProblem
from scheduledtask_workloads.contract.environment import REDIS_CA_FILE_VARIABLE, REDIS_URL_VARIABLE
from scheduledtask_workloads.contract.redis_endpoint import FORMS, RedisEndpoint, RedisEndpointError


def redis_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--redis-url` and `--redis-ca-file`, as `redis_url` and `redis_ca_file`."""
    for option in (
        click.option(
            "--redis-ca-file",
            type=click.Path(path_type=Path),
            envvar=REDIS_CA_FILE_VARIABLE,
            show_envvar=True,
            help="PEM: the CAs that vouch for Redis' certificate.  [default: those of the system]",
        ),
        click.option(
            "--redis-url",
            envvar=REDIS_URL_VARIABLE,
            show_envvar=True,
            required=True,
            help=f"The ledger and Celery's broker: {FORMS}; USER:PASSWORD@ before the first host.",
        ),
    ):
        command = option(command)
    return command


def read_endpoint(redis_url: str, redis_ca_file: Path | None) -> RedisEndpoint:
    """Raises CommandProblem."""
    try:
        return RedisEndpoint.parse(redis_url, redis_ca_file)
    except RedisEndpointError as error:
        raise CommandProblem(str(error)) from error
