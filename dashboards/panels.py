"""What our panels have in common: a description, a unit, colours that mean the same everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
GREEN, AMBER, RED, GREY = "green", "orange", "red", "text"
TASK_BOARD = "/d/scheduledtask-task/?var-datasource=${datasource}&var-namespace=${__data.fields.namespace}"
TASK_LINK = f"{TASK_BOARD}&var-scheduledtask=${{__data.fields.scheduledtask}}&${{__url_time_range}}"


@dataclass(frozen=True, slots=True)
class Ask:
    """A query and the words of its legend."""

    query: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Steps:
    """From which value on it is amber, and red; `low`: up to which. None: no such colour."""

    amber: float | None = None
    red: float | None = None
    low: bool = False

    def built(self) -> dashboard.ThresholdsConfig:
        steps = [model.Threshold(value=None, color=RED if self.low else GREEN)]
        known = [(self.amber, GREEN if self.low else AMBER), (self.red, RED)]
        steps += [model.Threshold(value=value, color=color) for value, color in known if value is not None]
        return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps)


CALM = Steps()
ANY_IS_BAD = Steps(red=1)
ANY_IS_ODD = Steps(amber=1)
ONE_IS_GOOD = Steps(amber=1, low=True)
"""Red at 0, green from 1 on."""


def runbook(name: str, title: str = "Runbook") -> Any:
    return dashboard.DashboardLink(title).type(model.DashboardLinkType.LINK).url(f"${{runbooks}}/{name}.md")


def number(
    title: str,
    about: str,
    query: str,
    *,
    unit: str = "short",
    steps: Steps = CALM,
    width: int = 3,
    book: str = "",
    text: bool = False,
) -> Any:
    """One value, as large as it may be. `book`: its runbook. `text`: show the series' name in place of the value."""
    panel = (
        stat.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .span(width)
        .height(4)
        .unit(unit)
        .thresholds(steps.built())
        .color_mode(options.BigValueColorMode.VALUE)
        .graph_mode(options.BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .with_target(_query(Ask(query, "{{outcome}}{{version}}"), "A", instant=True))
    )
    if text:
        panel = panel.text_mode(options.BigValueTextMode.NAME)
    return panel.links([runbook(book)]) if book else panel


def lines(
    title: str,
    about: str,
    *asks: Ask,
    unit: str = "short",
    steps: Steps | None = None,
    width: int = 12,
    stacked: bool = False,
    book: str = "",
) -> Any:
    """Values over time; `steps` are drawn as lines."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .span(width)
        .height(8)
        .unit(unit)
        .min(0)
        .fill_opacity(25 if stacked else 5)
        .line_width(1)
        .show_points(options.VisibilityMode.NEVER)
        .legend(common.VizLegendOptions().show_legend(True).display_mode(options.LegendDisplayMode.LIST))
        .tooltip(common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI).sort(options.SortOrder.DESCENDING))
    )
    if steps is not None:
        style = common.GraphThresholdsStyleConfig().mode(options.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds(steps.built()).thresholds_style(style)
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL).group("A"))
    for letter, ask in zip("ABCDEF", asks, strict=False):
        panel = panel.with_target(_query(ask, letter))
    return panel.links([runbook(book)]) if book else panel


def listing(
    title: str,
    about: str,
    query: str,
    value: str,
    *,
    unit: str = "short",
    steps: Steps = CALM,
    width: int = 12,
    hidden: Sequence[str] = (),
    book: str = "",
) -> Any:
    """A row a series, its labels as columns and its value as the column `value`; tasks lead to their dashboard."""
    gone = dict.fromkeys(("Time", "__name__", *hidden), True)
    panel = (
        table.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .span(width)
        .height(8)
        .unit(unit)
        .thresholds(steps.built())
        .no_value("None")
        .with_target(_query(Ask(query), "A", instant=True, table_format=True))
        .with_transformation(
            model.DataTransformerConfig("organize", options={"excludeByName": gone, "renameByName": {"Value": value}})
        )
        .override_by_name("scheduledtask", [model.DynamicConfigValue("links", [_task_link()])])
        .override_by_name(value, [model.DynamicConfigValue("custom.cellOptions", {"type": "color-text"})])
    )
    return panel.links([runbook(book)]) if book else panel


def _task_link() -> dict[str, Any]:
    return {"title": "Show this task", "url": TASK_LINK}


def _query(ask: Ask, letter: str, *, instant: bool = False, table_format: bool = False) -> Any:
    query = prometheus.Dataquery().expr(ask.query).legend_format(ask.legend or "__auto").ref_id(letter)
    if table_format:
        query = query.format(PromQueryFormat.TABLE)
    return query.instant() if instant else query.range()
