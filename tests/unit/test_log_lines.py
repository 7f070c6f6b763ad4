"""Every program writes one event a line, with the run it is about as fields of their own."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from scheduledtask_workloads.contract.logs import LoggingSettingError, configure_logging


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_json_line_carries_the_extra_fields(root_logger: logging.Logger) -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)

    root_logger.info("run ended\nbadly", extra={"namespace": "ml", "task": "report", "run_id": "report-1"})

    (line,) = stream.getvalue().splitlines()
    event = json.loads(line)
    assert (event["namespace"], event["task"], event["run_id"]) == ("ml", "report", "report-1")
    assert (event["message"], event["level"]) == ("run ended\nbadly", "INFO")


def test_an_exception_stays_on_the_same_json_line(root_logger: logging.Logger) -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)

    root_logger.error("could not write", exc_info=OSError("no space"))

    (line,) = stream.getvalue().splitlines()
    assert "OSError: no space" in json.loads(line)["exception"]


def test_text_puts_the_fields_behind_the_message(root_logger: logging.Logger) -> None:
    stream = io.StringIO()
    configure_logging("INFO", "text", stream)

    root_logger.warning("slow", extra={"run_id": "report-1"})

    assert stream.getvalue().rstrip().endswith("WARNING slow run_id=report-1")


def test_an_unknown_level_is_named_with_those_there_are() -> None:
    with pytest.raises(LoggingSettingError, match="'LOUD' is none of DEBUG, INFO, WARNING, ERROR"):
        configure_logging("LOUD")
