"""ScheduledTasks and runs by their names; a name that is none is answered with the nearest of its own namespace."""

from scheduledtask_operator.cli.problems import CommandProblem
from scheduledtask_operator.cli.suggestions import did_you_mean
from scheduledtask_operator.plugin.kubectl import TASKS, Kubectl, Object
from scheduledtask_operator.plugin.refusals import KubectlRefusal, Refusal


def find_task(kubectl: Kubectl, name: str) -> Object:
    """Raises CommandProblem, with what it may be called instead where that may be seen."""
    try:
        return kubectl.get(f"{TASKS}/{bare_name(name)}")
    except KubectlRefusal as refused:
        if refused.kind is not Refusal.NOT_FOUND:
            raise
        raise CommandProblem(
            f"there is no ScheduledTask {bare_name(name)}{_others(kubectl, bare_name(name))}"
        ) from None


def bare_name(name: str) -> str:
    """Without the kind that `-o name` writes before it."""
    kind, _, rest = name.rpartition("/")
    return rest if kind in ("", "stask", "scheduledtask", "scheduledtasks", "scheduledtask.scheduledtask.dev") else name


def names(kubectl: Kubectl) -> list[str]:
    """Raises KubectlRefusal."""
    return kubectl.run("get", TASKS, "--output=jsonpath={.items[*].metadata.name}").split()


def _others(kubectl: Kubectl, name: str) -> str:
    where = f" in namespace {kubectl.namespace}" if kubectl.namespace else ""
    try:
        known = names(kubectl)
    except KubectlRefusal:
        return where
    return f"{where}; {did_you_mean(name, known[:20])}" if known else f"{where}, nor any other"
