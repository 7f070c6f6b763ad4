"""Whatever order things happen in: at most one attempt holds a live lease, at most one completes, no slot twice."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from tests.ledger_actors import LEASE_SECONDS, Leader, Past, make_job, report_of

from scheduledtask_workloads.contract import AttemptRef, RetryPolicy, RunState
from scheduledtask_workloads.ledger import EntryVerdict, Verdict, WorkerLedger

JOB = make_job(retry=RetryPolicy(limit=2, on_lost=3), max_concurrency=1)
ENDS = st.sampled_from([RunState.SUCCEEDED, RunState.FAILED, RunState.LOST])


class OneRun(RuleBasedStateMachine):
    """One slot, and whatever may happen to it; the actors are set by the test."""

    leader: Leader
    past: Past
    worker: WorkerLedger
    messages = Bundle("messages")
    bodies = Bundle("bodies")

    def __init__(self) -> None:
        super().__init__()
        self.past.client.flushall()
        self.leader.lead()
        self.completed: list[AttemptRef] = []
        self.admitted = 0
        self.live: set[AttemptRef] = set()

    @rule(target=messages, again=st.integers(1, 2))
    def the_leader_claims_the_slot_and_publishes(self, again: int):
        claim = self.leader.slot_claim(JOB)
        made = [self.leader.admit(claim)[0].verdict is Verdict.ADMITTED for _ in range(again)]
        if not any(made):
            return multiple()
        self.admitted += 1
        ref = claim.order(self.leader.fence).ref
        self.leader.do(self.leader.ledger.mark_dispatched([ref], LEASE_SECONDS))
        return ref

    @rule(target=bodies, message=messages)
    def a_delivery_enters(self, message: AttemptRef):
        entry = self.worker.enter(message, "worker", LEASE_SECONDS)
        if entry.verdict is not EntryVerdict.ENTERED:
            return multiple()
        assert not self.live, f"{entry.ref} entered beside {self.live}"
        self.live.add(entry.ref)
        return entry.ref

    @rule(body=bodies)
    def a_body_renews(self, body: AttemptRef) -> None:
        if body.attempt_id in self.worker.renew([body], LEASE_SECONDS):
            assert body not in self.live
        else:
            assert self.live <= {body}
            self.live = {body}

    @rule()
    def every_lease_lapses(self) -> None:
        for run in self.leader.open_runs(JOB):
            fields = ["lease"] if run.record.state is RunState.STARTED else []
            self.past.age(run.ref, *fields, *(["retry_at"] if run.record.state is RunState.WAITING else []))
        self.live.clear()

    @rule(target=messages)
    def the_leader_sweeps(self):
        return multiple(*(made.order.ref for made in self.leader.sweep()))

    @rule(body=consumes(bodies), state=ENDS)
    def a_body_ends(self, body: AttemptRef, state: RunState) -> None:
        record = self.worker.finish(report_of(body, state))
        self.live.discard(body)
        if record is not None and record.state is RunState.SUCCEEDED and state is RunState.SUCCEEDED:
            self.completed.append(body)

    @invariant()
    def one_run_that_completed_once(self) -> None:
        assert self.admitted <= 1
        assert len(self.completed) <= 1
        history, running = self.leader.history(JOB), self.leader.open_runs(JOB)
        assert len(history) + len(running) == self.admitted
        if self.completed:
            assert [record.attempts for record in history] == [self.completed[0].attempt]


def test_any_interleaving_runs_one_body(leader: Leader, past: Past, worker: WorkerLedger) -> None:
    actors = {"leader": leader, "past": past, "worker": worker}
    run_state_machine_as_test(
        type("OneRunOnThisServer", (OneRun,), actors),
        settings=settings(
            max_examples=60,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
