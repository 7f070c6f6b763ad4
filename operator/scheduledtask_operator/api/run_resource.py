"""The resource that asks for one run: what is asked, and what became of it."""

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field, field_validator, model_validator

from scheduledtask_operator.api.resource import ObjectMeta
from scheduledtask_operator.api.status import Condition
from scheduledtask_operator.api.trigger_cause import TriggerCause
from scheduledtask_operator.api.wire import (
    JsonObject,
    LooseWireModel,
    ResourceName,
    RunName,
    Whole,
    WireModel,
)
from scheduledtask_workloads.contract import TaskKey
from scheduledtask_workloads.contract.identity import request_run_id
from scheduledtask_workloads.contract.secrets import REFERENCE_FIELD, reference_problems, references_in

RUN_KIND = "ScheduledTaskRun"
RESULT_LIMIT_BYTES = 4096  # as JSON; larger ones stay in the ledger, and etcd holds thousands of these objects
MESSAGE_LIMIT_CHARACTERS = 1024
_TTL_LIMIT_SECONDS = 366 * 24 * 3600
_GENERATED_PREFIX = 58  # of 63 characters, less five that the API server appends


class RunOutcome(StrEnum):
    """How it ended."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    TIMED_OUT = "TimedOut"
    CANCELLED = "Cancelled"
    LOST = "Lost"
    REFUSED = "Refused"  # it never ran


class RunProgress(StrEnum):
    """How far it is; the four in the middle are the ledger's words for a run that has not ended."""

    PENDING = "Pending"
    ADMITTED = "Admitted"
    DISPATCHED = "Dispatched"
    STARTED = "Started"
    WAITING = "Waiting"
    ENDED = "Ended"


class OwnerReference(LooseWireModel):
    """Another object that this one goes away with."""

    api_version: str = Field(description="Its API version.")
    kind: str = Field(description="Its kind.")
    name: str = Field(description="Its name.")
    uid: str = Field(description="Its identity.")


class RunMeta(ObjectMeta):
    """As every object's; `generateName` may stand in the place of a name, for `kubectl create`."""

    name: RunName = Field(description="The name, unique in its namespace: the same name asks for the same run.")
    generate_name: str | None = Field(None, description="The beginning of a name that the API server makes up.")
    owner_references: tuple[OwnerReference, ...] = Field((), description="What it goes away with.")

    @model_validator(mode="before")
    @classmethod
    def _name_as_generated(cls, given: Any) -> Any:
        prefix = given.get("generateName") if isinstance(given, dict) else None
        if not isinstance(prefix, str) or given.get("name") is not None:
            return given
        return {**given, "name": f"{prefix[:_GENERATED_PREFIX]}xxxxx"}


