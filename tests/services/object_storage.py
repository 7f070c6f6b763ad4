"""A server of the S3 protocol as a process of a test: versitygw over a folder."""

import os
import secrets
from typing import Any

import s3fs
from botocore.exceptions import BotoCoreError
from tests.services.packages import Programs
from tests.services.server_process import ServerProcess

BUCKET = "tests"


class ObjectStorageServer(ServerProcess):
    """It has one bucket, `tests`, and one account; `storage` is what tasks take as their argument of this name."""

    def __init__(self, programs: Programs) -> None:
        super().__init__(programs, "object-storage-")
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

    def emptied(self) -> Any:
        """A client, when nothing is left in the bucket."""
        files = self.files()
        for key in files.ls(BUCKET, detail=False):
            files.rm(key, recursive=True)
        return files

    def _start(self) -> None:
        for name in ("data", "attributes"):
            (self._folder / name).mkdir()
        account = {"ROOT_ACCESS_KEY": "tester", "ROOT_SECRET_KEY": self.storage["secret_access_key"]}
        # attributes: not every file system of a test's machine has extended ones
        options = ["posix", "--sidecar", str(self._folder / "attributes"), str(self._folder / "data")]
        command = [self._programs.path("versitygw"), "--port", f"127.0.0.1:{self._port}", *options]
        self._serve(command, self._has_bucket, env={**os.environ, **account})

    def _has_bucket(self) -> bool:
        try:
            files = self.files()
            if not files.exists(BUCKET):
                files.mkdir(BUCKET)
        except (OSError, BotoCoreError):
            return False
        return True
