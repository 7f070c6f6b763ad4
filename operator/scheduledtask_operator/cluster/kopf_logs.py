"""kopf's own lines, tamed: it says each of a hundred failing requests, and each event that it handled."""

import logging
import re
import time

QUIET_SECONDS = 30.0
_CHANGING = re.compile(r"\d+")
_UNREMARKABLE = ("OS signals are ignored",)  # it runs in a thread on purpose


class KopfFilter(logging.Filter):
    """For a handler. Of kopf's warnings and errors each once in half a minute; numbers make no difference."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith("kopf"):
            return True
        text = record.getMessage()
        if record.levelno < logging.WARNING or text.startswith(_UNREMARKABLE):
            return False
        kind, now = _CHANGING.sub("#", text), time.monotonic()
        if now - self._said.get(kind, -QUIET_SECONDS) < QUIET_SECONDS:
            return False
        self._said = {said: at for said, at in self._said.items() if now - at < QUIET_SECONDS}
        self._said[kind] = now
        return True


def tame_kopf() -> None:
    """After the root logger was set up."""
    logging.getLogger("kopf").setLevel(logging.WARNING)
    for handler in logging.getLogger().handlers:
        handler.addFilter(KopfFilter())
