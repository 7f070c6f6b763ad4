"""Light tasks on a cluster whose slots come every five seconds, and the count of what became of them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.cluster.body_journal import Body, Count, count, due, read_bodies
from tests.cluster.cluster import Cluster
from tests.cluster.commands import wait_until

PERIOD_SECONDS = 20  # of each task, more than an outage may last, so that no slot gives way to a later one
OFFSETS = (0, 5, 10, 15)  # so that some slot is due every five seconds
EVERY_SECONDS = 5
SETTLING_SECONDS = 20.0  # a run that died with its host is tried again when its lease of 15 s has lapsed
# Whatever the machine is doing, a run succeeds.
ARGUMENTS = {"cpu_percent": 100, "memory_percent": 100, "disk_percent": 100, "load_per_cpu": 100_000}


class LightLoad:
    """`begin` when the tasks run, `count` when enough has happened."""

    def __init__(self, cluster: Cluster, namespace: str, journals: tuple[str, ...]) -> None:
        self._cluster = cluster
        self.namespace = namespace
        self._journals = journals
        self._since = datetime.now(UTC)

    def apply(self) -> None:
        self._cluster.apply(_task(self.namespace, each) for each in OFFSETS)
        for offset in OFFSETS:
            name = f"stask/{_name(offset)}"
            self._cluster.kubectl(
                "wait", name, "--for=condition=Ready", f"--namespace={self.namespace}", "--timeout=60s"
            )

    def bodies(self) -> list[Body]:
        return read_bodies(self._cluster, self._journals, self.namespace)

    def begin(self) -> None:
        """Counting begins now: a body has just run."""
        wait_until("the first body", lambda: any(body.succeeded for body in self.bodies()), timeout_seconds=60)
        self._since = datetime.now(UTC)

    def first_begin_after(self, moment: float, *, timeout_seconds: float) -> float:
        """Of a body of a slot that came after `moment`. Raises NotReadyError."""

        def begun() -> list[float]:
            return [each.began_at for each in self.bodies() if each.slot is not None and each.slot > moment]

        wait_until("a body of a slot after the fault", lambda: bool(begun()), timeout_seconds=timeout_seconds)
        return min(begun())

    def settle(self) -> datetime:
        """The end of the window, when every run of it must have ended. It holds a slot of each task, or more."""
        whole = self._since + timedelta(seconds=PERIOD_SECONDS)
        end = max(whole, datetime.now(UTC))
        until = end + timedelta(seconds=SETTLING_SECONDS)
        limit_seconds = PERIOD_SECONDS + SETTLING_SECONDS + 5
        wait_until("the last runs", lambda: datetime.now(UTC) >= until, timeout_seconds=limit_seconds)
        return end

    def counts(self, end: datetime) -> dict[str, Count]:
        """By task, of the slots between `begin` and `end`."""
        bodies = self.bodies()
        return {
            name: count(
                [body for body in bodies if body.name == name],
                due(self.namespace, name, _schedule(offset), self._since, end),
            )
            for offset, name in ((offset, _name(offset)) for offset in OFFSETS)
        }


def assert_each_slot_ran_once(counts: Mapping[str, Count]) -> None:
    """By task: some slots were due, none was lost, none ran twice."""
    assert all(each.due for each in counts.values()), counts
    assert {name: (sorted(each.lost), sorted(each.doubled)) for name, each in counts.items()} == dict.fromkeys(
        counts, ([], [])
    )


@contextmanager
def light_load(cluster: Cluster, namespace: str, journal: str) -> Iterator[LightLoad]:
    load = LightLoad(cluster, namespace, (journal,))
    load.apply()
    load.begin()
    yield load


def leader_of(cluster: Cluster, namespace: str) -> str:
    """The pod that holds the Lease; empty where none does."""
    holder = ("--ignore-not-found", "--output=jsonpath={.spec.holderIdentity}")
    lease = cluster.kubectl("get", "lease", "scheduledtask-operator", f"--namespace={namespace}", *holder)
    pods = cluster.kubectl("get", "pods", f"--namespace={namespace}", "--output=jsonpath={.items[*].metadata.name}")
    return next((pod for pod in pods.split() if lease and lease.startswith(pod)), "")


def _task(namespace: str, offset: int) -> dict[str, Any]:
    return {
        "apiVersion": "scheduledtask.dev/v1alpha1",
        "kind": "ScheduledTask",
        "metadata": {"name": _name(offset), "namespace": namespace},
        "spec": {"schedule": _schedule(offset), "task": "system-health", "arguments": ARGUMENTS},
    }


def _name(offset: int) -> str:
    return f"check-{offset}"


def _schedule(offset: int) -> str:
    return f"{offset}-59/{PERIOD_SECONDS} * * * * *"
