"""What dashboards ask, and what is asked in a query: metric names, and whole queries in a dashboard's JSON."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

TASKS = 'namespace=~"$namespace"'
TASK = 'namespace=~"$namespace",scheduledtask="$scheduledtask"'
POOLS = 'namespace=~"$namespace",pool=~"$pool"'
BY_TASK = "by (namespace, scheduledtask)"
RATE = "$__rate_interval"
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_SELECTOR = re.compile(r"\{[^}]*\}")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_DURATION = re.compile(r"\[[^\]]*\]")
_VARIABLE = re.compile(r"\$\{?\w+\}?")
_AGGREGATIONS = {"avg", "count", "max", "min", "sum"}
_FUNCTIONS = {"absent", "histogram_quantile", "increase", "rate", "sort", "sort_desc", "time", "vector"}
_WORDS = _AGGREGATIONS | _FUNCTIONS | {"bool", "or", "unless"}
"""Of PromQL, those that ours use: any other word of a query is taken for a metric, and must be one."""
_SUFFIXES = ("_bucket", "_count", "_sum")


def each_task(metric: str, how: str = "max", selector: str = TASKS) -> str:
    """Of each task; for some seconds after a change of leaders both may tell."""
    return f"{how} {BY_TASK} ({metric}{{{selector}}})"


def number_of(condition: str) -> str:
    """How many series there are; 0 where none is."""
    return f"count({condition}) or vector(0)"


def quantile(fraction: float, histogram: str, by: str, selector: str = "") -> str:
    """`by`: labels besides `le`, with a comma behind each."""
    within = f"{{{selector}}}" if selector else ""
    return f"histogram_quantile({fraction}, sum by ({by}le) (rate({histogram}_bucket{within}[{RATE}])))"


def metrics_in(query: str) -> set[str]:
    """The metrics that a query of ours names, histograms without their suffix."""
    bare = _QUOTED.sub("", query)
    for pattern in (_SELECTOR, _GROUPING, _DURATION, _VARIABLE):
        bare = pattern.sub(" ", bare)
    return {_family(name) for name in _NAME.findall(bare) if name not in _WORDS}


def queries_of(board: Mapping[str, Any]) -> list[str]:
    """Every query of a dashboard's JSON, its variables filled in as Grafana would."""
    return [_filled(query) for query in raw_queries(board)]


def raw_queries(board: Mapping[str, Any]) -> list[str]:
    """As they stand in the JSON, those of the variables too."""
    of_panels = [target["expr"] for panel in panels_of(board) for target in panel.get("targets", ())]
    return of_panels + list(_of_variables(board))


def panels_of(board: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Also those in rows that are folded."""
    for panel in board["panels"]:
        yield from panel.get("panels", ())
        if panel["type"] != "row":
            yield panel


def _of_variables(board: Mapping[str, Any]) -> Iterator[str]:
    for variable in board["templating"]["list"]:
        found = re.match(r"label_values\((.+), *\w+\)$", str(variable.get("query", "")))
        if variable["type"] == "query" and found:
            yield found[1]


def _filled(query: str) -> str:
    return _VARIABLE.sub(lambda found: "5m" if "interval" in found[0] or "range" in found[0] else "x", query)


def _family(name: str) -> str:
    return next((name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)), name)
