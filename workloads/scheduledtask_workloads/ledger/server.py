"""What a Redis server must be for a ledger and Celery's queues to lie in it safely."""

from collections.abc import Mapping
from typing import Any, NamedTuple

MINIMUM_VERSION = (6, 2)  # what a namespace's user may do can't be told an older one: channels are its rules' since 6.2
NO_EVICTION = "noeviction"


class Server(NamedTuple):
    """`run_id` is another one after each restart and failover."""

    run_id: str
    version: tuple[int, ...]
    eviction_policy: str = NO_EVICTION
    is_cluster: bool = False


def read_server(server: Mapping[str, Any], memory: Mapping[str, Any]) -> Server:
    """From these two sections of INFO, which managed services answer where they forbid CONFIG GET."""
    return Server(
        run_id=str(server["run_id"]),
        version=_version(str(server["redis_version"])),
        eviction_policy=str(memory.get("maxmemory_policy", NO_EVICTION)),
        is_cluster=server.get("redis_mode") == "cluster",
    )


def server_problem(server: Server) -> str:
    """Why it can't be relied on, and what to do; empty when it can."""
    problems = [
        problem
        for wrong, problem in (
            (
                server.version < MINIMUM_VERSION,
                f"Redis is version {'.'.join(map(str, server.version))}; use 6.2 or newer, or Valkey",
            ),
            (
                server.eviction_policy != NO_EVICTION,
                f"Redis has maxmemory-policy {server.eviction_policy}, by which it may drop queued and running runs "
                "when its memory is full; set it to noeviction",
            ),
            (server.is_cluster, "Redis is a cluster, over whose nodes a run's keys would be spread; use a single one"),
        )
        if wrong
    ]
    return "; ".join(problems)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
