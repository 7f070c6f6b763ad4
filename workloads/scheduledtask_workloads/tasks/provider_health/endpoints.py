"""What is asked of whom: the arguments of `provider-health`."""

import re
from collections import Counter
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from scheduledtask_workloads.catalog import Duration

ENDPOINTS_LIMIT = 250  # with names of 63 letters and messages, the result stays below 64 KiB

_STATUSES = re.compile(r"([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?")


def _statuses(text: str) -> str:
    for part in text.split(","):
        match = _STATUSES.fullmatch(part.strip())
        if not match or int(match[2] or match[1]) < int(match[1]):
            raise ValueError(f"{part.strip()!r} is no status and no range of them; write 200 or 200-299,304")
    return text


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return text


def _of_schemes(*schemes: str) -> AfterValidator:
    def check(url: str) -> str:
        try:
            parts = urlsplit(url)
            usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ValueError(f"must be a URL with a host, such as {schemes[0]}://HOST:PORT")
        return url

    return AfterValidator(check)


Host = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[^\s/@]+$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Pem = Annotated[str | None, Field(description="Trust these CAs (PEM) instead of the system's. A Secret may give it.")]


class _Endpoint(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(max_length=63, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="Of its own in this list.")
    timeout: Duration | None = Field(None, description="Instead of the timeout for all.")
    max_latency_ms: float | None = Field(None, gt=0, description="An answer that takes longer is a failure.")


class HttpEndpoint(_Endpoint):
    """An HTTP or HTTPS URL. A redirect is followed, five times at most."""

    kind: Literal["http"]
    url: Annotated[str, _of_schemes("https", "http")] = Field(description="A Secret may give it.")
    method: Literal["GET", "HEAD"] = "GET"
    headers: dict[str, str] = Field(default_factory=dict, description="Secrets may give the values.")
    status: Annotated[str, AfterValidator(_statuses)] = Field("200-299", description="Expected: 200 or 200-299,304.")
    body_contains: str | None = Field(None, description="Expected in the first 256 KiB of the body.")
    body_matches: Annotated[str, AfterValidator(_pattern)] | None = Field(
        None, description="Regular expression that the first 256 KiB of the body must match somewhere."
    )
    follow_redirects: bool = True
    verify_tls: bool = Field(True, description="False: any certificate will do.")
    ca_certificate: Pem = None

    @model_validator(mode="after")
    def _has_a_body(self) -> Self:
        if self.method == "HEAD" and (self.body_contains or self.body_matches):
            raise ValueError("an answer to HEAD has no body; use method GET with body_contains or body_matches")
        return self

    def expects(self, status: int) -> bool:
        matches = (_STATUSES.fullmatch(part.strip()) for part in self.status.split(","))
        return any(int(match[1]) <= status <= int(match[2] or match[1]) for match in matches if match)


class TcpEndpoint(_Endpoint):
    """A port that takes connections."""

    kind: Literal["tcp"]
    host: Host
    port: Port


class DnsEndpoint(_Endpoint):
    """A name that this machine's resolver knows."""

    kind: Literal["dns"]
    host: Host
    addresses: list[str] = Field(default_factory=list, description="Each of them must be among the answers.")


class TlsEndpoint(_Endpoint):
    """A certificate that is trusted, bears the name and lasts for a while."""

    kind: Literal["tls"]
    host: Host
    port: Port = 443
    server_name: str | None = Field(None, description="The name on the certificate, where it is not host.")
    min_days: float = Field(14, ge=0, description="It must be valid for so many days more.")
    ca_certificate: Pem = None


class RedisEndpoint(_Endpoint):
    """A Redis that answers PING."""

    kind: Literal["redis"]
    url: Annotated[str, _of_schemes("redis", "rediss")] = Field(
        description="redis[s]://[USER:PASSWORD@]HOST[:PORT]. A Secret may give it."
    )
    ca_certificate: Pem = None


class SqlEndpoint(_Endpoint):
    """A database that answers SELECT 1."""

    kind: Literal["sql"]
    url: str = Field(description="SQLAlchemy URL of SQLite or PostgreSQL. A Secret may give it.")


Endpoint = Annotated[
    HttpEndpoint | TcpEndpoint | DnsEndpoint | TlsEndpoint | RedisEndpoint | SqlEndpoint, Field(discriminator="kind")
]


class ProviderHealthArguments(BaseModel):
    """What `provider-health` takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    endpoints: list[Endpoint] = Field(min_length=1, max_length=ENDPOINTS_LIMIT, description="What is probed.")
    at_once: int = Field(5, ge=1, le=50, description="Probes at once, at most.")
    timeout: Duration = Field(5.0, le=60, description="For each probe: 5s, or seconds.")
    failure_threshold: int = Field(
        1, ge=1, le=100, description="So many failures in a row, over runs, make an endpoint degraded; needs history."
    )
    history: str | None = Field(
        None,
        description="SQLAlchemy URL of a database whose table provider_health gets a row for each endpoint and run; "
        "what failed in a row is read from there. A Secret may give it.",
    )
    fail_when_degraded: bool = Field(False, description="The run fails when an endpoint is degraded.")

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        doubled = [name for name, times in Counter(each.name for each in self.endpoints).items() if times > 1]
        if doubled:
            raise ValueError(f"endpoints: {doubled[0]!r} is the name of two; a name is there once")
        if self.failure_threshold > 1 and self.history is None:
            raise ValueError(
                f"failure_threshold {self.failure_threshold} needs history, the only place where failures of earlier"
                " runs are kept; set history to a database URL, or failure_threshold to 1"
            )
        return self
