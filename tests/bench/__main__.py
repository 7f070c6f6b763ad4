"""`make bench`: every measurement that one machine can show, one after the other, beside its bar.

`operator` and `cronjob` need what tests on a cluster need: an API server, and a whole cluster with the operator on it.
`tasks` prints a table of its own: what a run of each built-in task takes, beside the inventory's row for it.

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
    beside_cronjob,
    eight_tasks,
    fire_lag,
    heavy_dispatch,
    heavy_enqueue,
    memory,
    operator_scale,
    runners_throughput,
    scrape,
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


def operator() -> Iterator[Row]:
    measured = operator_scale.measure(10_000)
    yield Row("operator, 10k resources: status patches", measured["operator_patches_per_second"], "/s")
    yield Row("a bare client's status patches", measured["bare_patches_per_second"], "/s")
    share = measured["percent_of_bare"]
    yield Row("operator's share of a bare client's rate", share, "%", 60, 40, more_is_better=True)
    yield Row("operator, 10k resources: memory (PSS)", measured["operator_pss_bytes"] / 1024**2, "MiB", 256, 400)
    yield Row("operator, 10k resources: killed to all registered", measured["restart_seconds"], "s", 30, 60)


def watched() -> Iterator[Row]:
    measured = scrape.measure(10_000)
    yield Row(
        "metrics of 10k tasks: a scrape, compressed, p50", measured["scrape_p50_seconds"] * 1000, "ms", 1000, 2000
    )
    yield Row(
        "metrics of 10k tasks: processor time of a scrape", measured["scrape_cpu_seconds"] * 1000, "ms", 1000, 1000
    )
    yield Row("metrics of 10k tasks: size", measured["plain_bytes"] / MEGABYTE, "MB")
    yield Row("metrics of 10k tasks: size, compressed", measured["zipped_bytes"] / MEGABYTE, "MB")
    yield Row("as many lines by prometheus-client: processor time", measured["prometheus_client_seconds"] * 1000, "ms")
    yield Row("10k light due the same second: fire lag p99", measured["fire_lag_alone_p99_ms"], "ms")
    yield Row(
        "the same while both endpoints are asked: fire lag p99", measured["fire_lag_watched_p99_ms"], "ms", 100, 300
    )


def cronjob() -> Iterator[Row]:
    measured = beside_cronjob.measure()
    for kind, name in (("cronjob", "CronJob"), ("light", "light ScheduledTask")):
        delay_ms = measured[f"{kind}_start_delay_p99_seconds"] * 1000
        yield Row(f"20 no-ops a minute as {name}: start delay p99", delay_ms, "ms")
        cpu_ms = measured[f"{kind}_core_seconds_a_run"] * 1000
        yield Row(f"20 no-ops a minute as {name}: CPU of the node a run", cpu_ms, "ms")
    yield Row(
        "beside CronJob: lower start delay", measured["times_lower_start_delay"], "x", 100, 30, more_is_better=True
    )
    yield Row("beside CronJob: less CPU a run", measured["times_less_cpu"], "x", 50, 15, more_is_better=True)


SECTIONS: dict[str, Callable[[], Iterator[Row]]] = {
    "light-burst": light_burst,
    "light-starts": light_starts,
    "spread": spread_out,
    "heavy": heavy,
    "memory": processes,
    "operator": operator,
    "watched": watched,
    "cronjob": cronjob,
}
TASKS = "tasks"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("section", nargs="*", choices=[[], *SECTIONS, TASKS], help="default: all of them")
    chosen = parser.parse_args().section or [*SECTIONS, TASKS]
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start"
    )
    rows, costs = _measure(chosen, console)
    if rows:
        console.print(_table(rows))
    if costs:
        console.print(eight_tasks.as_table(costs))
    return 0 if all(figure.acceptable for figure in [*rows, *costs]) else 1


def _measure(chosen: list[str], console: Console) -> tuple[list[Row], list[eight_tasks.Cost]]:
    rows: list[Row] = []
    costs: list[eight_tasks.Cost] = []
    for name in chosen:
        with console.status(f"measuring {name}"):
            if name == TASKS:
                costs += eight_tasks.measure()
            else:
                rows += SECTIONS[name]()
    return rows, costs


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
