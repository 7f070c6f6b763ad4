"""Bodies that do everything wrong, and a few that behave and leave traces to count.

Bodies that leave processes behind write their ids, one a line, to the file they are given.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from scheduledtask_workloads.catalog import TaskFailedError

FOREVER_SECONDS = 600


def nothing() -> None:
    """End at once."""


def echoes(text: str, times: int = 1) -> list[str]:
    """Return the text, as often as asked."""
    return [text] * times


def raises(message: str = "the body raised") -> None:
    """Raise a ValueError."""
    print("about to raise")
    raise ValueError(message)


def hangs() -> None:
    """Print, and never end."""
    print("about to hang", flush=True)
    time.sleep(FOREVER_SECONDS)


def hangs_deaf() -> None:
    """Never end, and ignore every polite request to."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    print("deaf", flush=True)
    while True:
        time.sleep(1)


def hangs_busy() -> None:
    """Burn a core for ever."""
    while True:
        pass


def eats_memory(total_bytes: int = 4 * 1024**3, step_bytes: int = 16 * 1024**2) -> int:
    """Take memory in steps, each touched, until `total_bytes`."""
    print("about to eat", flush=True)
    eaten = []
    while len(eaten) * step_bytes < total_bytes:
        eaten.append(bytearray(os.urandom(4096)) * (step_bytes // 4096))
        time.sleep(0.005)
    return len(eaten)


def eats_memory_at_once(total_bytes: int = 4 * 1024**3) -> int:
    """Take all memory in one step, faster than anything that samples."""
    return len(bytearray(b"x") * total_bytes)


def eats_memory_in_a_child(total_bytes: int = 4 * 1024**3) -> None:
    """Let a child process take the memory."""
    code = f"import time; eaten = [bytearray(b'x') * 2**24 for _ in range({total_bytes} // 2**24)]; time.sleep(600)"
    subprocess.run([sys.executable, "-c", code], check=True)


def exits(code: int = 3) -> None:
    """Call sys.exit."""
    print("about to exit")
    sys.exit(code)


def exits_at_once(code: int = 4) -> None:
    """Call os._exit, past every handler."""
    print("about to exit at once", flush=True)
    os._exit(code)


def dies_of_signal(number: int = int(signal.SIGKILL)) -> None:
    """Die of a signal that nobody else sent."""
    print("about to die", flush=True)
    os.kill(os.getpid(), number)
    time.sleep(FOREVER_SECONDS)


def segfaults() -> None:
    """Die of SIGSEGV, as a broken C library does."""
    signal.signal(signal.SIGSEGV, signal.SIG_DFL)
    dies_of_signal(int(signal.SIGSEGV))


def leaves_a_child(path: str) -> None:
    """Fork a process that goes on when the body has returned."""
    if not os.fork():
        _go_on(path)
    _await_lines(path, 1)


def leaves_a_daemon(path: str) -> None:
    """Fork twice, with a session of its own: the classic daemon."""
    if not (first := os.fork()):
        os.setsid()
        if not os.fork():
            _go_on(path)
        os._exit(0)
    os.waitpid(first, 0)
    _await_lines(path, 1)


def leaves_a_daemon_and_hangs(path: str) -> None:
    """A daemon beside a body that never ends."""
    leaves_a_daemon(path)
    time.sleep(FOREVER_SECONDS)


def forks_and_returns_twice() -> int:
    """Fork, and return from the body in both processes."""
    return 0 if os.fork() else 1


def leaves_a_thread() -> None:
    """Leave a thread running when the body has returned."""
    threading.Thread(target=time.sleep, args=(FOREVER_SECONDS,), daemon=True).start()


def prints(total_bytes: int = 1024**2) -> None:
    """Print that much in lines, the last of them `the end`."""
    line = "x" * 99 + "\n"
    for _ in range(total_bytes // len(line)):
        sys.stdout.write(line)
    print("the end")


def prints_below_python(text: str = "from the shell") -> None:
    """Print past sys.stdout, as a child process or a C library does."""
    subprocess.run(["/bin/echo", text], check=True)
    os.write(2, b"straight to file descriptor 2\n")


def fails_with_result() -> None:
    """Fail, and leave what was found."""
    raise TaskFailedError("too little", {"found": 3})


def fails_with_no_json() -> None:
    """Fail, and leave what JSON cannot hold."""
    raise TaskFailedError("too little", {1, 2})


def returns_no_json() -> Any:
    """Return what JSON cannot hold."""
    return {1, 2}


def reports_environment() -> dict[str, str]:
    """Return the environment the body sees."""
    return dict(os.environ)


def reports_process() -> dict[str, int]:
    """Return the ids of the process the body runs in."""
    return {"pid": os.getpid(), "parent": os.getppid(), "group": os.getpgid(0), "session": os.getsid(0)}


def sleeps(seconds: float = 1.0) -> None:
    """Sleep, and end well."""
    print("asleep", flush=True)
    time.sleep(seconds)


async def sleeps_async(seconds: float = 1.0) -> str:
    """Sleep as a coroutine, and end well."""
    await asyncio.sleep(seconds)
    return "slept"


def journals(path: str, label: str = "", seconds: float = 0.0) -> None:
    """Append a `begin` line to `path`, sleep, append an `end` line: `{"event", "label", "pid", "at"}`."""
    _append(path, {"event": "begin", "label": label, "pid": os.getpid(), "at": time.time()})
    time.sleep(seconds)
    _append(path, {"event": "end", "label": label, "pid": os.getpid(), "at": time.time()})


def fails_at_first(path: str, failures: int = 1) -> int:
    """Raise in the first `failures` calls, counted by lines in `path`; then return the count of calls."""
    _append(path, {"event": "call", "pid": os.getpid(), "at": time.time()})
    calls = _count_lines(path)
    if calls <= failures:
        raise RuntimeError(f"call {calls} of {failures} that fail")
    return calls


def dies_at_first(path: str, deaths: int = 1) -> int:
    """SIGKILL itself in the first `deaths` calls, counted by lines in `path`; then return the count of calls."""
    _append(path, {"event": "call", "pid": os.getpid(), "at": time.time()})
    calls = _count_lines(path)
    if calls <= deaths:
        os.kill(os.getpid(), signal.SIGKILL)
    return calls


def _append(path: str, event: dict[str, Any]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, json.dumps(event).encode() + b"\n")
    finally:
        os.close(descriptor)


def _go_on(path: str) -> None:
    _append(path, {"event": "left", "pid": os.getpid()})
    time.sleep(FOREVER_SECONDS)
    os._exit(0)


def _await_lines(path: str, count: int) -> None:
    deadline = time.monotonic() + 10
    while _count_lines(path) < count and time.monotonic() < deadline:
        time.sleep(0.01)


def _count_lines(path: str) -> int:
    try:
        with open(path, "rb") as file:
            return sum(1 for _ in file)
    except FileNotFoundError:
        return 0
