"""`provider-health` probes real servers: good, wrong, slow, hanging, badly certified."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.probed_servers import make_certificate, server_tls, silent, socket_server, web_server
from tests.redis_server import running_server
from tests.task_orders import catalog_of, order_for

from scheduledtask_workloads.contract import AttemptReport, Reason, RunState
from scheduledtask_workloads.execution import execute
from scheduledtask_workloads.tasks import provider_health

Probe = Callable[..., dict[str, Any]]


def perform(tmp_path: Path, endpoints: list[dict[str, Any]], **arguments: Any) -> AttemptReport:
    fields = {name: arguments.pop(name) for name in ("timeout_seconds",) if name in arguments}
    order = order_for("provider-health", {"endpoints": endpoints, **arguments}, **fields)
    return execute(order, output=tmp_path / "output", catalog=catalog_of(provider_health))


@pytest.fixture
def probe(tmp_path: Path) -> Probe:
    """One endpoint, and what the result says of it."""

    def probe(**endpoint: Any) -> dict[str, Any]:
        report = perform(tmp_path, [{"name": "it", **endpoint}])
        assert report.state is RunState.SUCCEEDED, report.message
        [found] = report.result["endpoints"]
        return dict(found)

    return probe


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    with web_server() as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ({"url": "/200"}, ""),
        ({"url": "/204"}, ""),
        ({"url": "/moved"}, ""),
        ({"url": "/200", "method": "HEAD"}, ""),
        ({"url": "/key", "headers": {"X-Key": "opens"}}, ""),
        ({"url": "/404", "status": "200-299, 404"}, ""),
        ({"url": "/200", "body_contains": "all is well", "body_matches": r"version \d+"}, ""),
        ({"url": "/key"}, "status 401 instead of 200-299"),
        ({"url": "/503"}, "status 503 instead of 200-299"),
        ({"url": "/moved", "follow_redirects": False}, "status 301 instead of 200-299"),
        ({"url": "/200", "body_contains": "all is lost"}, "the body does not contain 'all is lost'"),
        ({"url": "/200", "body_matches": "^version"}, "nothing in the body matches '^version'"),
        ({"url": "/200", "max_latency_ms": 0.001}, "ms, more than 0.001"),
        ({"url": "/drip", "body_contains": "x", "timeout": 0.3}, "no answer within 0.3 s"),
    ],
)
def test_http(probe: Probe, web: str, endpoint: dict[str, Any], message: str) -> None:
    found = probe(kind="http", **endpoint | {"url": web + endpoint["url"]})

    assert message in found["message"]
    assert found["status"] == ("degraded" if message else "ok")
    assert found["consecutive_failures"] == bool(message)
    assert found["latency_ms"] > 0


@pytest.mark.parametrize("kind", ["http", "tls", "redis"])
def test_what_hangs_is_left_in_time(probe: Probe, kind: str) -> None:
    with socket_server(silent) as port:
        where = {
            "http": {"url": f"http://127.0.0.1:{port}/"},
            "tls": {"host": "127.0.0.1", "port": port},
            "redis": {"url": f"redis://127.0.0.1:{port}"},
        }
        found = probe(kind=kind, timeout=0.2, **where[kind])

    assert (found["status"], found["message"]) == ("degraded", "no answer within 0.2 s")


def test_a_port_that_is_closed_and_one_that_is_open(probe: Probe) -> None:
    with socket_server(silent) as port:
        assert probe(kind="tcp", host="127.0.0.1", port=port)["status"] == "ok"
    assert "Connect call failed" in probe(kind="tcp", host="127.0.0.1", port=port)["message"]


def test_names(probe: Probe) -> None:
    assert probe(kind="dns", host="localhost", addresses=["127.0.0.1"])["status"] == "ok"
    assert "without 192.0.2.7" in probe(kind="dns", host="localhost", addresses=["192.0.2.7"])["message"]
    assert "gaierror" in probe(kind="dns", host="no-such-name.invalid")["message"]
    assert probe(kind="http", url="http://no-such-name.invalid/")["status"] == "degraded"


def test_certificates(probe: Probe, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, days=30)
    pem = certificate.read_text()
    with web_server(server_tls(certificate, key)) as port:
        at = {"kind": "tls", "host": "localhost", "port": port}
        trusted = probe(**at, ca_certificate=pem)
        assert (trusted["status"], 29 < trusted["days_left"] <= 30) == ("ok", True)
        assert "less than 31" in probe(**at, ca_certificate=pem, min_days=31)["message"]
        assert probe(**at)["message"].startswith("certificate: self-signed")
        assert "ostname mismatch" in probe(**at, ca_certificate=pem, server_name="other.example")["message"]
        assert "no certificate in PEM" in probe(**at, ca_certificate="nonsense")["message"]
        url = f"https://localhost:{port}/200"
        assert probe(kind="http", url=url)["status"] == "degraded"
        assert probe(kind="http", url=url, ca_certificate=pem)["status"] == "ok"
        assert probe(kind="http", url=url, verify_tls=False)["status"] == "ok"


def test_a_certificate_that_has_ended(probe: Probe, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, days=-1)
    with web_server(server_tls(certificate, key)) as port:
        found = probe(kind="tls", host="localhost", port=port, ca_certificate=certificate.read_text())

    assert (found["status"], found["message"]) == ("degraded", "certificate: certificate has expired")


def test_redis_and_what_is_none(probe: Probe) -> None:
    with running_server() as server:
        assert probe(kind="redis", url=server.url)["message"] == ""
        wrong = server.url.replace("redis://", "redis://user:not%20it@")
        assert "AUTH" in probe(kind="redis", url=wrong)["message"]
        assert "not it" not in probe(kind="redis", url=wrong)["message"]
    with web_server() as port:
        assert "PING: " in probe(kind="redis", url=f"redis://127.0.0.1:{port}")["message"]
    with socket_server(lambda connection: None) as port:
        assert probe(kind="redis", url=f"redis://127.0.0.1:{port}")["status"] == "degraded"


def test_databases(probe: Probe, tmp_path: Path) -> None:
    (tmp_path / "there.db").touch()
    assert probe(kind="sql", url=f"sqlite:///{tmp_path}/there.db")["message"] == ""
    assert "there is no file" in probe(kind="sql", url=f"sqlite:///{tmp_path}/not.db")["message"]
    assert not (tmp_path / "not.db").exists()
    refused = probe(kind="sql", url="postgresql+psycopg://someone:secret@127.0.0.1:9/db")
    assert refused["status"] == "degraded"
    assert "secret" not in refused["message"]
    assert "URL" in probe(kind="sql", url="nonsense")["message"]


def test_no_more_at_once_than_asked_for_and_all_of_them(tmp_path: Path) -> None:
    lock, seen = threading.Lock(), {"now": 0, "most": 0, "all": 0}

    def handle(connection: socket.socket) -> None:
        with lock:
            seen["now"] += 1
            seen["all"] += 1
            seen["most"] = max(seen["most"], seen["now"])
        connection.recv(100)
        time.sleep(0.01)
        with lock:
            seen["now"] -= 1
        connection.sendall(b"+PONG\r\n")

    with socket_server(handle) as port:
        endpoints = [{"name": f"e{n}", "kind": "redis", "url": f"redis://127.0.0.1:{port}"} for n in range(60)]
        report = perform(tmp_path, endpoints, at_once=6)

    assert report.result["counts"] == {"ok": 60, "failing": 0, "degraded": 0, "unknown": 0}
    assert (seen["all"], 2 <= seen["most"] <= 6) == (60, True)
    assert report.result["latency_p50_ms"] <= report.result["latency_p95_ms"]


def test_failures_in_a_row_are_counted_over_runs(tmp_path: Path) -> None:
    history = f"sqlite:///{tmp_path}/history.db"
    endpoint = {"name": "it", "kind": "sql", "url": f"sqlite:///{tmp_path}/it.db"}

    def run(number: int) -> tuple[str, int]:
        order = order_for("provider-health", {"endpoints": [endpoint], "history": history, "failure_threshold": 3})
        order = order.model_copy(update={"ref": order.ref.model_copy(update={"run_id": f"subject-{number}"})})
        report = execute(order, output=tmp_path / "output", catalog=catalog_of(provider_health))
        [found] = report.result["endpoints"]
        return found["status"], found["consecutive_failures"]

    assert [run(number) for number in (1, 2)] == [("failing", 1), ("failing", 2)]
    assert run(2) == ("failing", 2), "a second attempt of a run is the same run"
    assert [run(number) for number in (3, 4)] == [("degraded", 3), ("degraded", 4)]
    (tmp_path / "it.db").touch()
    assert run(5) == ("ok", 0)


def test_a_run_may_fail_when_something_is_degraded(tmp_path: Path) -> None:
    endpoint = {"name": "the-shop", "kind": "tcp", "host": "127.0.0.1", "port": 9}
    report = perform(tmp_path, [endpoint], fail_when_degraded=True)

    assert (report.state, report.reason) == (RunState.FAILED, Reason.RAISED)
    assert "1 of 1 endpoints degraded: the-shop" in report.message


def test_what_the_runs_time_does_not_allow_is_unknown(tmp_path: Path) -> None:
    with socket_server(silent) as port:
        endpoints = [{"name": f"e{n}", "kind": "redis", "url": f"redis://127.0.0.1:{port}"} for n in range(3)]
        report = perform(tmp_path, endpoints, at_once=1, timeout=60, timeout_seconds=2.3)

    assert report.state is RunState.SUCCEEDED, report.message
    assert (report.result["status"], report.result["counts"]["unknown"]) == ("unknown", 3)


def test_a_result_holds_hundreds_of_failures_with_long_names(tmp_path: Path) -> None:
    endpoints = [
        {"name": f"{n:0>63}", "kind": "http", "url": "http://127.0.0.1:9/", "body_contains": "ü" * 80}
        for n in range(250)
    ]
    report = perform(tmp_path, endpoints, at_once=50)

    assert report.state is RunState.SUCCEEDED, report.message
    assert len(report.result["endpoints"]) == 250


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"failure_threshold": 2}, "failure_threshold 2 needs history"),
        ({"endpoints": [{"name": "a", "kind": "dns", "host": "x"}] * 2}, "'a' is the name of two"),
        ({"endpoints": []}, "at least 1"),
        ({"endpoints": [{"name": "a", "kind": "ftp"}]}, "'ftp'"),
        ({"endpoints": [{"name": "a", "kind": "http", "url": "file:///etc/passwd"}]}, "such as https://HOST:PORT"),
        ({"endpoints": [{"name": "a", "kind": "http", "url": "http://x", "status": "2xx"}]}, "write 200 or 200-299"),
        ({"endpoints": [{"name": "a", "kind": "http", "url": "http://x", "body_matches": "("}]}, "regular expression"),
        (
            {"endpoints": [{"name": "a", "kind": "http", "url": "http://x", "method": "HEAD", "body_contains": "x"}]},
            "has no body",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(tmp_path: Path, arguments: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"endpoints": [{"name": "a", "kind": "dns", "host": "localhost"}], **arguments}
    report = perform(tmp_path, given.pop("endpoints"), **given)

    assert report.reason is Reason.BAD_ARGUMENTS
    assert message in report.message
