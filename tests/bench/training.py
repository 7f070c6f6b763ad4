"""`model-training` on a million rows: gradient boosting, with as many candidates as five minutes allow."""

import tempfile
from pathlib import Path

import duckdb
from tests.bench.task_cost import Measured, perform

ROWS, COLUMNS = 1_000_000, 30
BUDGET = "5m"


def measure() -> Measured:
    """A Parquet file of drawn numbers, and a target that eight of them decide, with noise."""
    with tempfile.TemporaryDirectory(prefix="scheduledtask-bench-") as folder:
        source = Path(folder) / "rows.parquet"
        _fill(source)
        arguments = {
            "source": str(source),
            "target": "y",
            "estimator": "gradient-boosting",
            "folds": 2,
            "candidates": 1000,
            "budget": BUDGET,
        }
        load = f"{ROWS:,} rows of {COLUMNS} columns, gradient boosting, budget {BUDGET}"
        return perform("model-training", load, arguments)


def _fill(source: Path) -> None:
    drawn = ", ".join(f"random() AS x{column}" for column in range(COLUMNS))
    signal = " + ".join(f"x{column}" for column in range(8))
    with duckdb.connect() as database:
        database.execute(
            f"COPY (SELECT *, {signal} + random() > 4.5 AS y FROM (SELECT {drawn} FROM range({ROWS})))"  # noqa: S608
            f" TO '{source}' (FORMAT parquet)"
        )


if __name__ == "__main__":
    print(measure())
