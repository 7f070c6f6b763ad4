"""Where Redis is and how it is spoken to, as every program is told it: a URL, and the CAs to trust.

    redis://[USER[:PASSWORD]@]HOST[:PORT][/DB]                      one server, plain text
    rediss://...                                                    the same over TLS
    sentinel://[USER[:PASSWORD]@]HOST[:PORT],...[/DB]?master=NAME   the master that these Sentinels name
    sentinels://...                                                 Sentinels and servers alike over TLS

USER and PASSWORD are those of the servers; `sentinel_username` and `sentinel_password` in the query are the Sentinels'
own. What is not a letter, digit or one of `-._~` in them is percent-encoded.
"""

import re
import ssl
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode

REDIS_PORT = 6379
SENTINEL_PORT = 26379
FORMS = "redis://HOST:PORT/DB, rediss://HOST:PORT/DB, or sentinel[s]://HOST:PORT,HOST:PORT/DB?master=NAME"

_SCHEMES = {  # the scheme: are these Sentinels, is it TLS
    "redis": (False, False),
    "rediss": (False, True),
    "sentinel": (True, False),
    "sentinels": (True, True),
}
_SENTINEL_WORDS = ("master", "sentinel_username", "sentinel_password")
_HOST = re.compile(r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9_.-]+))(?::(?P<port>[0-9]{1,5}))?")


class RedisEndpointError(ValueError):
    """The URL or the CA file can't be used; the message names the part and the fix, and never a password."""


class Host(NamedTuple):
    name: str
    port: int

    def __str__(self) -> str:
        return f"[{self.name}]:{self.port}" if ":" in self.name else f"{self.name}:{self.port}"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Empty: none."""

    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class RedisEndpoint:
    """One Redis, by its address or by the Sentinels that know it."""

    hosts: tuple[Host, ...]
    """The server, or the Sentinels."""
    database: int = 0
    credentials: Credentials = Credentials()
    master: str = ""
    """By this name the Sentinels know the server; empty: `hosts` is the server itself."""
    sentinel_credentials: Credentials = Credentials()
    tls: bool = False
    ca_file: Path | None = None
    """PEM: who may vouch for the servers' certificates; None: whom the system trusts. Read at each connection."""

    @classmethod
    def parse(cls, url: str, ca_file: Path | None = None) -> "RedisEndpoint":
        """Raises RedisEndpointError."""
        scheme, separator, rest = url.partition("://")
        if not separator or scheme not in _SCHEMES:
            raise RedisEndpointError(f"the Redis URL begins with {scheme[:20]!r}; write {FORMS}")
        has_sentinels, tls = _SCHEMES[scheme]
        address, _, query = rest.partition("?")
        location, _, database = address.partition("/")
        login, _, hosts = location.rpartition("@")
        words = _words(query, _SENTINEL_WORDS if has_sentinels else ())
        if has_sentinels and not words.get("master"):
            raise RedisEndpointError("the Redis URL names no master: Sentinels watch several; end it with ?master=NAME")
        if ca_file is not None:
            _check_ca_file(ca_file, scheme, tls=tls)
        return cls(
            hosts=_hosts(hosts, many=has_sentinels),
            database=_database(database),
            credentials=_credentials(login),
            master=words.get("master", ""),
            sentinel_credentials=Credentials(words.get("sentinel_username", ""), words.get("sentinel_password", "")),
            tls=tls,
            ca_file=ca_file,
        )

    @property
    def url(self) -> str:
        """With its passwords."""
        login = ":".join(quote(part, safe="") for part in (self.credentials.username, self.credentials.password))
        at = f"{login}@" if self.credentials != Credentials() else ""
        return f"{self._scheme}://{at}{','.join(map(str, self.hosts))}/{self.database}{self._query}"

    def log_in_as(self, username: str, password: str) -> "RedisEndpoint":
        """The same server as another user."""
        return replace(self, credentials=Credentials(username, password))

    def __str__(self) -> str:
        """For people: without passwords."""
        hosts = ", ".join(map(str, self.hosts))
        return f"master {self.master!r} of the Sentinels {hosts}" if self.master else hosts

    @property
    def _scheme(self) -> str:
        return next(name for name, kind in _SCHEMES.items() if kind == (bool(self.master), self.tls))

    @property
    def _query(self) -> str:
        values = (self.master, self.sentinel_credentials.username, self.sentinel_credentials.password)
        words = {word: value for word, value in zip(_SENTINEL_WORDS, values, strict=True) if value}
        return f"?{urlencode(words, quote_via=quote)}" if words else ""


def _words(query: str, allowed: tuple[str, ...]) -> dict[str, str]:
    words = dict(parse_qsl(query, keep_blank_values=True))
    for word in words:
        if word not in allowed:
            known = f"known are {', '.join(allowed)}" if allowed else "leave it out"
            raise RedisEndpointError(f"the Redis URL has the parameter {word!r}, which means nothing here; {known}")
    return words


def _hosts(text: str, *, many: bool) -> tuple[Host, ...]:
    parts = text.split(",")
    if len(parts) > 1 and not many:
        raise RedisEndpointError(
            f"the Redis URL names {len(parts)} hosts, which only sentinel:// and sentinels:// have; name one"
        )
    return tuple(_host(part, SENTINEL_PORT if many else REDIS_PORT) for part in parts)


def _host(text: str, default_port: int) -> Host:
    found = _HOST.fullmatch(text)
    if found is None:
        raise RedisEndpointError(f"the Redis URL has the host {text!r}; write {FORMS}")
    port = int(found["port"] or default_port)
    if not 0 < port < 65536:
        raise RedisEndpointError(f"the Redis URL has the port {port}; give one from 1 to 65535")
    return Host(found["address"] or found["name"], port)


def _database(text: str) -> int:
    if text and not (text.isascii() and text.isdigit() and len(text) < 6):
        raise RedisEndpointError(f"the Redis URL has the database {text!r}; give its number, such as /0")
    return int(text or 0)


def _credentials(login: str) -> Credentials:
    """`USER:PASSWORD`, `:PASSWORD` or `USER`."""
    username, _, password = login.partition(":")
    return Credentials(unquote(username), unquote(password))


def _check_ca_file(path: Path, scheme: str, *, tls: bool) -> None:
    if not tls:
        raise RedisEndpointError(
            f"the CA file {path} is of no use with {scheme}://, which is plain text; write {scheme}s://"
        )
    try:
        ssl.create_default_context(cafile=str(path))
    except ssl.SSLError as error:
        raise RedisEndpointError(f"the CA file {path} holds no certificate in PEM: {error.reason or error}") from error
    except OSError as error:
        raise RedisEndpointError(f"the CA file {path} cannot be read: {error.strerror or error}") from error
