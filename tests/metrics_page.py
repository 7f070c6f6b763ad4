"""docs/metrics.md, read: each metric with its type, its labels, and what reads it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.metrics_core import Metric

PAGE = Path(__file__).parents[1] / "docs" / "metrics.md"
_ROW = re.compile(r"^\| `(?P<name>[a-z_]+)` \| (?P<type>\w+) \|(?P<labels>[^|]*)\| [^|]+ \| (?P<used>[^|]+) \|$")
_COMMON = {"Of each task": ("namespace", "scheduledtask"), "Of runs": ("namespace",), "Of pools": ("namespace", "pool")}
OPERATOR = ("Of each task", "Of runs", "Of pools", "Of the operator", "Of every process")
SCHEDULER = ("Of the scheduler", "Of every process")


@dataclass(frozen=True, slots=True)
class Described:
    """A row. `used`: the dashboards that show it, `alert`, or `ad hoc`."""

    name: str
    type: str
    labels: frozenset[str]
    used: tuple[str, ...]
    section: str

    def __str__(self) -> str:
        return f"{self.name} ({self.type}; {', '.join(sorted(self.labels)) or 'no labels'})"


def described(sections: Iterable[str] = (*OPERATOR, *SCHEDULER)) -> dict[str, Described]:
    return {row.name: row for row in _rows() if row.section in set(sections)}


def exposed(families: Iterable[Metric]) -> set[str]:
    """Of what a process said, in the words of the page. Counters are read back without `_total`."""
    return {
        str(Described(_name(family), family.type, frozenset(_labels(family)), (), ""))
        for family in families
        if family.samples
    }


def _name(family: Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


def _labels(family: Metric) -> set[str]:
    return {name for sample in family.samples for name in sample.labels} - {"le"}


def _rows() -> Iterator[Described]:
    section, common = "", ()
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = next((each for each in (*OPERATOR, *SCHEDULER) if line[3:].startswith(each)), "")
            common = _COMMON.get(section, ())
        elif found := _ROW.match(line):
            labels = {*common, *re.findall(r"`(\w+)`", found["labels"])}
            used = tuple(word.strip() for word in found["used"].split(","))
            yield Described(found["name"], found["type"], frozenset(labels), used, section)
