"""The command lines and environments of the child processes."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scheduledtask_operator.control.ports import PoolKey
from scheduledtask_operator.local.process_tree import MARK_VARIABLE
from scheduledtask_operator.local.project import project_folder
from scheduledtask_operator.local.secrets import LocalSecrets
from scheduledtask_operator.local.state_folder import StateFolder
from scheduledtask_operator.local.supervisor import Program
from scheduledtask_workloads.contract.environment import PROJECT_VARIABLE, REDIS_CA_FILE_VARIABLE, REDIS_URL_VARIABLE
from scheduledtask_workloads.contract.redis_endpoint import RedisEndpoint
from scheduledtask_workloads.contract.secrets import SecretReference, without_variables

JOURNAL_VARIABLE = "SCHEDULEDTASK_BODY_JOURNAL"
RUNNERS_GRACE = "5s"  # light runs are short; what is left is reported as interrupted before our own grace is over
_SCHEDULEDTASK = (sys.executable, "-m", "scheduledtask_operator.cli")


def project_of(paths: Sequence[Path]) -> Path | None:
    """Where task code is being written: the folder that the environment names, else the one beside `paths`."""
    named = os.environ.get(PROJECT_VARIABLE)
    return Path(named).resolve() if named else project_folder(paths)


@dataclass(frozen=True, slots=True)
class Programs:
    """`sockets` must be a short path: a Unix socket's name has about 100 bytes."""

    folder: StateFolder
    sockets: Path
    project: Path | None
    secrets: LocalSecrets

    @property
    def control_socket(self) -> Path:
        return self.sockets / "control"

    @property
    def runners_socket(self) -> Path:
        return self.sockets / "runners"

    def plain_environment(self) -> dict[str, str]:
        """Of a program that holds neither Redis, nor Secrets, nor a journal; its mark says whose it is."""
        unwanted = (REDIS_URL_VARIABLE, REDIS_CA_FILE_VARIABLE)
        environment = without_variables({name: value for name, value in os.environ.items() if name not in unwanted})
        environment[MARK_VARIABLE] = str(self.folder.root)
        if self.project is not None:
            environment[PROJECT_VARIABLE] = str(self.project)
        return environment

    def scheduler(self, redis_url: str) -> Program:
        sockets = ("--control-socket", str(self.control_socket), "--runners-socket", str(self.runners_socket))
        environment = self.plain_environment() | _redis_environment(redis_url)
        return Program("scheduler", (*_SCHEDULEDTASK, "scheduler", *sockets), environment)

    def runners(self, processes: int) -> Program:
        flags = ("--socket", str(self.runners_socket), "--processes", str(processes), "--grace", RUNNERS_GRACE)
        return Program("runners", (*_SCHEDULEDTASK, "runners", *flags), self._body_environment())

    def worker(
        self, redis_url: str, pool: PoolKey, name: str, heartbeat_file: Path, references: tuple[SecretReference, ...]
    ) -> Program:
        """With the values of its pool's Secrets, as they are now."""
        flags = ("--namespace", pool.namespace, "--pool", pool.pool, "--concurrency", "1")
        arguments = (*_SCHEDULEDTASK, "worker", *flags, "--heartbeat-file", str(heartbeat_file))
        environment = self._body_environment() | self.secrets.variables(references) | _redis_environment(redis_url)
        return Program(name, arguments, environment, heartbeat_file)

    def _body_environment(self) -> dict[str, str]:
        return self.plain_environment() | {JOURNAL_VARIABLE: str(self.folder.body_journal)}


def _redis_environment(redis_url: str) -> dict[str, str]:
    """The embedded server is spoken to in plain text, whatever CAs our own environment names."""
    ca_file = os.environ.get(REDIS_CA_FILE_VARIABLE) if RedisEndpoint.parse(redis_url).tls else None
    return {REDIS_URL_VARIABLE: redis_url} | ({REDIS_CA_FILE_VARIABLE: ca_file} if ca_file else {})
