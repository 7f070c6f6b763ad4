"""What crosses between the parts: jobs, grants, runs, the catalog document, socket messages and Redis key names."""

from scheduledtask_workloads.contract.catalog_document import (
    ArgumentProblem,
    ArgumentsAnswer,
    ArgumentsQuestion,
    CatalogDocument,
    CatalogEntry,
    CatalogProblem,
    Requirement,
    TaskProfile,
)
from scheduledtask_workloads.contract.identity import AttemptRef, TaskKey, slot_run_id
from scheduledtask_workloads.contract.job import (
    CatchUp,
    ConcurrencyPolicy,
    Job,
    JobSchedule,
    RetryPolicy,
    TaskClass,
)
from scheduledtask_workloads.contract.model import CONTRACT_VERSION
from scheduledtask_workloads.contract.run import AttemptReport, Reason, RunOrder, RunRecord, RunState, seconds_between
from scheduledtask_workloads.contract.triggered_by import TriggeredBy

__all__ = [
    "CONTRACT_VERSION",
    "ArgumentProblem",
    "ArgumentsAnswer",
    "ArgumentsQuestion",
    "AttemptRef",
    "AttemptReport",
    "CatalogDocument",
    "CatalogEntry",
    "CatalogProblem",
    "CatchUp",
    "ConcurrencyPolicy",
    "Job",
    "JobSchedule",
    "Reason",
    "Requirement",
    "RetryPolicy",
    "RunOrder",
    "RunRecord",
    "RunState",
    "TaskClass",
    "TaskKey",
    "TaskProfile",
    "TriggeredBy",
    "seconds_between",
    "slot_run_id",
]
