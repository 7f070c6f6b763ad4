"""What is generated is what is committed; queries and metrics know each other; links lead somewhere."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dashboards.__main__ import generated
from dashboards.alerts import ALERTS
from dashboards.boards import BOARDS
from dashboards.queries import metrics_in, panels_of, queries_of
from tests.metrics_page import described

ROOT = Path(__file__).parents[3]
FILES = generated()
LOADED = {board.title.removeprefix("ScheduledTask / "): json.loads(board.json()) for board in BOARDS}
PANELS = [(name, panel) for name, board in LOADED.items() for panel in panels_of(board)]
of_each_panel = pytest.mark.parametrize(
    ("board", "panel"), PANELS, ids=[f"{name}: {panel['title']}" for name, panel in PANELS]
)


def asked() -> dict[str, set[str]]:
    """Of each metric that a query names, who asks."""
    found: dict[str, set[str]] = defaultdict(set)
    for alert in ALERTS:
        for metric in metrics_in(alert.query):
            found[metric].add("alert")
    for name, board in LOADED.items():
        for query in queries_of(board):
            for metric in metrics_in(query):
                found[metric].add(name)
    return found


def runbook_links(value: Any) -> Iterator[str]:
    """Everywhere in a dashboard."""
    return iter(re.findall(r"\$\{runbooks\}/([\w-]+\.md)", json.dumps(value)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_committed_is_what_is_generated(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == FILES[path], "run `make dashboards`"


def test_every_metric_in_a_query_is_one_that_a_process_tells() -> None:
    assert asked().keys() - described().keys() == set()


def test_the_page_says_of_each_metric_what_reads_it() -> None:
    ours = asked()

    assert {name: sorted(ours.get(name, ["ad hoc"])) for name in described()} == {
        name: sorted(metric.used) for name, metric in described().items()
    }


@of_each_panel
def test_a_panel_has_words_and_a_unit(board: str, panel: dict[str, Any]) -> None:
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert all(target["expr"] for target in panel["targets"])


def test_panels_can_be_linked_to() -> None:
    for name, board in LOADED.items():
        numbers = [panel["id"] for panel in board["panels"]]
        assert len(set(numbers)) == len(numbers), name


def test_no_panel_lies_over_another() -> None:
    for name, board in LOADED.items():
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            place = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not cells & taken, f"{name}: {panel['title']}"
            assert place["x"] + place["w"] <= 24
            taken |= cells


def test_every_alert_and_link_has_its_runbook_and_every_runbook_its_alert() -> None:
    pages = {path.name for path in (ROOT / "docs" / "runbooks").glob("*.md")}
    of_alerts = {f"{alert.runbook}.md" for alert in ALERTS}

    assert pages - {"index.md"} == of_alerts
    assert {link for board in LOADED.values() for link in runbook_links(board)} <= pages


def test_a_runbook_names_its_alert_and_says_all_four_things() -> None:
    for alert in ALERTS:
        text = (ROOT / "docs" / "runbooks" / f"{alert.runbook}.md").read_text(encoding="utf-8")
        assert alert.name in text, alert.runbook
        for head in ("## What it means", "## What did not run", "## What to look at", "## What to do"):
            assert head in text, f"{alert.runbook}: {head}"


def test_the_index_has_each_alert_with_its_severity_and_its_threshold() -> None:
    index = (ROOT / "docs" / "runbooks" / "index.md").read_text(encoding="utf-8")
    for alert in ALERTS:
        (row,) = re.findall(
            rf"^\| \[{alert.name}\]\({alert.runbook}\.md\) \| {alert.severity} \| .*$", index, re.MULTILINE
        )
        assert row.endswith(f" | {alert.threshold:g} {alert.unit} |" if alert.unit else " | |"), row


def test_the_dashboards_lead_to_each_other() -> None:
    for name, board in LOADED.items():
        (link,) = board["links"]
        assert (link["type"], link["tags"]) == ("dashboards", ["scheduledtask"]), name
        assert board["tags"] == ["scheduledtask"]
    uids = {board["uid"] for board in LOADED.values()}
    assert set(re.findall(r"/d/([\w-]+)/", json.dumps(LOADED))) <= uids
