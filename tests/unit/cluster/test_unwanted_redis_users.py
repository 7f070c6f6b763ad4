"""A namespace's Redis user goes when no pool wants it and its last worker's pod is gone, and not before."""

import asyncio
from typing import Any, cast

from tests.api_front import until

from scheduledtask_operator.cluster.client import Client
from scheduledtask_operator.cluster.redis_users import LOOK_SECONDS, RedisUsers


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
            unwanted_seconds=LOOK_SECONDS / 2,
        )
        self.users.want("team")

    async def looks(self, times: int) -> None:
        running = asyncio.create_task(self.users.run())
        await asyncio.sleep((times + 0.5) * LOOK_SECONDS)
        running.cancel()


def test_it_goes_some_time_after_nobody_wanted_it() -> None:
    async def scenario() -> None:
        namespace = Namespace()
        running = asyncio.create_task(namespace.users.run())
        await until(lambda: namespace.removed == ["team"], "it is removed")
        running.cancel()

    asyncio.run(scenario())


def test_it_stays_while_a_pod_is_there_and_goes_after_it() -> None:
    async def scenario() -> None:
        namespace = Namespace(pods=True)
        await namespace.looks(2)
        assert not namespace.removed
        namespace.pods = False
        await namespace.looks(2)
        assert namespace.removed == ["team"]

    asyncio.run(scenario())


def test_who_does_not_lead_removes_nothing_nor_does_a_new_leader_at_once() -> None:
    async def scenario() -> None:
        namespace = Namespace(leads=False)
        await namespace.looks(2)
        namespace.leads = True
        await namespace.looks(0)
        assert not namespace.removed

    asyncio.run(scenario())
