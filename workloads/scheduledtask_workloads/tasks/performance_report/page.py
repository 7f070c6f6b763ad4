"""The page: one file, no script, nothing from elsewhere, every text from outside escaped."""

from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from scheduledtask_workloads.tasks.performance_report import plots
from scheduledtask_workloads.tasks.performance_report.document import Confusion, Drift, Metric, Report
from scheduledtask_workloads.tasks.performance_report.drift import MAJOR_PSI, MODERATE_PSI

_FEATURES_SHOWN = 6
_NONE, _MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
_LOWER_IS_BETTER = frozenset({"log_loss", "brier", "calibration_error", "rmse", "mae"})
_WORDS = {
    "accuracy": ("Accuracy", "share of rows whose label was predicted"),
    "balanced_accuracy": ("Balanced accuracy", "mean of the labels' recalls"),
    "precision": ("Precision", "mean over the labels"),
    "recall": ("Recall", "mean over the labels"),
    "f1": ("F1", "mean over the labels"),
    "roc_auc": ("ROC AUC", "how well labels are ranked; 0.5 is chance"),
    "log_loss": ("Log loss", "lower is better"),
    "brier": ("Brier score", "squared error of the probabilities; lower is better"),
    "calibration_error": ("Calibration error", "mean gap of the curve below; lower is better"),
    "rmse": ("RMSE", "root of the mean squared residual, in the target's unit; lower is better"),
    "mae": ("MAE", "mean size of a residual, in the target's unit; lower is better"),
    "r2": ("R²", "share of the target's variance that is explained"),
    "bias": ("Bias", "mean residual; above 0 the model says too little"),
    "coverage": ("Coverage", "share of rows inside the training's 90 % interval; 0.9 is right"),
    "psi": ("Largest PSI of a feature", ""),
    "prediction_psi": ("PSI of the predictions", ""),
    "target_psi": ("PSI of the target", ""),
    "unknown_label_share": ("Share of unknown labels", ""),
}


@dataclass(frozen=True, slots=True)
class Plot:
    """`reading` is one sentence on how to read it."""

    title: str
    reading: str
    svg: Markup


def page(report: Report) -> str:
    """HTML, whole. The same report gives the same page."""
    return _template().render(
        report=report,
        quality=_quality_plots(report),
        outcomes=_outcome_plots(report),
        moved=[_shares_plot(drift, f"feature{place}") for place, drift in enumerate(report.features[:_FEATURES_SHOWN])],
        widest_psi=max(0.5, *(drift.psi for drift in report.features)),
        moderate=MODERATE_PSI,
        major=MAJOR_PSI,
    )


@cache
def _template() -> Template:
    loader = PackageLoader("scheduledtask_workloads.tasks.performance_report", "")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "number": number,
        "share": share,
        "bound": lambda value: f"{value:,g}".replace("-", _MINUS),
        "p_value": p_value,
        "title_of": lambda name: _WORDS.get(name, (name, ""))[0],
        "meaning_of": lambda name: _WORDS.get(name, (name, ""))[1],
        "change": change,
        "moved": moved,
        "row_shares": row_shares,
    }
    return environment.get_template("page.html")


# --- words and numbers


def number(value: float | None) -> str:
    """Four digits that tell; a dash for none."""
    if value is None:
        return _NONE
    size = abs(value)
    if size and (size >= 1e6 or size < 1e-4):
        return f"{value:.3g}".replace("-", _MINUS)
    text = f"{value:,.0f}" if size >= 1000 else f"{value:#.4g}" if size >= 1 else f"{value:.4f}"
    return text.replace("-", _MINUS)


def share(value: float) -> str:
    return f"{100 * value:.1f} %"


def p_value(value: float | None) -> str:
    if value is None:
        return _NONE
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def change(metric: Metric) -> str:
    """Since the last report, in words as well."""
    if metric.previous is None:
        return _NONE
    difference = metric.value - metric.previous
    if number(metric.value) == number(metric.previous):
        return "the same"
    sign = "+" if difference > 0 else ""
    if metric.name in {"bias", "coverage"}:
        return f"{sign}{number(difference)}"
    better = (difference < 0) == (metric.name in _LOWER_IS_BETTER)
    return f"{sign}{number(difference)}, {'better' if better else 'worse'}"


def moved(drift: Drift) -> str:
    """The rule of thumb's word, and that there are too few rows to tell."""
    if drift.psi >= MODERATE_PSI and drift.psi <= drift.psi_by_chance:
        return "perhaps chance"
    return "major" if drift.psi > MAJOR_PSI else "moderate" if drift.psi >= MODERATE_PSI else "stable"


def row_shares(confusion: Confusion) -> list[list[float]]:
    return [[count / (sum(row) or 1) for count in row] for row in confusion.counts]


# --- plots


def _quality_plots(report: Report) -> list[Plot]:
    found = []
    if report.calibration is not None:
        found.append(
            _plot(
                "Reliability curve",
                f"Of rows with such a predicted probability (of {report.calibration.of}), how many came true: on the "
                "dashed line the probabilities can be taken at their word, below it the model is too sure. Larger "
                "points are more rows.",
                plots.calibration(report.calibration),
            )
        )
    if report.residuals is not None:
        found += [
            _plot(
                "Residuals against prediction",
                "A level band around 0 is good; a slope or a bend means that some predictions are off in one "
                "direction, a funnel that large ones are less certain.",
                plots.residual_bands(report.residuals),
            ),
            _plot(
                "How residuals lie",
                "The filled shape should follow the line of the training: wider is less exact, beside 0 is biased.",
                plots.residual_histogram(report.residuals),
            ),
            _plot(
                "Residuals against a normal distribution",
                "Points that leave the dashed line at its ends are errors larger than a normal distribution has.",
                plots.residual_quantiles(report.residuals),
            ),
        ]
    return found


def _outcome_plots(report: Report) -> list[Plot]:
    found = [
        _plot(
            "What is predicted",
            "Predictions for the fresh rows beside those for the training's held-out rows; they move when the data do.",
            plots.shares(report.predictions, "predictions"),
        )
    ]
    if report.target is not None:
        found.append(
            _plot(
                "What came true",
                "The target's values in the fresh rows beside the training's; where they move, the model's habits err.",
                plots.shares(report.target, "target"),
            )
        )
    return found


def _shares_plot(drift: Drift, name: str) -> Plot:
    reading = f"PSI {drift.psi:.3f}. Bars of equal height mean that nothing has moved."
    return _plot(drift.name, reading, plots.shares(drift, name))


def _plot(title: str, reading: str, svg: str) -> Plot:
    return Plot(title, reading, Markup(svg))  # noqa: S704  of matplotlib, which escapes
