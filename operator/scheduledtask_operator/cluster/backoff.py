"""Pauses that double, with a random part so that those who failed together do not come again together."""

import random

JITTER = 0.25


class Backoff:
    def __init__(self, first_seconds: float, longest_seconds: float) -> None:
        self._first = first_seconds
        self._longest = longest_seconds
        self._next = first_seconds

    def next_seconds(self) -> float:
        """The pause to make now."""
        pause = self._next
        self._next = min(2 * pause, self._longest)
        return pause * (1 + JITTER * random.random())  # noqa: S311 - nobody gains by guessing it

    def reset(self) -> None:
        self._next = self._first
