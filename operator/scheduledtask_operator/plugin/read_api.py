"""The leader's read API, reached by the API server's port-forward to its pod."""

import json
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from scheduledtask_operator.cli.problems import EXIT_FAILED, CommandProblem
from scheduledtask_operator.manifests.installation_names import READ_API_PORT
from scheduledtask_operator.plugin.kubectl import Kubectl
from scheduledtask_operator.plugin.operator_place import place_of_operator
from scheduledtask_operator.plugin.refusals import refusal

TIMEOUT_SECONDS = 15.0
_FORWARDING = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+)")
_NO_LEASE = "the operator's Lease names its leader, and it cannot be read"


class ReadApiProblem(CommandProblem):
    """The leader was asked, and did not tell; `status` is HTTP's, 0 where it was not reached."""

    exit_code = EXIT_FAILED

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class RunOutput:
    """`text` is the end of what the run's latest ended attempt printed."""

    run: str
    attempt: int
    state: str
    text: str


@contextmanager
def forwarded(kubectl: Kubectl, operator_namespace: str, lease_name: str) -> Iterator[str]:
    """The URL of the leader's read API, for as long as the context lasts. Raises CommandProblem."""
    place = place_of_operator(kubectl, operator_namespace, lease_name)
    if place.lease is None:
        raise ReadApiProblem(f"{_NO_LEASE}; name its place with --operator-namespace, or ask for the right to read it")
    leader = str((place.lease.get("spec") or {}).get("holderIdentity") or "")
    pod = leader.rpartition("_")[0]  # behind it is what tells one start of the program from the next
    if not pod:
        raise ReadApiProblem("no operator leads now, and only a leader is told of runs; try again in a while")
    command = kubectl.within(place.namespace).command("port-forward", f"pod/{pod}", f":{READ_API_PORT}")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as forward:
        try:
            yield f"http://127.0.0.1:{_local_port(forward)}"
        finally:
            forward.terminate()


def _local_port(forward: "subprocess.Popen[str]") -> int:
    """kubectl says it when it listens; where it may not, it ends."""
    line = forward.stdout.readline() if forward.stdout else ""
    found = _FORWARDING.search(line)
    if found is None:
        forward.terminate()
        raise ReadApiProblem(refusal(forward.stderr.read() if forward.stderr else line).message)
    return int(found[1])


def read_output(url: str, token: str, namespace: str, name: str, run: str) -> RunOutput:
    """Raises ReadApiProblem."""
    place = f"{url}/v1/namespaces/{quote(namespace)}/scheduledtasks/{quote(name)}/runs/{quote(run, safe='')}/output"
    request = urllib.request.Request(place, headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310  http, as made above
            told = json.load(answer)
    except urllib.error.HTTPError as error:
        raise ReadApiProblem(_message(error), error.code) from None
    except (OSError, ValueError) as error:
        raise ReadApiProblem(f"the leader's read API does not answer: {error}; is it enabled in the chart?") from None
    return RunOutput(str(told["run"]), int(told["attempt"]), str(told["state"]), str(told["output"]))


def _message(error: urllib.error.HTTPError) -> str:
    try:
        told: Any = json.load(error)
        return str(told["message"])
    except (ValueError, KeyError, TypeError):
        return f"the leader's read API answers {error.code}"