class ScheduledTaskRunSpec(WireModel):
    """Which run is asked for. It cannot be changed afterwards."""

    scheduled_task: ResourceName = Field(description="The ScheduledTask to run, in the same namespace.")
    arguments: JsonObject = Field(
        default_factory=dict,
        max_length=256,
        json_schema_extra={"maxProperties": 256},
        description="Arguments that are laid over the ScheduledTask's own, one by one, for this run alone.",
    )
    slot_time: AwareDatetime | None = Field(
        None,
        description="The slot that the task is told it runs for, such as 2026-11-22T02:00:00Z. Whether that slot ran "
        "by itself makes no difference, and the run starts now.",
    )
    ttl_seconds_after_finished: Whole = Field(
        3600, ge=0, le=_TTL_LIMIT_SECONDS, description="How long this object stays after its run has ended, in seconds."
    )

    triggered_by: TriggerCause | None = Field(
        None,
        description="The run of another ScheduledTask whose end asked for this one. Written by the operator: whoever "
        "writes it asks for the run that follows that one, which there is once.",
    )

    @field_validator("slot_time", mode="before")
    @classmethod
    def _is_an_instant(cls, given: Any) -> Any:
        if isinstance(given, str | datetime) and not str(given).lstrip("+-").replace(".", "").isdigit():
            return given
        raise ValueError("is no time; write it as 2026-11-22T02:00:00Z")

    @field_validator("slot_time", mode="after")
    @classmethod
    def _is_a_slot(cls, given: datetime | None) -> datetime | None:
        if given is not None and given.microsecond:
            raise ValueError("has a fraction of a second, and slots have none; leave it out")
        return given

    @field_validator("arguments", mode="after")
    @classmethod
    def _hold_no_secret(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Who may ask for runs need not be one who may read Secrets, or edit the task that reads them."""
        if references_in(given) or reference_problems(given):
            raise ValueError(f"a run brings no {REFERENCE_FIELD} of its own; write it in the ScheduledTask's arguments")
        return given

    @property
    def slot_epoch_seconds(self) -> int | None:
        return None if self.slot_time is None else int(self.slot_time.timestamp())


class RunCondition(Condition):
    """A condition as Kubernetes writes them. One of the two is True once the run has ended."""

    model_config = ConfigDict(validate_by_name=True)

    type: str = Field(description="Complete or Failed.")


class ScheduledTaskRunStatus(LooseWireModel):
    """What became of it."""

    model_config = ConfigDict(validate_by_name=True)

    state: str | None = Field(
        None, description="How far it is: Pending, Admitted, Dispatched, Started, Waiting, Ended."
    )
    outcome: str | None = Field(
        None, description="How it ended: Succeeded, Failed, TimedOut, Cancelled, Lost, or Refused, if it never ran."
    )
    reason: str | None = Field(None, description="Why it is so, in a word.")
    message: str | None = Field(None, description="Why it is so, in a sentence.")
    run_id: str | None = Field(None, description="The run's id, as in logs and the ScheduledTask's status.")
    attempts: int | None = Field(None, ge=0, description="How many attempts there were.")
    start_time: datetime | None = Field(None, description="When the latest attempt began.")
    completion_time: datetime | None = Field(None, description="When it ended.")
    result: Any = Field(
        None,
        json_schema_extra={"x-kubernetes-preserve-unknown-fields": True},
        description=f"What the task returned, where that is at most {RESULT_LIMIT_BYTES} bytes of JSON.",
    )
    conditions: tuple[RunCondition, ...] = Field(
        (),
        max_length=8,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        description="Complete is True when the run succeeded, Failed when it ended otherwise or never ran.",
    )

    @property
    def ended(self) -> bool:
        return self.outcome is not None


class ScheduledTaskRun(WireModel):
    """One run of a ScheduledTask, outside of its schedule. Deleting it cancels the run."""

    api_version: Literal["scheduledtask.dev/v1alpha1"] = Field(description="The version of this schema.")
    kind: Literal["ScheduledTaskRun"] = Field(description="The kind of the resource.")
    metadata: RunMeta = Field(description="Name, namespace, labels, annotations.")
    spec: ScheduledTaskRunSpec = Field(description="What is asked for; it cannot be changed afterwards.")
    status: ScheduledTaskRunStatus | None = Field(None, description="What became of it.")

    @property
    def task(self) -> TaskKey:
        return TaskKey(self.metadata.namespace, self.spec.scheduled_task)

    @property
    def run_id(self) -> str:
        """The same for the same object; an object of the same name that comes later asks for another run.

        A triggered one is the same for the same end, however often objects are made for it.
        """
        cause = self.spec.triggered_by
        made_for = self.metadata.uid or "" if cause is None else f"{cause.scheduled_task}\0{cause.run_id}"
        return request_run_id(self.metadata.name, made_for)

    @property
    def created_at(self) -> datetime:
        return self.metadata.creation_timestamp or datetime.fromtimestamp(0, UTC)

    @property
    def going(self) -> bool:
        """Its deletion was asked for, and somebody's finalizer holds it."""
        return self.metadata.deletion_timestamp is not None


def kept_result(result: Any) -> tuple[Any, str]:
    """What of a run's result stands in the status, and what is to be said of one that does not."""
    try:
        size_bytes = len(json.dumps(result, allow_nan=False).encode())
    except ValueError:
        return None, "its result has no form in JSON"
    if size_bytes > RESULT_LIMIT_BYTES:
        return None, f"its result of {size_bytes} bytes is more than the {RESULT_LIMIT_BYTES} that are kept here"
    return result, ""
