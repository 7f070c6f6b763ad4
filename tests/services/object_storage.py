"""A server of the S3 protocol as a process of a test: versitygw over a folder."""

import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import s3fs
from botocore.exceptions import BotoCoreError
from tests.services.packages import Programs
from tests.services.redis_nodes import await_true, free_ports

BUCKET = "tests"
START_SECONDS = 30.0


class ObjectStorageServer:
    """It has one bucket, `tests`, and one account; `storage` is what tasks take as their argument of this name."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="object-storage-"))
        self._port = free_ports(1)[0]
        self._process: subprocess.Popen[bytes] | None = None
        self.storage = {
            "endpoint": f"http://127.0.0.1:{self._port}",
            "region": "us-east-1",
            "access_key_id": "tester",
            "secret_access_key": secrets.token_urlsafe(12),
        }

    def files(self) -> Any:
        """A client, of fsspec, without a memory of its own."""
        return s3fs.S3FileSystem(
            key=self.storage["access_key_id"],
            secret=self.storage["secret_access_key"],
            endpoint_url=self.storage["endpoint"],
            use_listings_cache=False,
            skip_instance_cache=True,
        )

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
            self._process.kill()
            self._process.wait(20)
        shutil.rmtree(self._folder)

    def _start(self) -> None:
        for name in ("data", "attributes"):
            (self._folder / name).mkdir()
        account = {"ROOT_ACCESS_KEY": "tester", "ROOT_SECRET_KEY": self.storage["secret_access_key"]}
        # attributes: not every file system of a test's machine has extended ones
        command = ["posix", "--sidecar", str(self._folder / "attributes"), str(self._folder / "data")]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [self._programs.path("versitygw"), "--port", f"127.0.0.1:{self._port}", *command],
                env={**os.environ, **account},
                stdout=log,
                stderr=log,
            )
        await_true(self._has_bucket, lambda: (self._folder / "log").read_text()[-2000:], START_SECONDS)

    def _has_bucket(self) -> bool:
        try:
            files = self.files()
            if not files.exists(BUCKET):
                files.mkdir(BUCKET)
        except (OSError, BotoCoreError):
            return False
        return True
