"""Elections in simulated time, where anything may happen: requests that are slow, lost, late; frozen processes; an API
server that is away; a Lease that is deleted or edited by hand; schedulers that fall silent."""

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from tests.simulated_lease import SimulatedApi

from scheduledtask_operator.cluster.errors import ApiError, UnreachableError
from scheduledtask_operator.cluster.lease_election import Answer, Election, Left, Read, Rest, Write
from scheduledtask_operator.cluster.lease_object import record_of
from scheduledtask_operator.control.grants import REVOKED_BOOTTIME_SECONDS, next_grant
from scheduledtask_operator.decisions.leading import Terms
from scheduledtask_workloads.contract.messages import Grant

TERMS = Terms()
LEADER = -1
START = datetime(2026, 11, 22, tzinfo=UTC)
END_SECONDS = 120.0
PROMISED_SECONDS = 15.0  # from any loss to the next leader
SLOWEST_SECONDS = 40.0  # a request that the API server's own queue held that long, and then did


@dataclass
class Operator:
    """A process with its election, its grants, and a scheduler that holds to them."""

    name: str
    clock_error: timedelta
    election: Election = field(init=False)
    frozen_until: float = 0.0
    scheduler_silent_until: float = 0.0
    grant: Grant | None = None
    granted_at: float = 0.0
    scheduler_grant: Grant | None = None
    tenures: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.election = Election(self.name, TERMS, namespace="operators", name="operator")

    def may_start(self, now: float) -> bool:
        return self.scheduler_grant is not None and now < self.scheduler_grant.deadline_boottime_seconds

    def look(self, now: float) -> None:
        """One turn of the grants; the scheduler answers at once, or when it is awake again."""
        standing = self.election.standing(now)
        if standing and (not self.tenures or self.tenures[-1] != standing.fence):
            self.tenures.append(standing.fence)
        grant = next_grant(standing, self.grant, now - self.granted_at, now)
        if grant is not None:
            self.grant, self.granted_at = grant, now
        if now < self.scheduler_silent_until:
            return
        self.election.scheduler_spoke(now)
        if self.grant is not None and self.grant != self.scheduler_grant:
            self.scheduler_grant = self.grant
            if self.grant.deadline_boottime_seconds == REVOKED_BOOTTIME_SECONDS:
                self.election.grants_ended(self.grant.fence)
            else:
                self.election.grant_acknowledged(self.grant.fence, now)


