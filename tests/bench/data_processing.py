"""`data-processing` reads 5 GB of CSV, joins it with a small table, and writes sums by day and kind as Parquet."""

import random
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
from tests.bench.task_cost import Measured, perform

GIGABYTE = 1000**3
FILES, CUSTOMERS, DAYS, KINDS = 20, 100_000, 365, 50
BLOCK_ROWS = 20_000
FIRST_DAY = date(2025, 1, 1)


def measure(size_bytes: int = 5 * GIGABYTE) -> Measured:
    """Beside the files, in a folder that is removed, lies what the engine spills."""
    folder = Path(tempfile.mkdtemp(prefix="scheduledtask-bench-"))
    try:
        rows = _generate(folder, size_bytes)
        load = f"{size_bytes / GIGABYTE:g} GB of CSV in {FILES} files, {rows:,} rows: join, sums, Parquet"
        measured = perform("data-processing", load, _arguments(folder))
        with duckdb.connect() as database:
            [(counted, groups)] = database.execute(
                "SELECT sum(orders)::BIGINT, count(*) FROM read_parquet($1)", [f"{folder}/out/*/*.parquet"]
            ).fetchall()
        assert (counted, groups) == (rows, measured.result["rows"]), (counted, groups, rows, measured.result)
        return measured
    finally:
        shutil.rmtree(folder)


def _arguments(folder: Path) -> dict[str, object]:
    joined = """
    SELECT o.day, date_trunc('month', o.day) AS month, o.kind, c.region,
      count(*) AS orders, sum(o.amount) AS amount, max(o.amount) AS largest, avg(o.amount) AS mean
    FROM orders AS o JOIN customers AS c USING (customer)
    GROUP BY ALL
    """
    return {
        "sources": {
            "orders": {"url": f"{folder}/orders-*.csv", "types": {"amount": "DECIMAL(12, 2)"}},
            "customers": {"url": f"{folder}/customers.csv"},
        },
        "steps": [{"name": "by_day", "sql": joined}],
        "checks": [
            {"name": "one row a group", "unique": ["day", "kind", "region"]},
            {"name": "some rows", "row_count": {"min": DAYS}},
        ],
        "sink": {
            "url": f"{folder}/out",
            "format": "parquet",
            "partition_by": ["month"],
            "order_by": ["day", "kind", "region"],
        },
        "scratch": str(folder),
    }


def _generate(folder: Path, size_bytes: int) -> int:
    """The same bytes each time; how many rows of orders."""
    dice = random.Random(20250101)
    with (folder / "customers.csv").open("w") as file:
        file.write("customer,region\n")
        file.writelines(f"{number},region-{number % 7}\n" for number in range(CUSTOMERS))
    blocks = [_block(dice) for _ in range(40)]
    return sum(
        _write(folder / f"orders-{number:03d}.csv", blocks[number % 3 :], size_bytes // FILES)
        for number in range(FILES)
    )


def _write(path: Path, blocks: list[bytes], size_bytes: int) -> int:
    rows = 0
    with path.open("wb") as file:
        file.write(b"order_id,day,customer,kind,amount,note\n")
        for block in _again_and_again(blocks):
            file.write(block)
            rows += BLOCK_ROWS
            if file.tell() >= size_bytes:
                return rows
    raise AssertionError("blocks never end")


def _again_and_again(blocks: list[bytes]) -> Iterator[bytes]:
    while True:
        yield from blocks


def _block(dice: random.Random) -> bytes:
    days = [(FIRST_DAY + timedelta(days=number)).isoformat() for number in range(DAYS)]
    return "".join(
        f"{dice.getrandbits(48)},{dice.choice(days)},{dice.randrange(CUSTOMERS)},kind-{dice.randrange(KINDS)},"
        f"{dice.randrange(1, 10**6) / 100:.2f},{dice.getrandbits(160):040x}\n"
        for _ in range(BLOCK_ROWS)
    ).encode()


if __name__ == "__main__":
    print(measure())
