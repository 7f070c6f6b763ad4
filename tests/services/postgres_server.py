"""A PostgreSQL server as a process of a test. It refuses to run as root: then it is another user's."""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from tests.services.packages import Programs, copied
from tests.services.redis_nodes import await_true, free_ports

UNPRIVILEGED = "nobody"
START_SECONDS = 30.0


class PostgresServer:
    """Its only user is `cleaner`, who has a password; `url` is SQLAlchemy's."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))  # others may not enter pytest's own folders
        self._port = free_ports(1)[0]
        self._password = secrets.token_urlsafe(12)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://cleaner:{self._password}@127.0.0.1:{self._port}/postgres"

    @property
    def conninfo(self) -> str:
        return self.url.replace("+psycopg", "")

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()  # a "smart" shutdown waits for clients, of which there are none
            self._process.wait(20)
        shutil.rmtree(self._folder)

    def _who(self) -> dict[str, int]:
        if os.geteuid() != 0:
            return {}
        user = pwd.getpwnam(UNPRIVILEGED)
        return {"user": user.pw_uid, "group": user.pw_gid}

    def _how(self, who: dict[str, int]) -> dict[str, Any]:
        return {"env": self._programs.environment, "cwd": self._folder, **who, **({"extra_groups": []} if who else {})}

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.conninfo, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _start(self) -> None:
        who = self._who()
        if who:
            os.chown(self._folder, who["user"], who["group"])
            self._programs = copied(self._programs, self._folder / "programs")
        password = self._folder / "password"
        password.write_text(self._password)
        password.chmod(0o644)
        data = str(self._folder / "data")
        initdb = ["--username=cleaner", f"--pwfile={password}", "--auth=scram-sha-256", "--no-sync", "--encoding=UTF8"]
        subprocess.run(
            [self._programs.path("initdb"), "--pgdata", data, *initdb],
            capture_output=True,
            check=True,
            **self._how(who),
        )
        options = ["-p", str(self._port), "-k", str(self._folder), "-c", "listen_addresses=127.0.0.1", "-F"]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [self._programs.path("postgres"), "-D", data, *options], stdout=log, stderr=log, **self._how(who)
            )
        await_true(self._answers, lambda: (self._folder / "log").read_text()[-2000:], START_SECONDS)
