"""The API server, asked through the kubectl that this is a plugin of.

So it is asked as whoever kubectl is, by every way that kubectl knows to log in, and the plugin's own start stays short:
kubectl is there in some 50 ms, a client library of Python's takes a second to import.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from scheduledtask_operator.plugin.refusals import KubectlRefusal, refusal

Object = dict[str, Any]
KUBECTL_VARIABLE = "SCHEDULEDTASK_KUBECTL"
TASKS = "scheduledtasks.scheduledtask.dev"
RUNS = "scheduledtaskruns.scheduledtask.dev"
READS_AT_ONCE = 6
_NO_KUBECTL = "there is no kubectl on PATH; install it, or name it in " + KUBECTL_VARIABLE


@dataclass(frozen=True, slots=True)
class Asked:
    """One `kubectl get`: what, and with which options."""

    what: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kubectl:
    """`options` say which cluster, and as whom. `namespace`: "" is the one of the kubeconfig's context."""

    options: tuple[str, ...] = ()
    namespace: str = ""
    program: str = field(default_factory=lambda: os.environ.get(KUBECTL_VARIABLE, "kubectl"))

    def command(self, *arguments: str) -> list[str]:
        """What to start; raises KubectlRefusal where there is no kubectl."""
        program = shutil.which(self.program)
        if program is None:
            raise KubectlRefusal(_NO_KUBECTL)
        where = (f"--namespace={self.namespace}",) if self.namespace else ()
        return [program, *self.options, *where, *arguments]

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Its standard output. Raises KubectlRefusal, of one line, and of a kind that can be asked for."""
        return self.attempt(*arguments, stdin=stdin)[0]

    def attempt(self, *arguments: str, stdin: str | None = None) -> tuple[str, str]:
        """Its standard output and its warnings."""
        done = subprocess.run(self.command(*arguments), input=stdin, capture_output=True, text=True, check=False)
        if done.returncode:
            raise refusal(done.stderr)
        return done.stdout, done.stderr

    def get(self, what: str, *options: str) -> Object:
        """One object, or a List. Raises KubectlRefusal."""
        found: Object = json.loads(self.run("get", what, "--output=json", *options))
        return found

    def items(self, what: str, *options: str) -> list[Object]:
        """Raises KubectlRefusal."""
        found: list[Object] = self.get(what, *options)["items"]
        return found

    def within(self, namespace: str) -> "Kubectl":
        return Kubectl(self.options, namespace, self.program)

    def get_each(self, asked: Iterable[Asked]) -> list["Object | KubectlRefusal"]:
        """All at once; what was refused stands in its place."""
        with ThreadPoolExecutor(READS_AT_ONCE) as threads:
            return list(threads.map(self._get_or_refusal, asked))

    def _get_or_refusal(self, asked: Asked) -> "Object | KubectlRefusal":
        try:
            return self.get(asked.what, *asked.options)
        except KubectlRefusal as refused:
            return refused
