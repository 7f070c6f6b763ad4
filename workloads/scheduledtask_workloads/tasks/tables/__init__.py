"""Tables in files, here or in object storage, as data frames. Light to import; what is large comes with a read."""

from scheduledtask_workloads.tasks.tables.errors import TableError
from scheduledtask_workloads.tasks.tables.reading import column_names, read_table
from scheduledtask_workloads.tasks.tables.storage import Storage

__all__ = ["Storage", "TableError", "column_names", "read_table"]
