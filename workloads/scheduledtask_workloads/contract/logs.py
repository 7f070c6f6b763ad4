"""One event a line on standard error, for every program.

`logger.info("run ended", extra={"namespace": ..., "task": ..., "run_id": ...})`: what stands in `extra` is a field of
its own in JSON, and `key=value` behind the message in text.
"""

import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

LOG_LEVEL_VARIABLE = "SCHEDULEDTASK_LOG_LEVEL"
LOG_FORMAT_VARIABLE = "SCHEDULEDTASK_LOG_FORMAT"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
FORMATS = ("json", "text")

_RECORD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class LoggingSettingError(ValueError):
    """A level or format that does not exist; the message says which do."""


class JsonFormatter(logging.Formatter):
    """`{"at", "level", "logger", "message", ...extra, "exception"?}`."""

    def format(self, record: logging.LogRecord) -> str:
        event = {
            "at": _instant(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        return json.dumps(event, default=str, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """The same for a person's eyes, still one line, an exception apart."""

    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {name}={value}" for name, value in _extra(record).items())
        line = f"{_instant(record)} {record.levelname:<7} {record.getMessage()}{fields}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def configure_logging(level: str | None = None, style: str | None = None, stream: TextIO | None = None) -> None:
    """Set up the root logger; what is None comes from the environment (default INFO, json, standard error).

    Raises LoggingSettingError at an unknown level or format.
    """
    level = _checked(level or os.environ.get(LOG_LEVEL_VARIABLE) or "INFO", LEVELS, LOG_LEVEL_VARIABLE)
    style = _checked(style or os.environ.get(LOG_FORMAT_VARIABLE) or "json", FORMATS, LOG_FORMAT_VARIABLE)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)


def _checked(value: str, allowed: tuple[str, ...], variable: str) -> str:
    for name in allowed:
        if value.lower() == name.lower():
            return name
    raise LoggingSettingError(f"{variable}: {value!r} is none of {', '.join(allowed)}")


def _instant(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _RECORD_FIELDS}
