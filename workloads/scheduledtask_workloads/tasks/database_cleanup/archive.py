"""Rows as Parquet files, one for each batch; pyarrow is imported where an archive is asked for, and nowhere else."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from scheduledtask_workloads.tasks.database_cleanup.errors import CleanupError


class ParquetArchive:
    """Files `TABLE/RUN-ATTEMPT-NUMBER.parquet` in a folder. A file is whole or not there, and never written over."""

    def __init__(self, folder: Path, table: sa.Table, prefix: str) -> None:
        """Raises CleanupError without pyarrow, OSError."""
        try:
            import pyarrow.parquet
        except ImportError:
            raise CleanupError(
                "archive needs pyarrow, which is not installed; install scheduledtask[light-archive]"
            ) from None
        self._pyarrow = pyarrow
        self._folder = folder / _file_name(table.fullname)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._prefix = _file_name(prefix)
        self._schema = pyarrow.schema([(column.name, _arrow(pyarrow, column.type)) for column in table.columns])
        self.files = 0

    def keep(self, rows: Sequence[sa.RowMapping]) -> None:
        """Returns when they are on the disk. Raises CleanupError for values that do not fit their column, OSError."""
        try:
            table = self._pyarrow.Table.from_pylist([self._plain(row) for row in rows], schema=self._schema)
        except (self._pyarrow.ArrowException, TypeError, ValueError) as error:
            raise CleanupError(f"archive: a row does not fit its table's types, and stays: {error}") from error
        target = self._folder / f"{self._prefix}-{self.files:06d}.parquet"
        hidden = target.with_name(f".{target.name}")
        with hidden.open("wb") as file:
            self._pyarrow.parquet.write_table(table, file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        os.link(hidden, target)  # refuses what is there already, as a rename would not
        hidden.unlink()
        self.files += 1

    def _plain(self, row: sa.RowMapping) -> dict[str, Any]:
        text = self._pyarrow.string()
        return {
            field.name: str(row[field.name]) if field.type == text and row[field.name] is not None else row[field.name]
            for field in self._schema
        }


def _file_name(text: str) -> str:
    """No way out of the folder, and no two names in one."""
    return "".join(letter if letter.isalnum() or letter in "_-" else f"%{ord(letter):x}" for letter in text)


def _arrow(pyarrow: Any, kind: sa.types.TypeEngine[Any]) -> Any:
    """What has no counterpart, such as exact numbers, UUIDs and JSON, is kept as text."""
    if isinstance(kind, sa.DateTime):
        return pyarrow.timestamp("us", tz="UTC" if kind.timezone else None)
    counterparts = (
        (sa.Boolean, pyarrow.bool_()),
        (sa.Integer, pyarrow.int64()),
        (sa.Float, pyarrow.float64()),
        (sa.Date, pyarrow.date32()),
        (sa.LargeBinary, pyarrow.binary()),
    )
    return next((arrow for known, arrow in counterparts if isinstance(kind, known)), pyarrow.string())
