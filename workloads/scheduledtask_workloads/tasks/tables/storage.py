"""Where object storage is and with which key it opens: an argument of tasks that read or write there."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Storage(BaseModel):
    """Of `s3://` addresses. Without keys the worker's own identity is used, as its pod has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    endpoint: str | None = Field(None, pattern=r"^https?://", description="URL of the service; default Amazon's.")
    region: str | None = Field(None, description="Where the bucket is.")
    access_key_id: str | None = Field(None, description="From a Secret.")
    secret_access_key: str | None = Field(None, description="From a Secret.")

    def options(self) -> dict[str, Any]:
        """For fsspec's file system of `s3://`."""
        given = {"key": self.access_key_id, "secret": self.secret_access_key, "endpoint_url": self.endpoint}
        options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if self.region:
            options["client_kwargs"] = {"region_name": self.region}
        return options


def options_for(url: str, storage: Storage | None) -> dict[str, Any]:
    """fsspec's options for a path or URL: those of `storage` where it is meant."""
    return storage.options() if storage and url.startswith("s3://") else {}
