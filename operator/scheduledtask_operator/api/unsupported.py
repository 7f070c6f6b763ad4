"""What the resource can already say and no engine of this version can do.

Such a field is refused, never silently ignored. Building an engine means deleting its lines here; the CRD and the
reference page follow.
"""

from collections.abc import Callable
from dataclasses import dataclass

from scheduledtask_operator.api.choices import Adaptation, CatchUpChoice, ConcurrencyChoice
from scheduledtask_operator.api.spec import ScheduledTaskSpec


@dataclass(frozen=True, slots=True)
class Unsupported:
    """`field`: names on the wire, below spec. `value`: the one that is refused, None for the whole field.

    `cel` is true of a spec that does not use it, None where CEL cannot see it; `used` says whether a spec uses it.
    """

    field: tuple[str, ...]
    instead: str
    used: Callable[[ScheduledTaskSpec], bool]
    cel: str | None
    value: str | None = None

    @property
    def message(self) -> str:
        return f"not supported yet; {self.instead}"


UNSUPPORTED: tuple[Unsupported, ...] = (
    Unsupported(
        field=("exclude",),
        instead="leave it out, and choose a schedule without those times",
        used=lambda spec: spec.exclude is not None,
        cel="!has(self.exclude)",
    ),
    Unsupported(
        field=("catchUp",),
        value="All",
        instead="write Latest or Skip",
        used=lambda spec: spec.catch_up is CatchUpChoice.ALL,
        cel="self.catchUp != 'All'",
    ),
    Unsupported(
        field=("catchUpLimit",),
        instead="leave it out; Latest runs one missed slot at most",
        used=lambda spec: spec.catch_up_limit != 100,
        cel="self.catchUpLimit == 100",
    ),
    Unsupported(
        field=("adaptation",),
        value="Recommend",
        instead='write "Off", in quotes, or leave it out',
        used=lambda spec: spec.adaptation is Adaptation.RECOMMEND,
        cel="self.adaptation != 'Recommend'",
    ),
    Unsupported(
        field=("adaptation",),
        value="Apply",
        instead='write "Off", in quotes, or leave it out',
        used=lambda spec: spec.adaptation is Adaptation.APPLY,
        cel="self.adaptation != 'Apply'",
    ),
    Unsupported(
        field=("concurrencyPolicy",),
        value="Replace",
        instead="write Forbid or Allow",
        used=lambda spec: spec.concurrency_policy is ConcurrencyChoice.REPLACE,
        cel="self.concurrencyPolicy != 'Replace'",
    ),
    Unsupported(
        field=("concurrencyPolicy",),
        value="Queue",
        instead="write Forbid or Allow",
        used=lambda spec: spec.concurrency_policy is ConcurrencyChoice.QUEUE,
        cel="self.concurrencyPolicy != 'Queue'",
    ),
    Unsupported(
        field=("queueLimit",),
        instead="leave it out; no run waits under Forbid or Allow",
        used=lambda spec: spec.queue_limit != 10,
        cel="self.queueLimit == 10",
    ),
    Unsupported(
        field=("pauseAfterFailures",),
        instead="leave it out, and write suspend: true to pause a task",
        used=lambda spec: spec.pause_after_failures is not None,
        cel="!has(self.pauseAfterFailures)",
    ),
    Unsupported(
        field=("artifacts", "url"),
        value="URLs other than file://",
        instead="write a folder of this machine, or file:// with one",
        used=lambda spec: spec.artifacts is not None and not _is_local(spec.artifacts.url),
        cel="!has(self.artifacts) || !self.artifacts.url.contains('://') || self.artifacts.url.startsWith('file://')",
    ),
)


def _is_local(url: str) -> bool:
    return "://" not in url or url.startswith("file://")
