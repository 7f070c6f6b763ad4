"""The resource itself: a ScheduledTask with its metadata, checked as a whole."""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from scheduledtask_operator.api.rules import broken_rules
from scheduledtask_operator.api.spec import ScheduledTaskSpec
from scheduledtask_operator.api.status import ScheduledTaskStatus
from scheduledtask_operator.api.wire import LooseWireModel, NamespaceName, ResourceName, WireModel
from scheduledtask_workloads.contract import TaskKey
from scheduledtask_workloads.schedule import ScheduleError, check_zone, parse_rule

GROUP = "scheduledtask.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
PAUSED_ANNOTATION = f"{GROUP}/paused"  # of a Namespace
KIND = "ScheduledTask"
_SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)  # a manifest has no creation yet, which @every counts from


class ObjectMeta(LooseWireModel):
    """What Kubernetes keeps of every object; fields that are of no use here are ignored."""

    name: ResourceName = Field(description="The name, unique in its namespace.")
    namespace: NamespaceName = Field("default", description="The namespace.")
    labels: dict[str, str] = Field(default_factory=dict, description="Labels.")
    annotations: dict[str, str] = Field(default_factory=dict, description="Annotations.")
    creation_timestamp: AwareDatetime | None = Field(None, description="When it was created; @every counts from it.")
    deletion_timestamp: AwareDatetime | None = Field(None, description="When its deletion was asked for.")
    uid: str | None = Field(None, description="Its identity through time.")
    generation: int | None = Field(None, description="Counts the changes of spec.")
    resource_version: str | None = Field(None, description="Counts all changes.")


class ScheduledTask(WireModel):
    """A task of the catalog, run on a schedule or on demand, by the engine its class names."""

    api_version: Literal["scheduledtask.dev/v1alpha1"] = Field(description="The version of this schema.")
    kind: Literal["ScheduledTask"] = Field(description="The kind of the resource.")
    metadata: ObjectMeta = Field(description="Name, namespace, labels, annotations.")
    spec: ScheduledTaskSpec = Field(description="What is asked for.")
    status: ScheduledTaskStatus | None = Field(None, description="What the operator last saw and did.")

    @property
    def key(self) -> TaskKey:
        return TaskKey(self.metadata.namespace, self.metadata.name)

    @model_validator(mode="after")
    def _check_as_a_whole(self) -> "ScheduledTask":
        findings = [(rule.field, rule.message) for rule in broken_rules(self.spec)]
        findings += _time_findings(self.spec, str(self.key), self.metadata.creation_timestamp)
        if findings:
            wire = self.spec.model_dump(mode="json")
            raise ValidationError.from_exception_data(KIND, [_line_error(*finding, wire) for finding in findings])
        return self


Finding = tuple[tuple[str, ...], str]


def _time_findings(spec: ScheduledTaskSpec, identity: str, created: datetime | None) -> list[Finding]:
    try:
        check_zone(spec.time_zone)
    except ScheduleError as error:
        return [(("timeZone",), str(error))]
    if spec.schedule is None:
        return []
    anchor = created or _SOME_TIME
    try:
        parse_rule(
            spec.schedule, time_zone=spec.time_zone, dst_policy=spec.dst_policy, identity=identity, anchor=anchor
        )
    except ScheduleError as error:
        return [(("schedule",), str(error))]
    return []


def _line_error(field: tuple[str, ...], message: str, wire: dict[str, Any]) -> InitErrorDetails:
    value: Any = wire
    for name in field:
        value = value[name]
    error = PydanticCustomError("rule", "{message}", {"message": message})
    return InitErrorDetails(type=error, loc=("spec", *field), input=value)
