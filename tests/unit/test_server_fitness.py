"""Which Redis servers are relied on, and what is said of the others."""

import pytest

from scheduledtask_workloads.ledger import Server, server_problem
from scheduledtask_workloads.ledger.server import read_server


@pytest.mark.parametrize("version", [(6, 2, 14), (7, 0, 15), (7, 2, 4), (8, 0)])
def test_a_server_that_evicts_nothing_is_fit(version: tuple[int, ...]) -> None:
    assert server_problem(Server("id", version, "noeviction")) == ""


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl", "allkeys-random"])
def test_one_that_evicts_is_told_with_its_policy_and_the_one_to_set(policy: str) -> None:
    problem = server_problem(Server("id", (7, 0), policy))

    assert policy in problem
    assert "noeviction" in problem


def test_one_that_is_too_old_is_told_with_its_version() -> None:
    assert "version 6.0.16; use 6.2 or newer" in server_problem(Server("id", (6, 0, 16)))


def test_everything_that_is_wrong_is_told_at_once() -> None:
    problem = server_problem(Server("id", (5, 0), "allkeys-lru", is_cluster=True))

    assert all(word in problem for word in ("5.0", "allkeys-lru", "cluster"))


def test_info_alone_is_read_so_that_config_may_be_forbidden() -> None:
    server = read_server(
        {"run_id": "id", "redis_version": "7.2.4", "redis_mode": "standalone"}, {"maxmemory_policy": "allkeys-lfu"}
    )

    assert server == Server("id", (7, 2, 4), "allkeys-lfu")
