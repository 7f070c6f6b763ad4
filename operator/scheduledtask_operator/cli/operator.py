"""`scheduledtask operator`: the operator program."""

import asyncio
from pathlib import Path

import click
from pydantic import ValidationError

from scheduledtask_operator.cli.problems import CommandProblem
from scheduledtask_operator.cli.redis_options import read_endpoint
from scheduledtask_operator.cluster.errors import ClusterError
from scheduledtask_operator.cluster.kopf_logs import tame_kopf
from scheduledtask_operator.cluster.program import run_operator
from scheduledtask_operator.cluster.settings import HTTP_PORT, LEASE_NAME, OperatorSettings, own_namespace, own_pod_name
from scheduledtask_operator.decisions.light_allowance import LightAllowance, LightRule, LightRuleError
from scheduledtask_operator.manifests.installation_permissions import SECRET_READER_ROLE
from scheduledtask_operator.manifests.worker_redis import WorkerRedis
from scheduledtask_workloads.contract import CatalogDocument
from scheduledtask_workloads.contract.logs import LoggingSettingError, configure_logging
from scheduledtask_workloads.contract.redis_endpoint import FORMS


@click.command(
    "operator",
    help="Start the operator. In a pod it is its service account; elsewhere it goes by KUBECONFIG. POD_NAMESPACE and"
    " POD_NAME say where its Lease lies and what it is called there.",
    context_settings={"auto_envvar_prefix": "SCHEDULEDTASK"},
)
@click.option(
    "--control-socket",
    type=click.Path(path_type=Path),
    required=True,
    help="Unix socket on which its own scheduler listens.",
)
@click.option(
    "--namespace",
    "namespaces",
    multiple=True,
    help="See the ScheduledTasks of this namespace only; may be given again.  [default: all namespaces]",
)
@click.option(
    "--http-port",
    type=click.IntRange(0, 65535),
    default=HTTP_PORT,
    show_default=True,
    help="Of /healthz, /readyz and /metrics; 0 is any that is free.",
)
@click.option(
    "--read-api-port",
    type=click.IntRange(0, 65535),
    help="On the pod's own loopback: what runs printed, for `kubectl scheduledtask logs`.  [default: none]",
)
@click.option("--lease-name", default=LEASE_NAME, show_default=True, help="Of operators that share one, one leads.")
@click.option("--worker-image", default="", help="Of heavy tasks that name none.")
@click.option(
    "--image-pull-policy",
    type=click.Choice(["IfNotPresent", "Always", "Never"]),
    default="IfNotPresent",
    show_default=True,
    help="Of the workers' pods.",
)
@click.option("--worker-redis-url", default="", show_envvar=True, help=f"Redis as workers reach it: {FORMS}.")
@click.option(
    "--worker-redis-ca-file",
    type=click.Path(path_type=Path),
    help="PEM: the CAs that vouch for Redis' certificate; each namespace's Secret gets them.",
)
@click.option(
    "--worker-redis-users",
    type=click.Choice(["namespace", "given"]),
    default="namespace",
    show_default=True,
    help="`namespace`: each has a Redis user of its own, which the scheduler makes. `given`: all workers connect as the"
    " one in --worker-redis-url, for a Redis that lets nobody make users.",
)
@click.option(
    "--light-allow",
    "light_rules",
    metavar="NAMESPACE/TASK",
    multiple=True,
    help="This task may run light in that namespace, beside the built-in ones, which may in all; * is any of either."
    " May be given again.",
)
@click.option(
    "--runners-catalog",
    type=click.Path(path_type=Path),
    help="File with the catalog of its own runners: their light tasks stand beside the built-in ones.  [default: none]",
)
@click.option(
    "--secret-reader-role",
    default=SECRET_READER_ROLE,
    show_default=True,
    help="The ClusterRole that a namespace binds to let light tasks take arguments from its Secrets.",
)
@click.option("--artifacts-url", default="", help="Where runs leave their files when their task says nothing else.")
def command(
    control_socket: Path,
    namespaces: tuple[str, ...],
    http_port: int,
    read_api_port: int | None,
    lease_name: str,
    worker_image: str,
    image_pull_policy: str,
    worker_redis_url: str,
    worker_redis_ca_file: Path | None,
    worker_redis_users: str,
    light_rules: tuple[str, ...],
    runners_catalog: Path | None,
    secret_reader_role: str,
    artifacts_url: str,
) -> None:
    worker_redis = _worker_redis(worker_redis_url, worker_redis_ca_file, as_given=worker_redis_users == "given")
    settings = OperatorSettings(
        control_socket=control_socket,
        namespaces=namespaces,
        http_port=http_port,
        read_api_port=read_api_port,
        lease_name=lease_name,
        own_namespace=own_namespace(),
        pod_name=own_pod_name(),
        worker_image=worker_image,
        image_pull_policy=image_pull_policy,
        worker_redis=worker_redis,
        light_allowance=_light_allowance(light_rules),
        runners_catalog=_runners_catalog(runners_catalog),
        secret_reader_role=secret_reader_role,
        artifacts_url=artifacts_url,
    )
    try:
        configure_logging()
        tame_kopf()
        asyncio.run(run_operator(settings))
    except (LoggingSettingError, ClusterError) as error:
        raise CommandProblem(str(error)) from error


def _light_allowance(rules: tuple[str, ...]) -> LightAllowance:
    """Raises CommandProblem."""
    try:
        return LightAllowance(frozenset(map(LightRule.parse, rules)))
    except LightRuleError as error:
        raise CommandProblem(f"--light-allow: {error}") from error


def _runners_catalog(file: Path | None) -> CatalogDocument:
    """Raises CommandProblem."""
    if file is None:
        return CatalogDocument()
    try:
        return CatalogDocument.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise CommandProblem(
            f"--runners-catalog: {file} is not what `python -m scheduledtask_workloads.catalog` prints: {error}"
        ) from error


def _worker_redis(url: str, ca_file: Path | None, *, as_given: bool) -> WorkerRedis | None:
    """Raises CommandProblem."""
    if not url:
        return None
    endpoint = read_endpoint(url, ca_file)
    if as_given and not endpoint.credentials.password:
        raise CommandProblem(
            "--worker-redis-users=given, and --worker-redis-url has no password; write USER:PASSWORD@ before its host"
        )
    return WorkerRedis(endpoint, ca_file.read_text() if ca_file else "", as_given)
