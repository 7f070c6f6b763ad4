"""`make bench`: every measurement that one machine can show, one after the other, beside its bar.

`python -m tests.bench [SECTION ...]` measures some of them. Exit code 1 when a figure is worse than its last column.
"""

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from tests.bench import (
    beat,
    fire_lag,
    heavy_dispatch,
    heavy_enqueue,
    memory,
    runners_throughput,
    spread,
    stock_apscheduler,
)
from tests.redis_server import running_server

MEGABYTE = 1000**2


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `bar` and `worst` are None for what is printed to compare with."""

    what: str
    figure: float
    unit: str
    bar: float | None = None
    worst: float | None = None
    more_is_better: bool = False

    @property
    def acceptable(self) -> bool:
        if self.worst is None:
            return True
        return self.figure >= self.worst if self.more_is_better else self.figure <= self.worst


def light_burst() -> Iterator[Row]:
    for tasks, bar, worst in ((10_000, 100, 300), (50_000, 500, 1500)):
        measured = fire_lag.measure(tasks)
        name = f"{tasks // 1000}k light due the same second"
        yield Row(f"{name}: fire lag p99", measured["p99_ms"], "ms", bar, worst)
        yield Row(f"{name}: missed", measured["missed"], "", 0, 0)
    stock = stock_apscheduler.measure(10_000)
    yield Row("APScheduler as it comes, the same 10k: fire lag p99 of those that ran", stock["p99"] * 1000, "ms")
    yield Row("APScheduler as it comes, the same 10k: missed", stock["missed"], "")


def light_starts() -> Iterator[Row]:
    measured = runners_throughput.measure()
    worst_round = max(measured["start_delay_p99_seconds"]) * 1000
    yield Row("1k no-op light due the same second, 4 runners: start delay p99", worst_round, "ms", 500, 1500)


def spread_out() -> Iterator[Row]:
    measured = spread.measure()
    yield Row("10k @60 s, spread: start delay p99", measured["start_delay_p99_ms"], "ms", 20, 100)
    yield Row("10k @60 s, spread: CPU of the scheduler", measured["scheduler_cpu_percent"], "%", 25, 60)


def heavy() -> Iterator[Row]:
    with running_server() as server:
        enqueue = heavy_enqueue.measure(server.url)
    yield Row("heavy enqueue, in batches", enqueue["batched_per_second"], "/s", 1500, 700, more_is_better=True)
    yield Row("heavy enqueue, one by one", enqueue["single_per_second"], "/s", 1500, 700, more_is_better=True)
    ours = heavy_dispatch.measure()
    yield Row("10k heavy due the same second: decided, recorded and sent", ours, "/s")
    for name, rate in beat.measure().items():
        yield Row(f"{name}, 10k entries due the same moment: sent", rate, "/s")
        yield Row(f"heavy dispatch beside {name}", ours / rate, "x", 10, 5, more_is_better=True)


def processes() -> Iterator[Row]:
    measured = memory.measure()
    for name, size_bytes in sorted(measured.items()):
        yield Row(f"memory of {name} (PSS)", size_bytes / MEGABYTE, "MB")
    together = (measured["scheduler"] + measured["runners"]) / MEGABYTE
    yield Row("memory of scheduler and 4 runners with the light built-in tasks (PSS)", together, "MB", 120, 180)


SECTIONS: dict[str, Callable[[], Iterator[Row]]] = {
    "light-burst": light_burst,
    "light-starts": light_starts,
    "spread": spread_out,
    "heavy": heavy,
    "memory": processes,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("section", nargs="*", choices=[[], *SECTIONS], help="default: all of them")
    chosen = parser.parse_args().section or list(SECTIONS)
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start"
    )
    rows: list[Row] = []
    for name in chosen:
        with console.status(f"measuring {name}"):
            rows += SECTIONS[name]()
    console.print(_table(rows))
    return 0 if all(row.acceptable for row in rows) else 1


def _table(rows: list[Row]) -> Table:
    table = Table("", "measured", "bar", "never worse than", box=None)
    for row in rows:
        sign = ">= " if row.more_is_better else "<= "
        figure = _figure(row.figure, row.unit)
        limits = ("" if limit is None else sign + _figure(limit, row.unit) for limit in (row.bar, row.worst))
        table.add_row(row.what, figure if row.acceptable else f"[red]{figure}[/]", *limits)
    return table


def _figure(value: float, unit: str) -> str:
    digits = f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.1f}"
    return f"{digits} {unit}".strip()


if __name__ == "__main__":
    sys.exit(main())
