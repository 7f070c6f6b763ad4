"""A namespace's Redis user goes when no pool wants it and its last worker's pod is gone, and not before."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from scheduledtask_operator.cluster.client import Client
from scheduledtask_operator.cluster.redis_users import RedisUsers

UNWANTED_SECONDS = 30.0


class Namespace:
    def __init__(self, *, leads: bool = True, pods: bool = False) -> None:
        self.leads = leads
        self.pods = pods
        self.removed: list[str] = []
        self.users = RedisUsers(
            cast(Client, None),  # without a Redis to give, the API server is not asked
            redis=None,
            put_user=cast(Any, None),
            remove_user=self.removed.append,
            has_pods=lambda _name: self.pods,
            leads=lambda: self.leads,
            unwanted_seconds=UNWANTED_SECONDS,
        )
        self.users.want("team")
        self._wanted_at = asyncio.get_running_loop().time()

    def look(self, after_seconds: float) -> list[str]:
        """What has been removed when that much time has passed since it was wanted."""
        self.users.remove_unwanted(self._wanted_at + after_seconds)
        return self.removed


def in_a_loop(scenario: Callable[[], None]) -> None:
    """Whose clock tells when a user was wanted."""

    async def run() -> None:
        scenario()

    asyncio.run(run())


def test_it_goes_some_time_after_nobody_wanted_it() -> None:
    def scenario() -> None:
        namespace = Namespace()
        assert namespace.look(after_seconds=UNWANTED_SECONDS - 1) == []
        assert namespace.look(after_seconds=UNWANTED_SECONDS + 1) == ["team"]

    in_a_loop(scenario)


def test_it_stays_while_a_pod_is_there_and_goes_after_it() -> None:
    def scenario() -> None:
        namespace = Namespace(pods=True)
        assert namespace.look(after_seconds=2 * UNWANTED_SECONDS) == []
        namespace.pods = False
        assert namespace.look(after_seconds=2 * UNWANTED_SECONDS + 1) == ["team"]

    in_a_loop(scenario)


def test_who_does_not_lead_removes_nothing_nor_does_a_new_leader_at_once() -> None:
    def scenario() -> None:
        namespace = Namespace(leads=False)
        assert namespace.look(after_seconds=2 * UNWANTED_SECONDS) == []
        namespace.leads = True
        assert namespace.look(after_seconds=3 * UNWANTED_SECONDS - 1) == []
        assert namespace.look(after_seconds=3 * UNWANTED_SECONDS + 1) == ["team"]

    in_a_loop(scenario)
