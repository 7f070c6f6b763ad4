"""What is said over the two sockets: one JSON object a line, `type` names it.

Socket A joins the control plane (client) and the scheduler (server); socket B joins the scheduler (client) and the
runners (server). After a connection both sides say what they hold, so that either may be restarted alone.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from scheduledtask_workloads.contract.identity import AttemptRef
from scheduledtask_workloads.contract.job import Job
from scheduledtask_workloads.contract.model import CONTRACT_VERSION, Message
from scheduledtask_workloads.contract.run import AttemptReport, Reason, RunOrder, RunRecord
from scheduledtask_workloads.contract.secrets import SecretValue
from scheduledtask_workloads.contract.triggered_by import TriggeredBy

# --- control → scheduler


class ControlHello(Message):
    """First on socket A; `jobs` that the scheduler holds and that are not sent before JobsComplete are dropped."""

    type: Literal["control-hello"] = "control-hello"
    version: int = CONTRACT_VERSION


class JobPut(Message):
    """`secrets`: what the arguments' references stand for, of a light task."""

    type: Literal["job-put"] = "job-put"
    job: Job
    secrets: tuple[SecretValue, ...] = ()


class JobRemoved(Message):
    """Queued runs are cancelled, running ones finish."""

    type: Literal["job-removed"] = "job-removed"
    namespace: str
    name: str


class JobsComplete(Message):
    """Every job has been sent since ControlHello."""

    type: Literal["jobs-complete"] = "jobs-complete"


class Grant(Message):
    """Permission to start runs until an instant on CLOCK_BOOTTIME, under a leader's number."""

    type: Literal["grant"] = "grant"
    fence: int
    deadline_boottime_seconds: float


class StopFiring(Message):
    """No new slot is admitted; runs in flight, their retries, and what is asked for, go on."""

    type: Literal["stop-firing"] = "stop-firing"


class CancelRun(Message):
    type: Literal["cancel-run"] = "cancel-run"
    namespace: str
    name: str
    run_id: str


class RequestRun(Message):
    """A run outside of the schedule; `run_id` is its idempotency key, so it may be asked for again and again.

    `arguments` are laid over the job's, one by one. `slot_epoch_seconds` is the slot that the body is told, if any; it
    decides nothing. A request that can't be admitted now is answered by RunRefused, an admitted one by RunChanged.
    """

    type: Literal["request-run"] = "request-run"
    namespace: str
    name: str
    run_id: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    slot_epoch_seconds: int | None = None
    triggered_by: TriggeredBy | None = None


class DrainWorkers(Message):
    """The hosts that are to take no new runs, all of the pool's; holds for ten seconds, so it is said each second."""

    type: Literal["drain-workers"] = "drain-workers"
    namespace: str
    pool: str
    hosts: tuple[str, ...]


class NamespaceUser(Message):
    """The Redis user by which a namespace's workers connect; of its password only the SHA-256 in hexadecimal."""

    type: Literal["namespace-user"] = "namespace-user"
    namespace: str
    user: str
    password_sha256: str


class NamespaceUserRemoved(Message):
    type: Literal["namespace-user-removed"] = "namespace-user-removed"
    namespace: str
    user: str


# --- scheduler → control


class SchedulerHello(Message):
    type: Literal["scheduler-hello"] = "scheduler-hello"
    version: int = CONTRACT_VERSION
    pid: int = 0


class GrantAcknowledged(Message):
    type: Literal["grant-acknowledged"] = "grant-acknowledged"
    fence: int
    deadline_boottime_seconds: float


class RunChanged(Message):
    """A run started, waits for its next attempt, or ended; `record.state` says which."""

    type: Literal["run-changed"] = "run-changed"
    record: RunRecord


class SlotsSkipped(Message):
    """`count` slots, the last of them `last_slot_epoch_seconds`, were decided without a run."""

    type: Literal["slots-skipped"] = "slots-skipped"
    namespace: str
    name: str
    reason: Reason
    count: int
    last_slot_epoch_seconds: int


class PoolDepth(Message):
    """What waits for a pool's workers and what they hold. None: it could not be read, which never means zero.

    `oldest_sent_at`: Unix seconds, of the message that waits longest; None where none waits, or it does not say.
    """

    type: Literal["pool-depth"] = "pool-depth"
    namespace: str
    pool: str
    ready: int | None
    unacked: int | None
    oldest_sent_at: float | None = None


