"""A forecast as lines of text, and as SVG. Pure."""

from collections.abc import Callable, Sequence
from xml.sax.saxutils import escape

from scheduledtask_operator.plugin.forecasting import Bin, Forecast
from scheduledtask_operator.plugin.times import written
from scheduledtask_workloads.contract.quantity import format_memory

_BLOCKS = " ▁▂▃▄▅▆▇█"
_LABEL_WIDTH = 12
_HERD_SHOWN = 5
_SVG_WIDTH, _PANEL_HEIGHT, _LEFT, _TOP, _GAP = 960, 110, 90, 48, 34
_COLOURS = ("#2f9e44", "#9c36b5", "#1971c2", "#e8590c")
Value = Callable[[Bin], float]

PANELS: tuple[tuple[str, Value, Callable[[float], str]], ...] = (
    ("light slots", lambda each: each.light_slots, lambda value: f"{value:.0f}"),
    ("heavy slots", lambda each: each.heavy_slots, lambda value: f"{value:.0f}"),
    ("workers", lambda each: each.workers, lambda value: f"{value:.0f}"),
    ("memory", lambda each: each.memory_bytes, format_memory),
)


def text_picture(forecast: Forecast) -> list[str]:
    """A row of blocks for each of PANELS, the hours below; times are UTC."""
    lines = []
    for label, value, shown in PANELS:
        values = [value(each) for each in forecast.bins]
        most = max(values)
        lines.append(f"{label:<{_LABEL_WIDTH}}{_bars(values, most)}  {shown(most)} at most")
    return [*lines, " " * _LABEL_WIDTH + _hours(forecast)]


def notes(forecast: Forecast) -> list[str]:
    """What a picture does not tell: the herd, and what the figures are made of."""
    found = []
    if herd := forecast.herd:
        some = ", ".join(herd.tasks[:_HERD_SHOWN])
        more = f" and {len(herd.tasks) - _HERD_SHOWN} more" if len(herd.tasks) > _HERD_SHOWN else ""
        found.append(f"the herd: {len(herd.tasks)} slots at {written(herd.time)}: {some}{more}")
        if len(herd.tasks) > _HERD_SHOWN:
            found.append('to part it: write H in the place of a fixed minute, as in "H * * * *", or jitterSeconds')
    if forecast.undeclared:
        found.append(f"no duration is known of {', '.join(forecast.undeclared[:_HERD_SHOWN])}; a minute is assumed")
    if forecast.suspended:
        found.append(f"suspended, so without slots: {forecast.suspended}")
    if forecast.unscheduled:
        found.append(f"without a schedule, so not in the picture: {forecast.unscheduled}")
    if forecast.spread:
        found.append(f"of many slots a day, spread evenly: {', '.join(forecast.spread[:_HERD_SHOWN])}")
    return found


def svg_picture(forecast: Forecast) -> str:
    """A document of its own, that any browser shows."""
    height = _TOP + len(PANELS) * (_PANEL_HEIGHT + _GAP) + 18 * len(notes(forecast)) + 20
    first, last = forecast.bins[0].start, forecast.bins[-1].start
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SVG_WIDTH} {height}" font-family="sans-serif">',
        f'<rect width="{_SVG_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="26" font-size="18">ScheduledTasks from {written(first)} to {written(last)}</text>',
    ]
    for at in range(len(PANELS)):
        parts += _panel(forecast, at, _TOP + at * (_PANEL_HEIGHT + _GAP))
    below = _TOP + len(PANELS) * (_PANEL_HEIGHT + _GAP) + 10
    for at, note in enumerate(notes(forecast)):
        parts.append(f'<text x="{_LEFT}" y="{below + 18 * at}" font-size="12">{escape(note)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(forecast: Forecast, at: int, top: int) -> list[str]:
    label, value, shown = PANELS[at]
    values = [value(each) for each in forecast.bins]
    most, width = max(values), (_SVG_WIDTH - _LEFT - 20) / len(values)
    base = top + _PANEL_HEIGHT
    parts = [
        f'<text x="{_LEFT - 8}" y="{top + 14}" font-size="12" text-anchor="end">{escape(label)}</text>',
        f'<text x="{_LEFT - 8}" y="{top + 30}" font-size="11" text-anchor="end" fill="#868e96">{shown(most)}</text>',
        f'<line x1="{_LEFT}" y1="{base}" x2="{_SVG_WIDTH - 20}" y2="{base}" stroke="#adb5bd"/>',
    ]
    for index, each in enumerate(values):
        if most and each:
            high = each / most * (_PANEL_HEIGHT - 6)
            place = f'x="{_LEFT + index * width:.1f}" y="{base - high:.1f}" width="{max(0.5, width - 1):.1f}"'
            title = f"<title>{written(forecast.bins[index].start)}: {escape(shown(each))}</title>"
            parts.append(f'<rect {place} height="{high:.1f}" fill="{_COLOURS[at]}">{title}</rect>')
    return parts + _ticks(forecast, width, base)


def _ticks(forecast: Forecast, width: float, base: int) -> list[str]:
    every = max(1, 3 * 3600 // forecast.bin_seconds)
    return [
        f'<text x="{_LEFT + index * width:.1f}" y="{base + 13}" font-size="10" fill="#868e96">'
        f"{forecast.bins[index].start:%H:%M}</text>"
        for index in range(0, len(forecast.bins), every)
    ]


def _bars(values: Sequence[float], most: float) -> str:
    """What is not nothing is seen."""
    highest = len(_BLOCKS) - 1
    return (
        "".join(_BLOCKS[max(1, round(each / most * highest)) if each else 0] for each in values)
        if most
        else ("·" * len(values))
    )


def _hours(forecast: Forecast) -> str:
    """A time each three hours, under its interval."""
    every = max(6, 3 * 3600 // forecast.bin_seconds)
    marks = [f"{each.start:%H:%M}"[: every - 1].ljust(every) for each in forecast.bins[::every]]
    return "".join(marks).rstrip()
