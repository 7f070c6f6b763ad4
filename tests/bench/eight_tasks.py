"""What one run of each built-in task costs on a stated load, beside the inventory's row for it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module

from rich.table import Table
from tests import probed_servers, receivers
from tests.bench.task_cost import Measured, perform

MEGABYTE, GIGABYTE = 1000**2, 1000**3
ENDPOINTS, SLOW_ENDPOINTS, SLOW_SECONDS = 250, 25, 1.0  # 250 are the most that the task takes
TARGETS, TARGETS_AT_ONCE, TARGET_SECONDS = 200, 20, 0.2
COMMANDS, CALLS, FUNCTIONS, ITEMS_AT_ONCE = 150, 40, 10, 50


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of the inventory: what a run may take at most."""

    task: str
    task_class: str
    seconds: float
    memory_bytes: int
    measure: Callable[[], Measured]


@dataclass(frozen=True, slots=True)
class Cost:
    bar: Bar
    measured: Measured

    @property
    def acceptable(self) -> bool:
        return self.measured.seconds <= self.bar.seconds and self.measured.peak_bytes <= self.bar.memory_bytes


def provider_health() -> Measured:
    with probed_servers.web_server() as port, probed_servers.socket_server(_slow) as slow_port:
        fast = [f"http://127.0.0.1:{port}/200"] * (ENDPOINTS - SLOW_ENDPOINTS)
        slow = [f"http://127.0.0.1:{slow_port}/"] * SLOW_ENDPOINTS
        endpoints = [{"name": f"e{n}", "kind": "http", "url": url} for n, url in enumerate([*fast, *slow])]
        load = f"{ENDPOINTS} HTTP endpoints, {SLOW_ENDPOINTS} of them take {SLOW_SECONDS:g} s"
        return perform("provider-health", load, {"endpoints": endpoints, "fail_when_degraded": True})


def _slow(connection) -> None:
    connection.recv(4096)
    time.sleep(SLOW_SECONDS)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


def system_health() -> Measured:
    limits = {"cpu_percent": 100, "memory_percent": 100, "disk_percent": 100, "load_per_cpu": 100_000}
    return perform("system-health", "every check", limits)


def notification() -> Measured:
    with receivers.mail_server() as mails, receivers.web_server() as web:
        web.answer = _after_a_while
        targets = [_mail(mails.port, n) if n % 2 else _hook(web.url, n) for n in range(TARGETS)]
        load = f"{TARGETS} targets, mail and web, {TARGETS_AT_ONCE} at once, {TARGET_SECONDS:g} s a web answer"
        arguments = {"targets": targets, "at_once": TARGETS_AT_ONCE, "title": "bench", "body": "all is well"}
        measured = perform("notification", load, arguments)
        assert len(mails.got) + len(web.got) == TARGETS
        return measured


def _after_a_while(_: receivers.Request) -> tuple[int, dict[str, str]]:
    time.sleep(TARGET_SECONDS)
    return 200, {}


def _mail(port: int, number: int) -> dict[str, object]:
    url = f"mailto://127.0.0.1:{port}?from=bench@example.org&to=person{number}@example.org&mode=insecure"
    return {"name": f"mail-{number}", "url": url}


def _hook(url: str, number: int) -> dict[str, object]:
    return {"name": f"hook-{number}", "webhook": {"url": f"{url}/{number}"}}


def generic_processor() -> Measured:
    with receivers.web_server() as web:
        web.answer = _after_a_while
        commands = [{"name": f"command-{n}", "command": ["sleep", "1"]} for n in range(COMMANDS)]
        calls = [{"name": f"call-{n}", "http": {"url": f"{web.url}/{n}"}} for n in range(CALLS)]
        function = {"name": "system-health", "arguments": {"load_per_cpu": 100_000, "cpu_percent": 100}}
        functions = [{"name": f"function-{n}", "function": function, "priority": 1} for n in range(FUNCTIONS)]
        load = f"{COMMANDS} commands of 1 s, {CALLS} HTTP calls, {FUNCTIONS} functions, {ITEMS_AT_ONCE} at once"
        arguments = {"items": [*commands, *calls, *functions], "at_once": ITEMS_AT_ONCE}
        return perform("generic-processor", load, arguments)


def _of(module: str) -> Callable[[], Measured]:
    """Loaded when it is measured: some bring libraries that others need not wait for."""
    return lambda: import_module(f"tests.bench.{module}").measure()


BARS = (
    Bar("provider-health", "light", 30, 100 * MEGABYTE, provider_health),
    Bar("system-health", "light", 5, 50 * MEGABYTE, system_health),
    Bar("database-cleanup", "light", 60, 200 * MEGABYTE, _of("cleanup")),
    Bar("performance-report", "heavy", 30 * 60, 2 * GIGABYTE, _of("report")),
    Bar("data-processing", "heavy", 60 * 60, 1 * GIGABYTE, _of("data_processing")),
    Bar("model-training", "heavy", 4 * 3600, 16 * GIGABYTE, _of("training")),
    Bar("notification", "heavy", 10 * 60, 200 * MEGABYTE, notification),
    Bar("generic-processor", "heavy", 30 * 60, 1 * GIGABYTE, generic_processor),
)


def measure() -> Iterator[Cost]:
    """One after the other."""
    for bar in BARS:
        yield Cost(bar, bar.measure())


def as_table(costs: list[Cost]) -> Table:
    table = Table("task", "class", "inventory: at most", "load", "duration", "peak memory", box=None)
    for cost in costs:
        bar, measured = cost.bar, cost.measured
        at_most = f"{_seconds(bar.seconds)}, {_memory(bar.memory_bytes)}"
        figures = (_seconds(measured.seconds), _memory(measured.peak_bytes))
        shown = figures if cost.acceptable else tuple(f"[red]{figure}[/]" for figure in figures)
        table.add_row(bar.task, bar.task_class, at_most, measured.load, *shown)
    return table


def _seconds(value: float) -> str:
    if value >= 600:
        return f"{value / 60:,.0f} min"
    return f"{value:.1f} s" if value < 100 else f"{value:.0f} s"


def _memory(size_bytes: int) -> str:
    if size_bytes >= GIGABYTE:
        return f"{size_bytes / GIGABYTE:.1f} GB".replace(".0", "")
    return f"{size_bytes / MEGABYTE:.0f} MB"


if __name__ == "__main__":
    from sys import argv

    for each in BARS:
        if each.task in argv[1:]:
            print(each.measure())
