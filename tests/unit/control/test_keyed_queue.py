"""The queue's promises: each key once, one worker a key, nothing added is forgotten, failures come back later."""

import asyncio
from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduledtask_operator.control.keyed_queue import KeyedQueue

KEYS = st.sampled_from("abc")
ADDITIONS = st.lists(st.tuples(KEYS, st.integers(0, 3)), max_size=30)  # a key, and turns of the loop before it


class Reconciler:
    """Takes some turns of the loop for each key, and notes what goes on at the same time."""

    def __init__(self, turns: int = 2) -> None:
        self.turns = turns
        self.version: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self.working: Counter[str] = Counter()
        self.overlapped = False
        self.calls = 0

    async def reconcile(self, key: str) -> None:
        self.calls += 1
        self.working[key] += 1
        self.overlapped = self.overlapped or self.working[key] > 1
        version = self.version[key]
        for _ in range(self.turns):
            await asyncio.sleep(0)
        self.seen[key] = version
        self.working[key] -= 1


async def run(additions: list[tuple[str, int]], workers: int, reconciler: Reconciler) -> None:
    queue: KeyedQueue[str] = KeyedQueue()
    tasks = [asyncio.create_task(queue.work(reconciler.reconcile)) for _ in range(workers)]
    for key, turns in additions:
        for _ in range(turns):
            await asyncio.sleep(0)
        reconciler.version[key] += 1
        queue.add(key)
    await asyncio.wait_for(queue.settled(), 5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@settings(deadline=None)
@given(additions=ADDITIONS, workers=st.integers(1, 4))
def test_every_key_is_looked_at_after_its_last_change_and_never_by_two_at_once(additions, workers) -> None:
    reconciler = Reconciler()

    asyncio.run(run(additions, workers, reconciler))

    assert not reconciler.overlapped
    assert reconciler.seen == reconciler.version
    assert reconciler.calls <= len(additions)


def test_a_key_that_waits_is_taken_once_however_often_it_was_added() -> None:
    reconciler = Reconciler()

    asyncio.run(run([("a", 0)] * 50, 2, reconciler))

    assert reconciler.calls == 1


def test_a_failing_key_comes_back_later_each_time_and_others_go_on(caplog) -> None:
    times: list[float] = []
    others: list[str] = []
    succeeded = asyncio.Event()

    async def reconcile(key: str) -> None:
        if key == "good":
            others.append(key)
            return
        times.append(asyncio.get_running_loop().time())
        if len(times) < 4:
            raise OSError("no answer")
        succeeded.set()

    async def scenario() -> None:
        queue: KeyedQueue[str] = KeyedQueue()
        worker = asyncio.create_task(queue.work(reconcile))
        queue.add("bad")
        queue.add("good")
        await asyncio.wait_for(succeeded.wait(), 10)
        worker.cancel()

    asyncio.run(scenario())
    waits = [later - earlier for earlier, later in pairwise(times)]

    assert others == ["good"]
    assert waits[0] >= 0.05
    assert waits[1] >= 0.1
    assert waits[2] >= 0.2
    assert "reconcile of bad failed" in caplog.text


def test_the_answer_of_reconcile_says_when_to_look_again() -> None:
    looks: list[str] = []
    enough = asyncio.Event()

    async def reconcile(key: str) -> float | None:
        looks.append(key)
        if len(looks) < 3:
            return 0.01
        enough.set()
        return None

    async def scenario() -> None:
        queue: KeyedQueue[str] = KeyedQueue()
        worker = asyncio.create_task(queue.work(reconcile))
        queue.add("a")
        await asyncio.wait_for(enough.wait(), 10)
        worker.cancel()

    asyncio.run(scenario())

    assert looks == ["a", "a", "a"]
