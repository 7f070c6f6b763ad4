"""Pictures of kubectl scheduledtask for the docs: `python -m docs.plugin_pictures`, from the repository.

The plugin is run on an API server that has a shop's tasks, with statuses as the operator writes them, and a Lease that
was renewed just now; no task is run. The day shown is that of the script's run.
"""

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.text import Text
from tests.cluster.api_server import api_server
from tests.cluster.cluster import Api
from tests.cluster.helm import NAMESPACE, RELEASE
from tests.conftest import establish_definitions
from tests.plugin_program import Plugin
from tests.status_values import heavy, job, light, pool, run, runs

from scheduledtask_operator.control.status import TaskStatus
from scheduledtask_operator.decisions.classification import Classification, Criterion
from scheduledtask_operator.plugin.slots import coming_slots
from scheduledtask_workloads.contract import RunRecord, RunState, TaskClass, TaskKey

IMAGES = Path(__file__).parent / "images"
COLUMNS = 118
PICTURES = {"plugin-list": ("list",), "plugin-explain": ("explain", "nightly-training")}
LIGHT = {
    "disk-and-memory": "0 */10 * * * *",
    "expired-carts": "0 * * * *",
    "price-feed": "*/15 6-20 * * *",
    "newsletter": "0 7 * * *",
}
HEAVY = {"nightly-training": "0 2 * * *", "orders-export": "0 */6 * * *", "weekday-report": "0 6 * * 1-5"}
PENDING = "Unschedulable: 0/3 nodes are available: 3 Insufficient memory"
# A terminal's letters, of the fonts that a reader has: the site's pages load nothing from elsewhere.
SVG = """<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>.{unique_id}-matrix {{ font: {char_height}px monospace; line-height: {line_height}px }}
{styles}</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


def main() -> None:
    with api_server() as server:
        establish_definitions(server)
        plugin = Plugin(server, "shop")
        _fill(server, plugin, datetime.now(UTC))
        for name, words in PICTURES.items():
            (IMAGES / f"{name}.svg").write_text(_picture(name, words, _said(plugin, words)), encoding="utf-8")
        plugin("forecast", "--output", str(IMAGES / "plugin-forecast.svg"))


def _fill(server: Api, plugin: Plugin, now: datetime) -> None:
    for namespace in (NAMESPACE, plugin.namespace):
        server.kubectl("create", "namespace", namespace)
    spec = {"holderIdentity": f"{RELEASE}-0", "leaseDurationSeconds": 600, "renewTime": f"{now:%Y-%m-%dT%H:%M:%S.%fZ}"}
    about = {"name": RELEASE, "namespace": NAMESPACE}
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": about, "spec": spec}
    server.kubectl("apply", "--filename=-", stdin=json.dumps(lease))
    for name, schedule in LIGHT.items():
        plugin.put(name, _light(TaskKey(plugin.namespace, name), now, schedule), now, schedule=schedule)
    for name, schedule in HEAVY.items():
        declared = {"duration": "40m", "memory": "8Gi"}
        status = _heavy(TaskKey(plugin.namespace, name), now, schedule)
        plugin.put(name, status, now, schedule=schedule, profile=declared)


def _light(key: TaskKey, now: datetime, schedule: str) -> TaskStatus:
    classes = Classification(TaskClass.LIGHT, "runtime: 1s observed", (Criterion("runtime", "1s", "under 1m", True),))
    known = runs([_run(1, RunState.SUCCEEDED, key, now, seconds=1)])
    return light(key=key, job=job(key=key), classification=classes, runs=known, next_due=_next(schedule, now))


def _heavy(key: TaskKey, now: datetime, schedule: str) -> TaskStatus:
    """The training waits for memory, and the export failed last."""
    waits, failed = key.name == "nightly-training", key.name == "orders-export"
    last = _run(1, RunState.FAILED if failed else RunState.SUCCEEDED, key, now, seconds=2400)
    active = [_run(0, RunState.DISPATCHED, key, now, seconds=0)] if waits else []
    workers = pool(pool=key.name, ready=0, problem=PENDING) if waits else pool(pool=key.name)
    reason = Criterion("runtime", "40m", "under 1m", False)
    classes = Classification(TaskClass.HEAVY, "runtime: 40m; light asks for under 1m", (reason,))
    return heavy(
        key=key,
        job=job(TaskClass.HEAVY, key),
        classification=classes,
        pool=workers,
        runs=runs([last], active),
        next_due=_next(schedule, now),
    )


def _next(schedule: str, now: datetime) -> datetime | None:
    task = {"spec": {"schedule": schedule}, "metadata": {"namespace": "shop", "name": "any"}}
    return next(iter(coming_slots(task, now, 1)), None)


def _run(hours_ago: int, state: RunState, key: TaskKey, now: datetime, seconds: int) -> RunRecord:
    slot = int((now - timedelta(hours=hours_ago)).timestamp()) - 60
    ended = slot + seconds if state.final else None
    times = {"slot_epoch_seconds": slot, "admitted_at": slot, "started_at": slot, "ended_at": ended}
    return run(hours_ago, state, key, **times)


def _said(plugin: Plugin, words: tuple[str, ...]) -> str:
    environment = plugin.environment() | {"COLUMNS": str(COLUMNS)}
    command = plugin.command(*words)
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=environment).stdout


def _picture(name: str, words: tuple[str, ...], said: str) -> str:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        console.print(Text.from_ansi(f"$ kubectl scheduledtask {' '.join(words)}\n{said.rstrip()}"))
        return console.export_svg(title="", unique_id=name, code_format=SVG)


if __name__ == "__main__":
    main()
