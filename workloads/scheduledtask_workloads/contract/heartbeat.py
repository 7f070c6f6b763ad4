"""A file that a program's main loop touches: its age tells a supervisor that the program hangs."""

import asyncio
from collections.abc import Callable
from pathlib import Path

HEARTBEAT_SECONDS = 1.0


async def keep_heartbeat(file: Path | None, in_order: Callable[[], bool] = lambda: True) -> None:
    """Touch `file` each second while all is `in_order`; until cancelled. Without a file, nothing is done."""
    while file is not None:
        if in_order():
            _beat(file)
        await asyncio.sleep(HEARTBEAT_SECONDS)


def _beat(file: Path) -> None:
    file.touch()
