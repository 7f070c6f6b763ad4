"""Task code's logging goes into its captured output, with the run's id."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def logging_to_output(attempt_id: str) -> Iterator[None]:
    """While the body runs, the root logger writes to standard error alone. Level: at most INFO."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    handler = logging.StreamHandler(sys.stderr)
    name = attempt_id.replace("%", "%%")
    handler.setFormatter(logging.Formatter(f"%(asctime)s %(levelname)s %(name)s [{name}] %(message)s"))
    root.handlers[:] = [handler]
    root.setLevel(min(level or logging.INFO, logging.INFO))
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
