"""One value of everything that crosses between the parts, no field of it at its default."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from scheduledtask_workloads.contract import (
    AttemptRef,
    AttemptReport,
    CatalogDocument,
    CatalogEntry,
    CatalogProblem,
    CatchUp,
    ConcurrencyPolicy,
    Job,
    JobSchedule,
    Reason,
    Requirement,
    RetryPolicy,
    RunOrder,
    RunRecord,
    RunState,
    TaskClass,
    TaskProfile,
    TriggeredBy,
)
from scheduledtask_workloads.contract import messages as said
from scheduledtask_workloads.contract.model import CONTRACT_VERSION, Message
from scheduledtask_workloads.contract.secrets import SecretValue

SLOT = 1_795_374_000
REF = AttemptRef(namespace="team-a", name="report", run_id="report-20261122T190000Z", attempt=2, fence=SLOT)
CAUSE = TriggeredBy(
    scheduled_task="extract",
    run_id="extract-20261122T180000Z",
    outcome="Succeeded",
    reason="Completed",
    message="done",
    result={"rows": 12},
    attempts=1,
    slot_epoch_seconds=SLOT - 3600,
    started_at=SLOT - 3599.5,
    ended_at=SLOT - 3539.75,
    artifacts_url="s3://bucket/team-a/extract/extract-20261122T180000Z",
    depth=2,
)
SECRET = SecretValue.model_validate({"name": "database", "key": "password", "value": "a word"})
ARGUMENTS = {"models": ["churn"], "password": {"secretKeyRef": {"name": "database", "key": "password"}}}
JOB = Job(
    namespace="team-a",
    name="report",
    task_class=TaskClass.HEAVY,
    task="performance-report",
    arguments=ARGUMENTS,
    schedule=JobSchedule(
        expression="H/15 * * * *",
        time_zone="Europe/Paris",
        dst_policy="Skip",
        jitter_seconds=30,
        anchor_epoch_seconds=1_790_000_000,
        effective_from_epoch_seconds=1_795_000_000,
    ),
    suspended=True,
    starting_deadline_seconds=600,
    catch_up=CatchUp.SKIP,
    concurrency_policy=ConcurrencyPolicy.ALLOW,
    max_concurrency=3,
    timeout_seconds=3600.0,
    memory_limit_bytes=2**31,
    retry=RetryPolicy(limit=2, backoff_seconds=10.0, max_backoff_seconds=120.0, on_lost=1),
    pool="reports",
    artifacts_url="s3://bucket/runs",
    history_limit=5,
)
ORDER = RunOrder(
    ref=REF,
    task_class=TaskClass.LIGHT,
    task="performance-report",
    arguments=ARGUMENTS,
    slot_epoch_seconds=SLOT,
    timeout_seconds=3600.0,
    memory_limit_bytes=2**31,
    artifacts_url="s3://bucket/runs",
    triggered_by=CAUSE,
    secrets=(SECRET,),
)
REPORT = AttemptReport(
    ref=REF,
    state=RunState.FAILED,
    reason=Reason.RAISED,
    message="ValueError: no rows",
    result={"rows": 0},
    output="reading\n",
    output_dropped_bytes=17,
    started_at=SLOT + 1.5,
    ended_at=SLOT + 61.25,
    peak_memory_bytes=734_003_200,
    host="stask-reports-5d6f",
)
RECORD = RunRecord(
    namespace="team-a",
    name="report",
    run_id=REF.run_id,
    task_class=TaskClass.HEAVY,
    state=RunState.WAITING,
    slot_epoch_seconds=SLOT,
    attempts=2,
    failures=1,
    losses=1,
    trigger_depth=2,
    reason=Reason.RAISED,
    message="ValueError: no rows",
    result={"rows": 0},
    output="reading\n",
    admitted_at=SLOT + 0.25,
    started_at=SLOT + 1.5,
    ended_at=SLOT + 61.25,
    retry_at=SLOT + 71.25,
    peak_memory_bytes=734_003_200,
    host="stask-reports-5d6f",
)
CATALOG = CatalogDocument(
    tasks=(
        CatalogEntry(
            name="performance-report",
            summary="Reports on models.",
            light=True,
            coroutine=True,
            profile=TaskProfile(
                duration_seconds=1800.0,
                memory_bytes=2**31,
                concurrency=2,
                requires=(Requirement.RESULT_TRACKING, Requirement.EXTERNAL_SERVICE),
            ),
            arguments_schema={"type": "object", "properties": {"models": {"type": "array"}}},
            source="scheduledtask_workloads.tasks:report",
        ),
    ),
    problems=(CatalogProblem(source="broken", message="ImportError: no module named x"),),
)
OF_TASK = {"namespace": "team-a", "name": "report"}
OF_POOL = {"namespace": "team-a", "pool": "reports"}
USER = {"namespace": "team-a", "user": "stask:team-a"}
ASKED = "nightly-r0123456789"

VALUES: dict[str, Sequence[Message]] = {
    "job": [JOB],
    "run_order": [ORDER],
    "attempt_report": [REPORT],
    "run_record": [RECORD],
    "catalog_document": [CATALOG],
    "control_to_scheduler": [
        said.ControlHello(),
        said.JobPut(job=JOB, secrets=(SECRET,)),
        said.JobRemoved(**OF_TASK),
        said.JobsComplete(),
        said.Grant(fence=SLOT, deadline_boottime_seconds=12345.5),
        said.StopFiring(),
        said.CancelRun(**OF_TASK, run_id=REF.run_id),
        said.RequestRun(**OF_TASK, run_id=ASKED, arguments={"models": []}, slot_epoch_seconds=SLOT, triggered_by=CAUSE),
        said.DrainWorkers(**OF_POOL, hosts=("stask-reports-5d6f",)),
        said.NamespaceUser(**USER, password_sha256="ab" * 32),
        said.NamespaceUserRemoved(**USER),
    ],
    "scheduler_to_control": [
        said.SchedulerHello(pid=7),
        said.GrantAcknowledged(fence=SLOT, deadline_boottime_seconds=12345.5),
        said.RunChanged(record=RECORD),
        said.RunRefused(**OF_TASK, run_id=ASKED, reason=Reason.OVERLAP, message="one is active", final=True),
        said.SlotsSkipped(**OF_TASK, reason=Reason.COALESCED, count=4, last_slot_epoch_seconds=SLOT),
        said.PoolDepth(**OF_POOL, ready=3, unacked=1, oldest_sent_at=SLOT + 0.5),
        said.PoolWorkersSeen(**OF_POOL, workers=(said.WorkerSeen(host="stask-reports-5d6f", runs=1, draining=True),)),
        said.NamespaceUserReady(**USER, problem="Redis refused"),
        said.TaskHistory(**OF_TASK, records=(RECORD,)),
        said.SchedulerStatus(
            jobs=2,
            redis_reachable=True,
            runners_connected=True,
            runs_in_flight=1,
            fence=SLOT,
            redis_problem="Redis has maxmemory-policy allkeys-lru",
        ),
    ],
    "scheduler_to_runners": [
        said.SchedulerToRunnersHello(),
        said.StartRun(order=ORDER),
        said.KillRun(ref=REF),
        said.ReportAcknowledged(ref=REF),
    ],
    "runners_to_scheduler": [
        said.RunnersHello(processes=4, running=(REF,)),
        said.AttemptStarted(ref=REF, started_at=SLOT + 1.5, host="operator-0"),
        said.AttemptEnded(report=REPORT),
    ],
}

ADAPTERS: Mapping[str, TypeAdapter[Any]] = {
    "job": TypeAdapter(Job),
    "run_order": TypeAdapter(RunOrder),
    "attempt_report": TypeAdapter(AttemptReport),
    "run_record": TypeAdapter(RunRecord),
    "catalog_document": TypeAdapter(CatalogDocument),
    "control_to_scheduler": said.control_to_scheduler,
    "scheduler_to_control": said.scheduler_to_control,
    "scheduler_to_runners": said.scheduler_to_runners,
    "runners_to_scheduler": said.runners_to_scheduler,
}
"""What each is read with."""


def kind_of(value: Message) -> str:
    """The word that a message goes by; the model's name where nothing else tells."""
    return str(getattr(value, "type", type(value).__name__))


def full(value: Message) -> dict[str, Any]:
    """As it travels."""
    return value.model_dump(mode="json")


def least(value: Message) -> dict[str, Any]:
    """The same with nothing but the fields that a reader of this version insists on."""
    written = full(value)
    return {
        name: _least(getattr(value, name), written[name])
        for name, field in type(value).model_fields.items()
        if field.is_required() or name == "type"
    }


def _least(value: Any, written: Any) -> Any:
    if isinstance(value, Message):
        return least(value)
    if isinstance(value, tuple):
        return [_least(each, text) for each, text in zip(value, written, strict=True)]
    return written


def written() -> dict[str, list[dict[str, Any]]]:
    """The samples of this version, by file."""
    return {
        name: [{"kind": kind_of(each), "full": full(each), "least": least(each)} for each in values]
        for name, values in VALUES.items()
    }


VERSION = f"v{CONTRACT_VERSION}"
