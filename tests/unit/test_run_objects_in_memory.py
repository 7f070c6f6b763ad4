"""The objects in memory do what the loop counts on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.run_objects import RunObjects
from tests.run_objects_contract import CHECKS, Place

from scheduledtask_operator.control.run_requests import RequestKey


class InMemory:
    def __init__(self) -> None:
        self.port = RunObjects()

    async def create(self, manifest: dict[str, Any]) -> RequestKey:
        return self.port.create(manifest)

    async def remove(self, key: RequestKey) -> None:
        self.port.remove(key)

    async def see(self) -> None:
        """It knows at once."""


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_keeps_the_contract(check: Callable[[Place], Awaitable[None]]) -> None:
    asyncio.run(check(InMemory()))