class WorkerSeen(Message):
    """A worker process that is alive. `host` is its pod's name. `draining`: it takes no new runs; `runs` may end."""

    host: str
    runs: int
    draining: bool = False


class PoolWorkersSeen(Message):
    """With each PoolDepth: the pool's live workers. None: they could not be read, which never means none."""

    type: Literal["pool-workers-seen"] = "pool-workers-seen"
    namespace: str
    pool: str
    workers: tuple[WorkerSeen, ...] | None


class RunRefused(Message):
    """A requested run was not admitted. `final` is False when asking again may be answered otherwise."""

    type: Literal["run-refused"] = "run-refused"
    namespace: str
    name: str
    run_id: str
    reason: Reason
    message: str
    final: bool


class NamespaceUserReady(Message):
    """Every Redis node knows the user, or `problem` says why not."""

    type: Literal["namespace-user-ready"] = "namespace-user-ready"
    namespace: str
    user: str
    problem: str = ""


class TaskHistory(Message):
    """The ledger's latest final records of a task, newest first; sent when its job is put, and with each fence."""

    type: Literal["task-history"] = "task-history"
    namespace: str
    name: str
    records: tuple[RunRecord, ...]


class SchedulerStatus(Message):
    """Each second, and when it changes. `redis_problem` is what a person must mend about Redis, if anything."""

    type: Literal["scheduler-status"] = "scheduler-status"
    jobs: int
    redis_reachable: bool
    runners_connected: bool
    runs_in_flight: int
    fence: int | None = None
    redis_problem: str = ""


# --- scheduler → runners


class SchedulerToRunnersHello(Message):
    type: Literal["scheduler-to-runners-hello"] = "scheduler-to-runners-hello"
    version: int = CONTRACT_VERSION


class StartRun(Message):
    type: Literal["start-run"] = "start-run"
    order: RunOrder


class KillRun(Message):
    """End an attempt as cancelled; unknown ones are ignored."""

    type: Literal["kill-run"] = "kill-run"
    ref: AttemptRef


class ReportAcknowledged(Message):
    """The scheduler has it; the runners may forget it."""

    type: Literal["report-acknowledged"] = "report-acknowledged"
    ref: AttemptRef


# --- runners → scheduler


class RunnersHello(Message):
    """First on socket B. Reports that were never acknowledged follow as AttemptEnded."""

    type: Literal["runners-hello"] = "runners-hello"
    version: int = CONTRACT_VERSION
    processes: int
    running: tuple[AttemptRef, ...] = ()


class AttemptStarted(Message):
    """The body's process has begun: `started_at` is the moment before its first line."""

    type: Literal["attempt-started"] = "attempt-started"
    ref: AttemptRef
    started_at: float
    host: str = ""


class AttemptEnded(Message):
    type: Literal["attempt-ended"] = "attempt-ended"
    report: AttemptReport


ControlToScheduler = Annotated[
    ControlHello
    | JobPut
    | JobRemoved
    | JobsComplete
    | Grant
    | StopFiring
    | CancelRun
    | RequestRun
    | DrainWorkers
    | NamespaceUser
    | NamespaceUserRemoved,
    Field(discriminator="type"),
]
SchedulerToControl = Annotated[
    SchedulerHello
    | GrantAcknowledged
    | RunChanged
    | RunRefused
    | SlotsSkipped
    | PoolDepth
    | PoolWorkersSeen
    | NamespaceUserReady
    | TaskHistory
    | SchedulerStatus,
    Field(discriminator="type"),
]
SchedulerToRunners = Annotated[
    SchedulerToRunnersHello | StartRun | KillRun | ReportAcknowledged, Field(discriminator="type")
]
RunnersToScheduler = Annotated[RunnersHello | AttemptStarted | AttemptEnded, Field(discriminator="type")]

control_to_scheduler: TypeAdapter[ControlToScheduler] = TypeAdapter(ControlToScheduler)
scheduler_to_control: TypeAdapter[SchedulerToControl] = TypeAdapter(SchedulerToControl)
scheduler_to_runners: TypeAdapter[SchedulerToRunners] = TypeAdapter(SchedulerToRunners)
runners_to_scheduler: TypeAdapter[RunnersToScheduler] = TypeAdapter(RunnersToScheduler)
