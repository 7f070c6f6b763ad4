"""A rate with a second's worth in reserve."""


class TokenBucket:
    """`now` is seconds on any clock that does not go back."""

    def __init__(self, per_second: float, now: float, *, reserve: float | None = None) -> None:
        """`reserve`: how many may be taken at one instant; as many as come in a second, at least one, unless said."""
        self._per_second = per_second
        self._reserve = max(1.0, per_second if reserve is None else reserve)
        self._tokens = self._reserve
        self._filled_at = now

    def take(self, now: float) -> bool:
        """Whether there was one."""
        self._fill(now)
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def wait_seconds(self, now: float) -> float:
        """Until there is one."""
        self._fill(now)
        return max(0.0, (1.0 - self._tokens) / self._per_second)

    def _fill(self, now: float) -> None:
        elapsed = max(0.0, now - self._filled_at)
        self._tokens = min(self._reserve, self._tokens + elapsed * self._per_second)
        self._filled_at = max(now, self._filled_at)
