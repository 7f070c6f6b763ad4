"""The arguments of `notification`."""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from scheduledtask_workloads.catalog import Duration

RETRIED_STATUSES = (408, 425, 429, 500, 502, 503, 504)
DEFAULT_TITLE = """\
{%- if trigger %}{{ trigger.scheduled_task }}: {{ trigger.outcome }}\
{%- else %}{{ run.namespace }}/{{ run.name }}{% endif %}"""
DEFAULT_BODY = """\
{%- if trigger %}Run {{ trigger.run_id }} of {{ run.namespace }}/{{ trigger.scheduled_task }}: {{ trigger.outcome }}\
{%- if trigger.message %}: {{ trigger.message }}{% endif %}
{%- if trigger.artifacts_url %}

Files: {{ trigger.artifacts_url }}{% endif %}
{%- else %}Run {{ run.run_id }} of {{ run.namespace }}/{{ run.name }}.{% endif %}"""


class Format(StrEnum):
    """What a body is written in; the services that cannot show it get it converted."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"


class Kind(StrEnum):
    """How it is meant; services show it as a colour or a picture."""

    AUTO = "auto"
    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Retry(_Closed):
    """What happens after a target refused, within one attempt of the run."""

    limit: Annotated[int, Field(ge=0, le=100, description="How many times a target is tried again.")] = 3
    backoff: Annotated[Duration, Field(description="The wait before the first of them; it doubles each time.")] = 2.0
    max_backoff: Annotated[Duration, Field(description="The longest wait.")] = 60.0


class Webhook(_Closed):
    """An HTTP request with JSON. 2xx acknowledges; `retry_statuses` are tried again; any other status is a refusal."""

    url: Annotated[str, Field(pattern=r"^https?://", description="Where to; http or https.")]
    method: Annotated[str, Field(pattern="^(POST|PUT|PATCH)$", description="POST, PUT or PATCH.")] = "POST"
    headers: Annotated[dict[str, str], Field(description="Headers beside ours.")] = {}
    json_body: Annotated[
        Any, Field(alias="json", description="The body; each text in it is a template. Default: all that is known.")
    ] = None
    retry_statuses: Annotated[tuple[int, ...], Field(description="Statuses that are tried again.")] = RETRIED_STATUSES


class Target(_Closed):
    """One recipient by one way: `url` for a service that Apprise knows, or `webhook`."""

    name: Annotated[str, Field(min_length=1, max_length=100, description="How it is called; unique in the list.")]
    url: Annotated[
        str | None, Field(description="An Apprise URL, such as mailtos://user:password@host?to=a@b.c or slack://…")
    ] = None
    webhook: Annotated[Webhook | None, Field(description="A request of our own, with JSON.")] = None
    title: Annotated[str | None, Field(description="A title for this one alone.")] = None
    body: Annotated[str | None, Field(description="A body for this one alone.")] = None
    retry: Annotated[Retry | None, Field(description="Retries for this one alone.")] = None
    rate_per_minute: Annotated[
        float | None, Field(gt=0, le=60_000, description="The most messages a minute, tries included.")
    ] = None
    rate_group: Annotated[
        str | None, Field(description="Targets with the same word share one rate, the lowest of theirs.")
    ] = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.url is None) == (self.webhook is None):
            raise ValueError(f"target {self.name!r}: write either url or webhook")
        if self.url is not None and "://" not in self.url:
            raise ValueError(f"target {self.name!r}: url has no service; it begins with a word and ://")
        return self


class Settings(_Closed):
    """Who is told what."""

    targets: Annotated[tuple[Target, ...], Field(min_length=1, max_length=1000, description="Who is told.")]
    title: Annotated[str, Field(max_length=10_000, description="A Jinja2 template.")] = DEFAULT_TITLE
    body: Annotated[str, Field(max_length=100_000, description="A Jinja2 template.")] = DEFAULT_BODY
    format: Annotated[Format, Field(description="What the body is written in.")] = Format.TEXT
    kind: Annotated[
        Kind,
        Field(description="auto: failure after a run that did not succeed, success after one that did, else info."),
    ] = Kind.AUTO
    variables: Annotated[dict[str, Any], Field(description="Values for the templates, as `variables`.")] = {}
    at_once: Annotated[int, Field(ge=1, le=100, description="How many targets are sent to at the same time.")] = 20
    timeout: Annotated[Duration, Field(description="How long one try may take.")] = 30.0
    retry: Annotated[Retry, Field(description="What happens after a target refused.")] = Retry()
    resend_unknown: Annotated[
        bool, Field(description="Send again where it is not known whether a target got it; it may get it twice.")
    ] = False
    dry_run: Annotated[bool, Field(description="Fill in the templates, look at the URLs, send nothing.")] = False

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [target.name for target in self.targets]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"targets: {', '.join(map(repr, twice))} is there twice; names tell targets apart")
        return self
