"""Pictures of the docs, taken of what is real: `python docs/pictures.py` from the repository, with Debian's chromium.

A model of scikit-learn's breast cancer data is judged on rows that it never saw, one column of them drifted.
"""

import logging
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from tests.trained_models import leave_model

from scheduledtask_workloads.catalog import RunContext
from scheduledtask_workloads.tasks.models import TaskKind
from scheduledtask_workloads.tasks.performance_report.errors import ThresholdsMissedError
from scheduledtask_workloads.tasks.performance_report.reporting import report
from scheduledtask_workloads.tasks.performance_report.settings import ReportArguments

IMAGES = Path(__file__).parent / "images"
BROWSER = (
    *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
)
THRESHOLDS = {"accuracy": {"min": 0.9}, "log_loss": {"max": 0.2}, "psi": {"max": 0.25}}


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        page = _report(Path(folder))
        _take(page, IMAGES / "performance-report-light.png", "1120,1400", light=True)
        _take(_from(page, '<h2 id="drift">'), IMAGES / "performance-report-dark.png", "1120,1000", light=False)


def _report(folder: Path) -> Path:
    """Two runs, so that the second one has something to be compared with."""
    frame = load_breast_cancer(as_frame=True).frame
    known = frame.sample(frac=0.6, random_state=1)
    leave_model(folder / "model", known, "target", TaskKind.CLASSIFICATION, run_id="training-29387520")
    fresh = frame.drop(known.index).copy()
    page = folder
    for number, growth in ((29387520, 1.0), (29388240, 1.25)):
        fresh["mean radius"] *= growth
        fresh.to_csv(folder / "fresh.csv", index=False)
        page = _run(folder, f"cancer-report-{number}")
    return page


def _run(folder: Path, run_id: str) -> Path:
    context = RunContext(
        namespace="clinic",
        name="cancer-report",
        run_id=run_id,
        attempt=1,
        slot=None,
        deadline=datetime.max.replace(tzinfo=UTC),
        logger=logging.getLogger("pictures"),
        artifacts_url=str(folder / "artifacts"),
    )
    arguments = {"model": str(folder / "model"), "data": str(folder / "fresh.csv"), "thresholds": THRESHOLDS}
    try:
        report(ReportArguments.model_validate(arguments), context)
    except ThresholdsMissedError as error:
        print(error)  # noqa: T201  a script
    return context.artifacts / "report.html"


def _from(page: Path, begin: str) -> Path:
    """The page without what stands before; a headless browser does not scroll."""
    text = page.read_text()
    part = page.with_name("part.html")
    part.write_text(text[: text.index("<header>")] + text[text.index(begin) :])
    return part


def _take(page: Path, image: Path, size: str, *, light: bool) -> None:
    with tempfile.TemporaryDirectory() as profile:
        scheme = f"--blink-settings=preferredColorScheme={1 if light else 0}"
        place = (f"--window-size={size}", f"--screenshot={image}", f"file://{page}")
        subprocess.run([*BROWSER, f"--user-data-dir={profile}", scheme, *place], check=True, timeout=120)


if __name__ == "__main__":
    main()
