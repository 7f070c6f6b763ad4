"""What fields must be to one another: once as CEL for the API server, once as Python for everything else.

The message is the same on both ways. A rule without CEL is one that CEL cannot see.
"""

from collections.abc import Callable
from dataclasses import dataclass

from scheduledtask_operator.api.choices import ClassChoice
from scheduledtask_operator.api.spec import ScheduledTaskSpec
from scheduledtask_operator.api.unsupported import UNSUPPORTED, Unsupported


@dataclass(frozen=True, slots=True)
class Rule:
    """`field`: names on the wire, below spec. `cel` is true of a good spec, `broken` of a bad one."""

    field: tuple[str, ...]
    message: str
    broken: Callable[[ScheduledTaskSpec], bool]
    cel: str | None


def _timeout_is_shorter_than_the_run(spec: ScheduledTaskSpec) -> bool:
    """In whole seconds: CEL's estimate of the cost of anything finer is beyond the API server's budget."""
    if spec.timeout_seconds is None or spec.profile.duration_seconds is None:
        return False
    return spec.timeout_seconds < int(spec.profile.duration_seconds)


# CEL's duration() knows no days, so a comparison with days in it is left to the operator.
RELATIONS: tuple[Rule, ...] = (
    Rule(
        field=("jitterSeconds",),
        message="puts off slots, but there is no schedule; leave it out or add spec.schedule",
        broken=lambda spec: spec.jitter_seconds > 0 and spec.schedule is None,
        cel="self.jitterSeconds == 0 || has(self.schedule)",
    ),
    Rule(
        field=("maxConcurrency",),
        message="a Light task runs one at a time; write 1, or class: Heavy",
        broken=lambda spec: spec.class_ is ClassChoice.LIGHT and spec.max_concurrency > 1,
        cel="self.class != 'Light' || self.maxConcurrency == 1",
    ),
    Rule(
        field=("worker", "pool"),
        message="a Light task has no workers; leave it out, or write class: Heavy",
        broken=lambda spec: spec.class_ is ClassChoice.LIGHT and spec.worker.pool is not None,
        cel="self.class != 'Light' || !has(self.worker.pool)",
    ),
    Rule(
        field=("worker", "minReplicas"),
        message="a Light task has no workers; write 0, or class: Heavy",
        broken=lambda spec: spec.class_ is ClassChoice.LIGHT and spec.worker.min_replicas > 0,
        cel="self.class != 'Light' || self.worker.minReplicas == 0",
    ),
    Rule(
        field=("worker", "minReplicas"),
        message="is more than worker.maxReplicas; write at most that, or raise it",
        broken=lambda spec: spec.worker.min_replicas > spec.worker.max_replicas,
        cel="self.worker.minReplicas <= self.worker.maxReplicas",
    ),
    Rule(
        field=("retry", "backoff"),
        message="is longer than retry.maxBackoff; write at most that, or raise it",
        broken=lambda spec: spec.retry.backoff_seconds > spec.retry.max_backoff_seconds,
        cel="self.retry.backoff.contains('d') || self.retry.maxBackoff.contains('d') || "
        "duration(self.retry.backoff) <= duration(self.retry.maxBackoff)",
    ),
    Rule(
        field=("timeoutSeconds",),
        message="ends a run before its declared profile.duration; write more than that, or leave it out",
        broken=_timeout_is_shorter_than_the_run,
        cel="!has(self.timeoutSeconds) || !has(self.profile.duration) || self.profile.duration.contains('d') || "
        "duration(self.profile.duration).getSeconds() <= self.timeoutSeconds",
    ),
)


def _refusal(entry: Unsupported) -> Rule:
    return Rule(entry.field, entry.message, entry.used, entry.cel)


RULES: tuple[Rule, ...] = (*RELATIONS, *(_refusal(entry) for entry in UNSUPPORTED))


def broken_rules(spec: ScheduledTaskSpec) -> list[Rule]:
    """The rules that `spec` breaks, in the order they are listed."""
    return [rule for rule in RULES if rule.broken(spec)]
