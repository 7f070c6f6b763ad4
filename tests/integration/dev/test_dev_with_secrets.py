"""Arguments that come from Secrets reach the bodies of both engines, and nothing else: not Redis, no log, no record."""

import hashlib
import socket
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from tests.redis_contents import contents

VALUE = "hunter2-correct-horse"
ARGUMENTS = "  arguments:\n    password: {{secretKeyRef: {{name: db, key: password}}}}\n    seen: {seen}\n"
DEADLINE_SECONDS = 20.0
END = b"the-end-of-the-test"


@pytest.fixture
def project() -> Path:
    return Path(__file__).parents[2] / "projects" / "confiding"


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    file = tmp_path / "secrets" / "db" / "password"
    file.parent.mkdir(parents=True)
    file.write_text(VALUE)
    return tmp_path / "secrets"


class Monitor:
    """Every command that anybody sends to a server, as it says them itself."""

    def __init__(self, url: str) -> None:
        server = urlsplit(url)
        self._url = url
        self._said = b""
        self._connection = socket.create_connection((server.hostname, server.port), timeout=DEADLINE_SECONDS)
        self._connection.sendall(f"AUTH {server.password}\r\nMONITOR\r\n".encode())
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while END not in self._said:
            self._said += self._connection.recv(1 << 20)

    def until_now(self) -> str:
        client = redis.Redis.from_url(self._url)
        client.get(END)
        client.close()
        self._reader.join(DEADLINE_SECONDS)
        assert END in self._said
        self._connection.close()
        return self._said.decode()


@pytest.fixture
def monitor(redis_url: str) -> Monitor:
    return Monitor(redis_url)


def write_tasks(folder, seen: Path) -> None:
    for name, task in (("light", "confide"), ("light-fails", "confide"), ("light-dies", "confide")):
        folder.write(name, schedule="*/2 * * * * *", task=task, spec=ARGUMENTS.format(seen=seen))
    for name in ("heavy", "heavy-fails", "heavy-dies"):
        spec = "  worker: {pool: shared}\n" + ARGUMENTS.format(seen=seen)
        folder.write(name, schedule="*/2 * * * * *", task="confide-heavily", spec=spec)


def test_a_value_reaches_every_body_and_shows_nowhere(folder, start, redis_url, secrets, tmp_path, monitor) -> None:
    seen = tmp_path / "seen"
    write_tasks(folder, seen)

    dev = start("--for", "3", "--output", "json", "--redis-url", redis_url, "--secrets", str(secrets))
    dev.said("default/light-fails Failed")
    dev.said("default/heavy-fails Failed")
    dev.end()

    digest = hashlib.sha256(VALUE.encode()).hexdigest()
    names = ("light", "light-fails", "light-dies", "heavy", "heavy-fails", "heavy-dies")
    assert set(seen.read_text().splitlines()) == {f"{name} {digest}" for name in names}
    assert "refused: ***" in "\n".join(dev.spoken())
    everything = {"what dev says": "\n".join(dev.spoken()), "commands": monitor.until_now()}
    everything |= {str(file): file.read_text(errors="replace") for file in folder.state.rglob("*") if file.is_file()}
    everything |= dict(contents(redis_url))
    assert "secretKeyRef" in everything["commands"]
    assert "the password is ***" in "\n".join(everything.values())
    assert [place for place, text in everything.items() if VALUE in text or VALUE[:7] in text] == []


def test_a_secret_that_is_not_here_is_said_at_the_start(folder, start, tmp_path) -> None:
    write_tasks(folder, tmp_path / "seen")

    dev = start("--for", "2")

    assert dev.end() == 2
    assert any(
        "/light.yaml:1: spec.arguments: key password of Secret db: is not here; set SCHEDULEDTASK" in line
        for line in dev.spoken()
    )
