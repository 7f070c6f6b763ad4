"""What the scheduler holds for one ScheduledTask."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from scheduledtask_workloads.contract.identity import TaskKey
from scheduledtask_workloads.contract.model import Message


class TaskClass(StrEnum):
    """Which engine runs a task."""

    LIGHT = "Light"
    HEAVY = "Heavy"


class CatchUp(StrEnum):
    """What becomes of slots that were missed."""

    SKIP = "Skip"
    LATEST = "Latest"


class ConcurrencyPolicy(StrEnum):
    """What happens to a slot while `max_concurrency` runs are active: Forbid skips it, Allow starts it all the same."""

    ALLOW = "Allow"
    FORBID = "Forbid"


class JobSchedule(Message):
    """When a job is due; the fields of `schedule.parse_rule`."""

    expression: str
    time_zone: str = "UTC"
    dst_policy: str = "RunOnce"
    jitter_seconds: int = 0
    anchor_epoch_seconds: int = 0  # the resource's creation, where `@every` counts from
    effective_from_epoch_seconds: int = 0  # only slots strictly after: rule first seen, or suspension lifted


class RetryPolicy(Message):
    """`limit` counts failures that are retried, `on_lost` attempts whose host died."""

    limit: int = 0
    backoff_seconds: float = 30.0
    max_backoff_seconds: float = 600.0
    on_lost: int = 3


class Job(Message):
    """One ScheduledTask, resolved: its class is decided, its arguments are valid, its defaults are filled in."""

    namespace: str
    name: str
    task_class: TaskClass
    task: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    schedule: JobSchedule | None = None  # None: on demand
    suspended: bool = False
    starting_deadline_seconds: int | None = None
    catch_up: CatchUp = CatchUp.LATEST
    concurrency_policy: ConcurrencyPolicy = ConcurrencyPolicy.FORBID
    max_concurrency: int = 1
    timeout_seconds: float = 300.0
    memory_limit_bytes: int | None = None
    retry: RetryPolicy = RetryPolicy()
    pool: str = ""  # heavy only
    artifacts_url: str = ""
    history_limit: int = 10

    @property
    def key(self) -> TaskKey:
        return TaskKey(self.namespace, self.name)
