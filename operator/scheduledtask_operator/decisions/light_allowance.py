"""Who may run what on the light engine: its runners are shared by all namespaces, so the platform team says.

The built-in light tasks are everybody's. Any other task needs a rule; a command line without rules denies it.
"""

from dataclasses import dataclass
from typing import NamedTuple

from scheduledtask_operator.api import ScheduledTask
from scheduledtask_workloads.contract import CatalogEntry

ANY = "*"
BUILTIN_SOURCE = "builtin of scheduledtask"  # the entry point of our own package, as the catalog names it


class LightRuleError(ValueError):
    """A rule that cannot be read; the message has it, and how one is written."""


class LightRule(NamedTuple):
    """`*` in the place of either is any."""

    namespace: str
    task: str

    @classmethod
    def parse(cls, text: str) -> "LightRule":
        """From `NAMESPACE/TASK`. Raises LightRuleError."""
        namespace, slash, task = text.strip().partition("/")
        if not (namespace and slash and task):
            raise LightRuleError(f"{text!r} is no NAMESPACE/TASK; write team-a/report, team-a/* or */report")
        if any(ANY in part and part != ANY for part in (namespace, task)):
            raise LightRuleError(f"{text!r}: a * stands for a whole namespace or task, not for a part of its name")
        return cls(namespace, task)

    def allows(self, namespace: str, task: str) -> bool:
        return self.namespace in (ANY, namespace) and self.task in (ANY, task)


@dataclass(frozen=True, slots=True)
class LightAllowance:
    """None: no bounds, as on a machine of one's own."""

    rules: frozenset[LightRule] | None = None

    def refusal(self, task: ScheduledTask, entry: CatalogEntry, *, is_of_runners_alone: bool) -> str:
        """What to ask for, of a task that may not run light; empty when it may.

        `is_of_runners_alone`: the workers' image does not have it, so that it cannot just be made heavy.
        """
        namespace, name = task.metadata.namespace, entry.name
        if self.rules is None or entry.source == BUILTIN_SOURCE:
            return ""
        if any(rule.allows(namespace, name) for rule in self.rules):
            return ""
        image = " and name an image that has it in spec.worker.image" if is_of_runners_alone else ""
        return (
            f'spec.task: "{name}" may not run light in namespace {namespace}; ask the platform team to list '
            f"{namespace}/{name} (the operator's --light-allow), or write class: Heavy{image}"
        )


NO_BOUNDS = LightAllowance()
BUILT_IN_ALONE = LightAllowance(frozenset())
