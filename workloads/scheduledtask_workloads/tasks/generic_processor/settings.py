"""The arguments of `generic-processor`."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from scheduledtask_workloads.catalog import Duration

RETRIED_STATUSES = (408, 425, 429, 500, 502, 503, 504)


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Retry(_Closed):
    """Which failures of an item are tried again. One that is not listed is final."""

    limit: Annotated[int, Field(ge=0, le=100, description="How many times an item is tried again.")] = 0
    backoff: Annotated[Duration, Field(description="The wait before the first of them; it doubles each time.")] = 2.0
    max_backoff: Annotated[Duration, Field(description="The longest wait.")] = 60.0
    exit_codes: Annotated[tuple[int, ...], Field(description="A command's; -9 for one that SIGKILL ended.")] = ()
    statuses: Annotated[tuple[int, ...], Field(description="An HTTP call's.")] = RETRIED_STATUSES
    connections: Annotated[bool, Field(description="HTTP calls that got no answer; they may have had effect.")] = True
    timeouts: Annotated[bool, Field(description="Items that were ended at their time limit.")] = False
    errors: Annotated[bool, Field(description="Functions that raised.")] = False


class Http(_Closed):
    """An HTTP call."""

    url: Annotated[str, Field(pattern=r"^https?://", description="Where to; http or https.")]
    method: Annotated[str, Field(pattern="^[A-Z]{1,16}$", description="GET, POST and so on.")] = "GET"
    headers: Annotated[dict[str, str], Field(description="Its headers.")] = {}
    json_body: Annotated[Any, Field(alias="json", description="A body, sent as JSON.")] = None
    body: Annotated[str | None, Field(description="A body, sent as it is.")] = None
    expect: Annotated[tuple[int, ...], Field(description="The statuses of success. Default: 200 to 299.")] = ()

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if self.json_body is not None and self.body is not None:
            raise ValueError("http: write json or body, not both")
        return self


class Function(_Closed):
    """A task of the catalog, in a process of its own."""

    name: Annotated[str, Field(min_length=1, description="package.module:function, or the task's name.")]
    arguments: Annotated[dict[str, Any], Field(description="Its arguments, checked against its schema.")] = {}


class Item(_Closed):
    """One of: command, http, function."""

    name: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$", description="How it is called; unique in the list.")
    ]
    command: Annotated[
        tuple[str, ...] | str | None, Field(description="A program and its arguments; with shell: true one line.")
    ] = None
    shell: Annotated[bool, Field(description="Have /bin/sh read the line.")] = False
    folder: Annotated[str | None, Field(description="Where a command runs. Default: a new one, removed after.")] = None
    environment: Annotated[dict[str, str], Field(description="Variables beside the worker's own.")] = {}
    http: Annotated[Http | None, Field(description="An HTTP call.")] = None
    function: Annotated[Function | None, Field(description="A task of the catalog.")] = None
    priority: Annotated[int, Field(ge=-1000, le=1000, description="The higher, the earlier.")] = 0
    timeout: Annotated[Duration | None, Field(description="Its time limit, for each try.")] = None
    retry: Annotated[Retry | None, Field(description="For this one alone.")] = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(kind is not None for kind in (self.command, self.http, self.function)) != 1:
            raise ValueError(f"item {self.name!r}: write one of command, http and function")
        if self.command is not None and self.shell is not isinstance(self.command, str):
            wanted = "one line of text" if self.shell else "a list of words, or shell: true"
            raise ValueError(f"item {self.name!r}: command is to be {wanted}")
        if not self.shell and self.command is not None and not (self.command and self.command[0]):
            raise ValueError(f"item {self.name!r}: command has no program")
        return self


class Settings(_Closed):
    """What is to be done."""

    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=10_000, description="What is to be done.")]
    at_once: Annotated[int, Field(ge=1, le=50, description="How many are done at the same time.")] = 5
    timeout: Annotated[Duration, Field(description="The time limit of an item that has none of its own.")] = 300.0
    retry: Annotated[Retry, Field(description="For items that have none of their own.")] = Retry()
    tolerate_failures: Annotated[int, Field(ge=0, description="The run fails with more items failed than this.")] = 0
    stop_after_failures: Annotated[
        int | None, Field(ge=1, description="Start no further item once so many have failed.")
    ] = None
    dry_run: Annotated[bool, Field(description="Check items and functions, do nothing.")] = False

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        seen: set[str] = set()
        for item in self.items:
            if item.name in seen:
                raise ValueError(f"items: {item.name!r} is there twice; names tell items apart")
            seen.add(item.name)
        return self
