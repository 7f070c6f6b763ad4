"""The run whose end made a ScheduledTaskRun, as its spec tells of it."""

from datetime import UTC, datetime
from typing import Any, Self

from pydantic import AwareDatetime, Field

from scheduledtask_operator.api.choices import TriggerOutcome
from scheduledtask_operator.api.wire import LooseWireModel, ResourceName, Whole
from scheduledtask_workloads.contract import TriggeredBy

_TEXT_LIMIT = 2048


class TriggerCause(LooseWireModel):
    """The end of another ScheduledTask's run."""

    scheduled_task: ResourceName = Field(description="The ScheduledTask that ran, in the same namespace.")
    run_id: str = Field(max_length=256, description="Its run. The run that follows has an id made from this one.")
    outcome: TriggerOutcome = Field(description="How it ended.")
    reason: str = Field("", max_length=_TEXT_LIMIT, description="Why it ended so, in a word.")
    message: str = Field("", max_length=_TEXT_LIMIT, description="Why it ended so, in a sentence.")
    result: Any = Field(
        None,
        json_schema_extra={"x-kubernetes-preserve-unknown-fields": True},
        description="What it returned, where that is small.",
    )
    attempts: Whole = Field(0, ge=0, description="How many attempts it had.")
    slot_time: AwareDatetime | None = Field(None, description="The slot that it ran for, if any.")
    start_time: AwareDatetime | None = Field(None, description="When its latest attempt began.")
    completion_time: AwareDatetime | None = Field(None, description="When it ended.")
    artifacts_url: str = Field("", max_length=_TEXT_LIMIT, description="The folder of its files.")
    depth: Whole = Field(
        1, ge=1, le=1000, description="How many triggers led here: 1 when that run was not triggered itself."
    )

    @classmethod
    def of(cls, cause: TriggeredBy) -> Self:
        return cls.model_validate(
            {
                "scheduledTask": cause.scheduled_task,
                "runId": cause.run_id,
                "outcome": cause.outcome,
                "reason": cause.reason,
                "message": cause.message[:_TEXT_LIMIT],
                "result": cause.result,
                "attempts": cause.attempts,
                "slotTime": _instant(cause.slot_epoch_seconds),
                "startTime": _instant(cause.started_at),
                "completionTime": _instant(cause.ended_at),
                "artifactsUrl": cause.artifacts_url[:_TEXT_LIMIT],
                "depth": cause.depth,
            }
        )

    @property
    def told(self) -> TriggeredBy:
        """As the body may know it."""
        return TriggeredBy(
            scheduled_task=self.scheduled_task,
            run_id=self.run_id,
            outcome=self.outcome,
            reason=self.reason,
            message=self.message,
            result=self.result,
            attempts=self.attempts,
            slot_epoch_seconds=None if self.slot_time is None else int(self.slot_time.timestamp()),
            started_at=_seconds(self.start_time),
            ended_at=_seconds(self.completion_time),
            artifacts_url=self.artifacts_url,
            depth=self.depth,
        )


def _instant(unix_seconds: float | None) -> datetime | None:
    return None if unix_seconds is None else datetime.fromtimestamp(unix_seconds, UTC)


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