class World:
    """Events in the order of their time. `delay` draws how long a request takes to arrive."""

    def __init__(self, operators: list[Operator], delay: Callable[[], float]) -> None:
        self.now = 0.0
        self.api = SimulatedApi()
        self.api_away_until = 0.0
        self.operators = operators
        self._delay = delay
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        for operator in operators:
            self.at(0.0, lambda operator=operator: self._turn(operator))
        self.at(0.0, self._look)

    def at(self, when: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (max(when, self.now), next(self._order), what))

    def pick(self, which: int) -> Operator:
        """One of them; for LEADER whoever leads, else the first."""
        leaders = [one for one in self.operators if one.election.leads]
        return (leaders or self.operators)[0] if which == LEADER else self.operators[which]

    def run(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            self.now, _, what = heapq.heappop(self._events)
            what()

    def _awake(self, operator: Operator, what: Callable[[], None]) -> bool:
        """What a frozen process was about to do, it does when it wakes up."""
        if self.now < operator.frozen_until:
            self.at(operator.frozen_until, what)
            return False
        return True

    def _turn(self, operator: Operator) -> None:
        if not self._awake(operator, lambda: self._turn(operator)):
            return
        sent_at = self.now
        step = operator.election.plan(sent_at, START + timedelta(seconds=self.now) + operator.clock_error)
        match step:
            case Rest(seconds=seconds):
                assert seconds >= 0
                self.at(self.now + max(seconds, 0.001), lambda: self._turn(operator))
            case Left():
                pass
            case Read() | Write():
                self._send(operator, step, sent_at)

    def _send(self, operator: Operator, step: Read | Write, sent_at: float) -> None:
        """It may be frozen between planning and sending; the server may do it long after nobody waits any more."""
        if not self._awake(operator, lambda: self._send(operator, step, sent_at)):
            return
        heard: list[Answer] = []
        there = self._delay()
        self.at(self.now + there, lambda: self._perform(operator, step, sent_at, heard))
        self.at(self.now + TERMS.request_timeout_seconds, lambda: self._time_out(operator, step, sent_at, heard))

    def _perform(self, operator: Operator, step: Read | Write, sent_at: float, heard: list[Answer]) -> None:
        if self.now < self.api_away_until:
            return
        answer = self._answer(step)
        self.at(self.now + self._delay(), lambda: self._hear(operator, step, sent_at, answer, heard))

    def _answer(self, step: Read | Write) -> Answer:
        try:
            return self.api.read() if isinstance(step, Read) else self.api.write(step.lease)
        except ApiError as error:
            return error

    def _time_out(self, operator: Operator, step: Read | Write, sent_at: float, heard: list[Answer]) -> None:
        self._hear(operator, step, sent_at, UnreachableError("no answer"), heard)

    def _hear(
        self, operator: Operator, step: Read | Write, sent_at: float, answer: Answer, heard: list[Answer]
    ) -> None:
        if heard or not self._awake(operator, lambda: self._hear(operator, step, sent_at, answer, heard)):
            return
        heard.append(answer)
        operator.election.hear(step, sent_at, answer, self.now)
        self.at(self.now, lambda: self._turn(operator))

    def _look(self) -> None:
        for operator in self.operators:
            if self.now >= operator.frozen_until:
                operator.look(self.now)
        leaders = [one for one in self.operators if one.election.standing(self.now)]
        starters = [one for one in self.operators if one.may_start(self.now)]
        assert len(leaders) <= 1, (self.now, leaders)
        assert len(starters) <= 1, (self.now, starters)
        assert not leaders or all(one is leaders[0] for one in starters), (self.now, starters, leaders)
        self.at(self.now + 0.2, self._look)


def operators(count: int, errors: list[int]) -> list[Operator]:
    return [Operator(f"pod-{i}_x", timedelta(seconds=errors[i])) for i in range(count)]


randoms = st.integers(0, 2**32).map(Random)
instants = st.floats(0, END_SECONDS)
lengths = st.floats(0.1, 60)
clock_errors = st.lists(st.integers(-3600, 3600), min_size=3, max_size=3)
faults = st.lists(
    st.tuples(
        st.sampled_from(["freeze", "silence", "both", "away", "delete", "edit", "empty", "leave", "leave alone"]),
        st.sampled_from([0, 1, 2, LEADER]),
        instants,
        lengths,
    ),
    max_size=8,
)


def inflict(world: World, kind: str, operator: Operator, seconds: float) -> None:
    until = world.now + seconds
    if kind in ("freeze", "both"):
        operator.frozen_until = until
    if kind in ("silence", "both", "leave alone"):
        operator.scheduler_silent_until = until
    match kind:
        case "away":
            world.api_away_until = until
        case "delete":
            world.api.delete()
        case "edit":
            world.api.edit("somebody")
        case "empty":
            world.api.edit("")
        case "leave" | "leave alone":
            operator.election.leave()


@given(
    errors=clock_errors,
    faults=faults,
    worst=st.sampled_from([0.05, 1.0, 2.0, SLOWEST_SECONDS]),
    random=randoms,
)
def test_never_two_that_are_valid_or_may_start_and_their_numbers_grow(errors, faults, worst, random) -> None:
    world = World(operators(3, errors), lambda: random.uniform(0, 0.05 if random.random() < 0.7 else worst))
    for kind, which, when, seconds in faults:
        world.at(when, lambda k=kind, w=which, s=seconds: inflict(world, k, world.pick(w), s))

    world.run(END_SECONDS)

    for operator in world.operators:
        assert operator.tenures == sorted(set(operator.tenures))
    fences = [fence for operator in world.operators for fence in operator.tenures]
    assert len(fences) == len(set(fences))


@given(
    kind=st.sampled_from(["freeze", "silence", "both", "leave"]),
    errors=clock_errors,
    when=st.floats(20, 40),
    random=randoms,
)
def test_whatever_happens_to_the_leader_another_leads_soon(kind, errors, when, random) -> None:
    world = World(operators(2, errors), lambda: random.uniform(0, 0.1))
    world.run(when)
    (leader,) = [one for one in world.operators if one.election.standing(world.now)]
    (other,) = [one for one in world.operators if one is not leader]

    inflict(world, kind, leader, seconds=60)
    world.run(when + PROMISED_SECONDS - 1)

    assert other.election.standing(world.now)
    assert other.tenures[-1] > leader.tenures[-1]


@given(errors=clock_errors, random=randoms, seconds=st.floats(0.1, 60))
def test_after_an_outage_of_the_api_server_the_same_one_leads(errors, random, seconds) -> None:
    world = World(operators(2, errors), lambda: random.uniform(0, 0.1))
    world.run(20)
    (leader,) = [one for one in world.operators if one.election.standing(world.now)]

    world.api_away_until = 20 + seconds
    world.run(20 + seconds + 6)

    assert leader.election.standing(world.now)


@given(errors=clock_errors, random=randoms)
def test_a_leader_makes_a_deleted_lease_anew_and_goes_on(errors, random) -> None:
    world = World(operators(2, errors), lambda: random.uniform(0, 0.1))
    world.run(20)
    (leader,) = [one for one in world.operators if one.election.standing(world.now)]

    world.api.delete()
    world.run(30)

    assert leader.election.standing(world.now)
    assert len(leader.tenures) == 1
    assert world.api.lease is not None
    assert record_of(world.api.lease).fence == leader.tenures[0]
