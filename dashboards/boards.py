"""A dashboard, whole: rows of panels under its variables, with links to the others."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model

from dashboards import operator_board, overview_board, pools_board, task_board
from dashboards.alerts import RUNBOOKS
from dashboards.sections import Section

TAG = "scheduledtask"


@dataclass(frozen=True, slots=True)
class Variable:
    """Its values are those of its label; `many`: several at once, and all."""

    name: str
    query: str
    many: bool = True


NAMESPACE = Variable("namespace", "label_values(scheduledtask_info, namespace)")


@dataclass(frozen=True, slots=True)
class Board:
    name: str
    title: str
    description: str
    sections: Sequence[Section]
    variables: Sequence[Variable] = field(default=(NAMESPACE,))
    since: str = "now-6h"

    def json(self) -> str:
        """As Grafana takes it, for a file."""
        encoder = JSONEncoder(sort_keys=True, indent=2)
        return encoder.encode(self._built()) + "\n"

    def _built(self) -> Any:
        board = (
            dashboard.Dashboard(self.title)
            .uid(f"scheduledtask-{self.name}")
            .description(self.description)
            .tags([TAG])
            .editable()
            .refresh("30s")
            .time(self.since, "now")
            .timezone("browser")
            .tooltip(model.DashboardCursorSync.CROSSHAIR)
            .link(_others())
        )
        for variable in self._variables():
            board = board.with_variable(variable)
        numbers = count(1)  # links to a single panel go by it
        for section in self.sections:
            board = board.with_row(dashboard.Row(section.title).id(next(numbers)))
            for panel in section.panels:
                board = board.with_panel(panel.id(next(numbers)))
        return board.build()

    def _variables(self) -> list[Any]:
        source = dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
        books = dashboard.TextBoxVariable("runbooks").label("Runbooks").default_value(RUNBOOKS)
        return [source, *map(_variable, self.variables), books.hide(model.VariableHide.HIDE_VARIABLE)]


def _variable(variable: Variable) -> Any:
    built = (
        dashboard.QueryVariable(variable.name)
        .label(variable.name.capitalize())
        .query(variable.query)
        .datasource(model.DataSourceRef(type_val="prometheus", uid="${datasource}"))
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(variable.many)
        .include_all(variable.many)
    )
    if not variable.many:
        return built
    everything = model.VariableOption(selected=True, text="All", value="$__all")
    return built.all_value(".*").current(everything)


def _others() -> Any:
    link = dashboard.DashboardLink("scheduledtask").type(model.DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.as_dropdown(True).include_vars(True).keep_time(True)


BOARDS = (
    Board("overview", "ScheduledTask / Overview", overview_board.ABOUT, overview_board.SECTIONS),
    Board(
        "task",
        "ScheduledTask / Task",
        task_board.ABOUT,
        task_board.SECTIONS,
        (
            Variable("namespace", NAMESPACE.query, many=False),
            Variable(
                "scheduledtask", 'label_values(scheduledtask_info{namespace=~"$namespace"}, scheduledtask)', many=False
            ),
        ),
        since="now-24h",
    ),
    Board(
        "pools",
        "ScheduledTask / Heavy pools",
        pools_board.ABOUT,
        pools_board.SECTIONS,
        (
            Variable("namespace", "label_values(scheduledtask_pool_desired, namespace)"),
            Variable("pool", 'label_values(scheduledtask_pool_desired{namespace=~"$namespace"}, pool)'),
        ),
    ),
    Board("operator", "ScheduledTask / Operator", operator_board.ABOUT, operator_board.SECTIONS, ()),
)
