"""How far the clock is off, told by real servers of HTTP and NTP, and what is said of bad ones."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.probed_servers import silent, socket_server, web_server
from tests.task_orders import catalog_of, order_for

from scheduledtask_workloads.execution import execute
from scheduledtask_workloads.tasks import system_health
from scheduledtask_workloads.tasks.system_health.clock import ClockError, skew_of_date, skew_of_ntp, skew_seconds

EPOCH_SECONDS = 2_208_988_800
Answer = Callable[[bytes], bytes]


def ntp_answer(asked: bytes, seconds: float, stratum: int = 2, first: int = 0b00_100_100) -> bytes:
    whole, fraction = divmod(seconds + EPOCH_SECONDS, 1)
    stamp = struct.pack("!II", int(whole) % 2**32, int(fraction * 2**32))
    return bytes([first, stratum]) + bytes(22) + asked[40:48] + stamp + stamp


@contextmanager
def ntp_server(answer: Answer) -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as serving:
        serving.bind(("127.0.0.1", 0))
        serving.settimeout(5)

        def serve() -> None:
            asked, client = serving.recvfrom(1024)
            serving.sendto(answer(asked), client)

        thread = threading.Thread(target=serve)
        thread.start()
        yield serving.getsockname()[1]
        thread.join()


@pytest.mark.parametrize("ahead_seconds", [0, 100, -3600])
def test_ntp_tells_how_far_the_clock_is_off(ahead_seconds: float) -> None:
    with ntp_server(lambda asked: ntp_answer(asked, time.time() + ahead_seconds)) as port:
        assert skew_seconds(f"ntp://127.0.0.1:{port}") == pytest.approx(ahead_seconds, abs=5)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda asked: b"short", "is not NTP's"),
        (lambda asked: ntp_answer(bytes(48), time.time()), "is not NTP's"),
        (lambda asked: ntp_answer(asked, time.time(), stratum=0), "not synchronised"),
        (lambda asked: ntp_answer(asked, time.time(), first=0b11_100_100), "not synchronised"),
    ],
)
def test_what_is_no_time_is_not_believed(answer: Answer, message: str) -> None:
    with ntp_server(answer) as port, pytest.raises(ClockError, match=message):
        skew_seconds(f"ntp://127.0.0.1:{port}")


def test_http_tells_the_time_in_whole_seconds() -> None:
    with web_server() as port:
        assert abs(skew_seconds(f"http://127.0.0.1:{port}/200")) < 1


@given(st.floats(0, 4e9), st.floats(0, 10), st.floats(0, 10))
def test_a_right_clock_has_no_skew_by_date(written: float, before: float, after: float) -> None:
    assert skew_of_date(float(int(written)), written - before, written + after) == 0


@given(st.integers(0, 2**33), st.floats(-1e6, 1e6))
def test_ntp_is_read_in_every_era(now: int, ahead: float) -> None:
    asked = bytes(40) + b"a cookie"
    found = skew_of_ntp(ntp_answer(asked, now + ahead), asked[40:], float(now), float(now))

    assert found == pytest.approx(ahead, abs=0.001)


def perform(tmp_path: Path, source: str) -> dict[str, Any]:
    order = order_for("system-health", {"clock_source": source, "sample_seconds": 0.01, "load_per_cpu": 1e6})
    report = execute(order, output=tmp_path / "output", catalog=catalog_of(system_health))
    return dict(report.result["checks"][-1])


def test_the_check_says_how_far_or_why_it_is_not_known(tmp_path: Path) -> None:
    with ntp_server(lambda asked: ntp_answer(asked, time.time() + 60)) as port:
        found = perform(tmp_path, f"ntp://127.0.0.1:{port}")
    assert (found["name"], found["ok"], found["value"] > 50) == ("clock", False, True)

    with socket_server(silent) as port:
        found = perform(tmp_path, f"http://127.0.0.1:{port}/")
    assert (found["ok"], found["value"]) == (False, None)
    assert "timed out" in found["note"]
