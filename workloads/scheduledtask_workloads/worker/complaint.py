"""A warning about what lasts: a server that is away for minutes must not fill the logs of every worker."""

import logging

REPEAT_SECONDS = 30.0


class Complaint:
    """Said at once, when its words change, and every REPEAT_SECONDS; `now` is a monotonic clock's."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._words = ""
        self._again_at = 0.0

    def say(self, words: str, now: float) -> None:
        if words != self._words or now >= self._again_at:
            self._logger.warning("%s", words)
            self._words, self._again_at = words, now + REPEAT_SECONDS

    def is_over(self) -> None:
        """What comes next is said at once."""
        self._words = ""
