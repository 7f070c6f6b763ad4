"""Why a table cannot be read."""


class TableError(Exception):
    """The text names the source or column, what was found and what to do."""
