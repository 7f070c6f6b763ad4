"""What is going on, said with the time since the start."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Progress:
    """Writes a line to standard error for each step; `started` is of the monotonic clock, in seconds."""

    quiet: bool = False
    started: float = field(default_factory=time.monotonic)

    def say(self, line: str) -> None:
        if not self.quiet:
            print(f"[{time.monotonic() - self.started:6.1f} s] {line}", file=sys.stderr, flush=True)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Say `what` when it begins, and how long it took when it has ended well."""
        self.say(what)
        began = time.monotonic()
        yield
        self.say(f"{what}: done in {time.monotonic() - began:.1f} s")
