"""`performance-report` judges a model on a million fresh rows of thirty columns, with intervals, drift and the page."""

import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from tests.bench.task_cost import Measured, perform
from tests.trained_models import leave_model

from scheduledtask_workloads.tasks.models import TaskKind

ROWS, COLUMNS, CATEGORIES = 1_000_000, 30, 3
TRAINING_ROWS = 20_000


def measure(rows: int = ROWS) -> Measured:
    with tempfile.TemporaryDirectory(prefix="scheduledtask-bench-") as folder:
        leave_model(Path(folder) / "model", table(TRAINING_ROWS, seed=1), "target", TaskKind.CLASSIFICATION)
        fresh = Path(folder) / "fresh.parquet"
        write(table(rows, seed=2), fresh)
        load = f"{rows:,} rows x {COLUMNS} columns of Parquet, 500 resamples"
        arguments = {"model": f"{folder}/model", "data": str(fresh), "thresholds": {"accuracy": {"min": 0.5}}}
        return perform("performance-report", load, arguments)


def table(rows: int, seed: int) -> pd.DataFrame:
    """Numbers, a few columns of text, and a target that follows from them."""
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame({f"x{n}": generator.normal(size=rows) for n in range(COLUMNS - CATEGORIES)})
    for n in range(CATEGORIES):
        frame[f"c{n}"] = np.array(["north", "south", "east", "west"])[generator.integers(0, 4, rows)]
    chance = 1 / (1 + np.exp(-(frame["x0"] + 0.5 * frame["x1"] - 0.7 * (frame["c0"] == "north"))))
    return frame.assign(target=(generator.uniform(size=rows) < chance).astype(np.int64))


def write(frame: pd.DataFrame, path: Path) -> None:
    with duckdb.connect() as database:
        database.register("frame", frame)
        database.execute(f"COPY frame TO '{path}' (FORMAT parquet)")


if __name__ == "__main__":
    measured = measure()
    print(f"{measured.load}: {measured.seconds:.1f} s, {measured.peak_bytes / 1000**2:.0f} MB")
