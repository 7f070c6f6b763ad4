"""Plots are the same for the same figures, and take the page's colours."""

import re

from scheduledtask_workloads.tasks.performance_report import plots
from scheduledtask_workloads.tasks.performance_report.document import Calibration, Drift

CURVE = Calibration(of="churned", rows=[10, 90], predicted=[0.1, 0.8], observed=[0.2, 0.9])
COLUMN = Drift(
    name="price in $x^{",
    kind="categorical",
    psi=0.1,
    psi_by_chance=0.01,
    test=None,
    statistic=None,
    p_value=None,
    bins=["$x^{", "<b>&", "a\nb"],
    expected=[0.5, 0.3, 0.2],
    found=[0.2, 0.3, 0.5],
)


def test_the_same_figures_give_the_same_bytes() -> None:
    assert plots.calibration(CURVE) == plots.calibration(CURVE)


def test_colours_and_fonts_are_the_pages() -> None:
    drawn = plots.calibration(CURVE)

    assert "var(--fresh)" in drawn
    assert "font-family" not in drawn
    assert set(re.findall(r"#[0-9a-f]{6}\b", drawn)) == set()


def test_names_are_drawn_as_text() -> None:
    drawn = plots.shares(COLUMN, "feature0")

    assert "&lt;b&gt;&amp;" in drawn
    assert ">$x^{<" in drawn
    assert "a·b" in drawn
