"""Plots of a report as SVG for the inside of a page: same figures, same bytes; colours from the page's CSS."""

import io
import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from scipy import stats

from scheduledtask_workloads.tasks.performance_report.document import Calibration, Drift, Residuals

# Drawn in these, and written as what the page calls them, so that a dark page has plots for the dark.
_INK, _MUTED, _GRID, _FRESH, _THEN = "#010201", "#010202", "#010203", "#010204", "#010205"
_NAMES = {_INK: "--ink", _MUTED: "--muted", _GRID: "--grid", _FRESH: "--fresh", _THEN: "--then"}
_STYLE: Any = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "svg.fonttype": "none",  # letters stay letters, in the page's font
    "svg.hashsalt": "report",
    "text.parse_math": False,  # a column may be called $x
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _MUTED,
    "axes.labelcolor": _INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _GRID,
    "grid.linewidth": 0.6,
    "text.color": _INK,
    "xtick.color": _MUTED,
    "ytick.color": _MUTED,
    "xtick.labelcolor": _INK,
    "ytick.labelcolor": _INK,
    "legend.frameon": False,
}
_TAG = re.compile(r"<[^<>]+>")
_SURPLUS = re.compile(r"<metadata>.*?</metadata>|<style.*?</style>", re.DOTALL)
_SIZE_INCHES = (5.2, 3.1)
_LABEL_CHARACTERS = 18


def calibration(curve: Calibration) -> str:
    with _plot("calibration") as (axes, svg):
        axes.plot([0, 1], [0, 1], color=_MUTED, linestyle="--", linewidth=1, label="perfect")
        axes.plot(curve.predicted, curve.observed, color=_FRESH, linewidth=1, label="fresh rows")
        areas = [12 + 160 * rows / max(curve.rows) for rows in curve.rows]
        axes.scatter(curve.predicted, curve.observed, s=areas, color=_FRESH, linewidths=0)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="predicted probability", ylabel="share that came true")
        axes.legend(loc="upper left")
    return svg()


def residual_bands(residuals: Residuals) -> str:
    """Residuals against prediction: points, and where 90 % of them lie."""
    with _plot("bands") as (axes, svg):
        across, up = [point[0] for point in residuals.points], [point[1] for point in residuals.points]
        axes.scatter(across, up, s=9, color=_MUTED, alpha=0.45, linewidths=0)
        places = [band.prediction for band in residuals.bands]
        lows, highs = [band.low for band in residuals.bands], [band.high for band in residuals.bands]
        axes.fill_between(places, lows, highs, color=_FRESH, alpha=0.25, linewidth=0, label="90 % of rows")
        axes.plot(places, [band.middle for band in residuals.bands], color=_FRESH, linewidth=2, label="median")
        axes.axhline(0, color=_INK, linewidth=0.8, linestyle="--")
        axes.set(xlabel="prediction", ylabel="residual")
        axes.legend(loc="best")
    return svg()


def residual_histogram(residuals: Residuals) -> str:
    with _plot("histogram") as (axes, svg):
        rows = sum(residuals.counts)
        shares = [count / rows for count in residuals.counts]
        axes.stairs(shares, residuals.edges, fill=True, color=_FRESH, alpha=0.45, label="fresh rows")
        if residuals.held_out_shares:
            axes.stairs(residuals.held_out_shares, residuals.edges, color=_INK, linewidth=1.2, label="at the training")
        axes.axvline(0, color=_INK, linewidth=0.8, linestyle="--")
        axes.set(xlabel="residual (true value minus prediction)", ylabel="share of rows")
        axes.legend(loc="best")
    return svg()


def residual_quantiles(residuals: Residuals) -> str:
    """Against those of a normal distribution of the same middle and spread."""
    with _plot("quantiles") as (axes, svg):
        count = len(residuals.quantiles)
        normal = [float(stats.norm.ppf((place + 0.5) / count)) for place in range(count)]
        middle = (residuals.quantiles[count // 2] + residuals.quantiles[(count - 1) // 2]) / 2
        low, high = residuals.quantiles[int(count * 0.16)], residuals.quantiles[int(count * 0.84)]
        slope = (high - low) / (normal[int(count * 0.84)] - normal[int(count * 0.16)])
        line = [middle + slope * normal[0], middle + slope * normal[-1]]
        axes.plot([normal[0], normal[-1]], line, color=_MUTED, linestyle="--", linewidth=1, label="normal")
        axes.plot(normal, residuals.quantiles, color=_FRESH, marker=".", linestyle="", label="fresh rows")
        axes.set(xlabel="standard deviations of a normal distribution", ylabel="residual")
        axes.legend(loc="upper left")
    return svg()


def shares(drift: Drift, name: str) -> str:
    """A column's distribution then and now; `name` tells plots of one page apart."""
    with _plot(name) as (axes, svg):
        places = range(len(drift.bins))
        draw = _columns if drift.kind == "numeric" else _rows
        draw(axes, drift, list(places))
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return svg()


def _columns(axes: Axes, drift: Drift, places: Sequence[int]) -> None:
    axes.bar([place - 0.2 for place in places], drift.expected, 0.4, color=_THEN, label="at the training")
    axes.bar([place + 0.2 for place in places], drift.found, 0.4, color=_FRESH, label="fresh rows")
    edges = [drift.bins[0].split(" to ")[0], *(bin_.split(" to ")[1] for bin_ in drift.bins)] if drift.bins else []
    every = max(1, math.ceil(len(edges) / 6))
    axes.set_xticks([place - 0.5 for place in range(0, len(edges), every)], edges[::every])
    axes.set(ylabel="share of rows")
    axes.grid(visible=False, axis="x")


def _rows(axes: Axes, drift: Drift, places: Sequence[int]) -> None:
    axes.barh([place - 0.2 for place in places], drift.expected, 0.4, color=_THEN, label="at the training")
    axes.barh([place + 0.2 for place in places], drift.found, 0.4, color=_FRESH, label="fresh rows")
    axes.set_yticks(list(places), [_short(bin_) for bin_ in drift.bins])
    axes.invert_yaxis()
    axes.set(xlabel="share of rows")
    axes.grid(visible=False, axis="y")


def _short(text: str) -> str:
    shown = "".join(character if character.isprintable() else "·" for character in text)
    return shown if len(shown) <= _LABEL_CHARACTERS else f"{shown[: _LABEL_CHARACTERS - 1]}…"


@contextmanager
def _plot(name: str) -> Iterator[tuple[Axes, Callable[[], str]]]:
    """Axes to draw on, and what writes them down afterwards."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
        yield figure.add_subplot(), lambda: _written(figure, name)


def _written(figure: Figure, name: str) -> str:
    with mpl.rc_context(_STYLE), io.StringIO() as out:
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(out, metadata={"Date": None, "Creator": None})
        text = out.getvalue()
    return _TAG.sub(lambda tag: _for_a_page(tag[0], name), _SURPLUS.sub("", text[text.index("<svg") :]))


def _for_a_page(tag: str, name: str) -> str:
    """Colours and fonts of the page, and ids that no other plot of it has."""
    if tag.startswith("<svg"):
        box = re.search(r'viewBox="[^"]*"', tag)
        return f'<svg {box[0] if box else ""} xmlns:xlink="http://www.w3.org/1999/xlink" aria-hidden="true">'
    for colour, called in _NAMES.items():
        tag = tag.replace(colour, f"var({called})")
    tag = re.sub(r" font-family: [^;\"]*;", "", tag)
    return re.sub(r'(\bid="|href="#|url\(#)', rf"\1{name}-", tag)
