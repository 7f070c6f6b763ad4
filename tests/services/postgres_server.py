"""A PostgreSQL server as a process of a test. It refuses to run as root: then it is another user's."""

import os
import pwd
import secrets
import signal
import subprocess
from typing import Any

import psycopg
from tests.services.packages import Programs, copied
from tests.services.server_process import ServerProcess

UNPRIVILEGED = "nobody"


class PostgresServer(ServerProcess):
    """Its only user is `cleaner`, who has a password; `url` is SQLAlchemy's."""

    end_signal = signal.SIGTERM  # a "smart" shutdown waits for clients, of which there are none

    def __init__(self, programs: Programs) -> None:
        super().__init__(programs, "postgres-")
        self._password = secrets.token_urlsafe(12)

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://cleaner:{self._password}@127.0.0.1:{self._port}/postgres"

    @property
    def conninfo(self) -> str:
        return self.url.replace("+psycopg", "")

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
        self._serve([self._programs.path("postgres"), "-D", data, *options], self._answers, **self._how(who))
