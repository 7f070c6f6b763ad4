"""The resource: its models, the parser of manifests with its error messages, and the CRD made from the models."""

from scheduledtask_operator.api.choices import (
    Adaptation,
    CatchUpChoice,
    ClassChoice,
    ConcurrencyChoice,
    TriggerOutcome,
)
from scheduledtask_operator.api.crd import PLURAL, RUN_PLURAL, crd_file_name, crds, to_yaml
from scheduledtask_operator.api.parsing import (
    ParsedResource,
    ParsedRun,
    ParseResult,
    manifest_files,
    parse_directory,
    parse_manifests,
    parse_paths,
)
from scheduledtask_operator.api.problems import ManifestProblem, Notice
from scheduledtask_operator.api.resource import (
    API_VERSION,
    GROUP,
    KIND,
    PAUSED_ANNOTATION,
    VERSION,
    ObjectMeta,
    ScheduledTask,
)
from scheduledtask_operator.api.run_resource import (
    RUN_KIND,
    RunOutcome,
    RunProgress,
    ScheduledTaskRun,
    ScheduledTaskRunSpec,
    ScheduledTaskRunStatus,
)
from scheduledtask_operator.api.spec import Artifacts, Profile, Retry, ScheduledTaskSpec, Trigger, Worker
from scheduledtask_operator.api.status import Condition, ScheduledTaskStatus
from scheduledtask_workloads.contract import Requirement, TaskClass

__all__ = [
    "API_VERSION",
    "GROUP",
    "PAUSED_ANNOTATION",
    "KIND",
    "PLURAL",
    "RUN_KIND",
    "RUN_PLURAL",
    "VERSION",
    "Adaptation",
    "Artifacts",
    "CatchUpChoice",
    "ClassChoice",
    "ConcurrencyChoice",
    "Condition",
    "ManifestProblem",
    "Notice",
    "ObjectMeta",
    "ParseResult",
    "ParsedResource",
    "ParsedRun",
    "Profile",
    "Requirement",
    "Retry",
    "RunOutcome",
    "RunProgress",
    "ScheduledTask",
    "ScheduledTaskRun",
    "ScheduledTaskRunSpec",
    "ScheduledTaskRunStatus",
    "ScheduledTaskSpec",
    "ScheduledTaskStatus",
    "TaskClass",
    "Trigger",
    "TriggerOutcome",
    "Worker",
    "crd_file_name",
    "crds",
    "manifest_files",
    "parse_directory",
    "parse_manifests",
    "parse_paths",
    "to_yaml",
]
