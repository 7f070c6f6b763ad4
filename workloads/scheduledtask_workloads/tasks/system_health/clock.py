"""How far this machine's clock is from another one's, by HTTP's Date or by NTP (RFC 5905, client mode)."""

import http.client
import secrets
import socket
import struct
import time
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urlsplit

NTP_PORT = 123
TIMEOUT_SECONDS = 2.0

_NTP_EPOCH_SECONDS = 2_208_988_800  # 1900 to 1970
_NTP_ERA_SECONDS = 2**32
_CLIENT = bytes([0b00_100_011]) + bytes(39)  # no warning, version 4, client
_SERVER_MODE = 4


class ClockError(Exception):
    """The source did not tell the time; the text says why."""


def skew_seconds(source: str) -> float:
    """Above 0: this clock is behind. Raises ClockError. `source`: ntp://HOST[:PORT], or an http or https URL."""
    url = urlsplit(source)
    try:
        return _by_ntp(url) if url.scheme == "ntp" else _by_http(url)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ClockError(f"{url.scheme}://{url.hostname}: {type(error).__name__}: {error}") from error


def skew_of_date(date_seconds: float, sent: float, received: float) -> float:
    """Date has whole seconds, and was written at some time in between: only what is beyond both is skew."""
    least, most = date_seconds - received, date_seconds + 1 - sent
    if least <= 0 <= most:
        return 0.0
    return least if least > 0 else most


def skew_of_ntp(answer: bytes, cookie: bytes, sent: float, received: float) -> float:
    """Raises ValueError for what is no answer to `cookie`, or of a server that does not know the time itself."""
    if len(answer) < 48 or answer[0] & 7 != _SERVER_MODE or answer[24:32] != cookie:
        raise ValueError("the answer is not NTP's")
    if not 1 <= answer[1] <= 15 or answer[0] >> 6 == 3:
        raise ValueError("the server is not synchronised itself")
    arrived, left = (_unix(answer[32:40], received), _unix(answer[40:48], received))
    return ((arrived - sent) + (left - received)) / 2


def _unix(timestamp: bytes, near: float) -> float:
    """NTP's 32 bits of seconds begin again in 2036: the era is the one next to `near`."""
    whole, fraction = map(float, struct.unpack("!II", timestamp))
    seconds = whole - _NTP_EPOCH_SECONDS + fraction / 2**32
    return seconds + _NTP_ERA_SECONDS * round((near - seconds) / _NTP_ERA_SECONDS)


def _by_ntp(url: SplitResult) -> float:
    cookie = secrets.token_bytes(8)  # in the place of the time sent, so that nobody else can answer
    kind, protocol, number, _, address = socket.getaddrinfo(url.hostname, url.port or NTP_PORT, type=socket.SOCK_DGRAM)[
        0
    ]
    with socket.socket(kind, protocol, number) as asking:
        asking.settimeout(TIMEOUT_SECONDS)
        asking.connect(address)
        sent = time.time()
        asking.send(_CLIENT + cookie)
        answer = asking.recv(1024)
        return skew_of_ntp(answer, cookie, sent, time.time())


def _by_http(url: SplitResult) -> float:
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.connect()
        sent = time.time()
        connection.request("HEAD", url.path or "/")
        date = connection.getresponse().headers["Date"]
        received = time.time()
    finally:
        connection.close()
    if not date:
        raise ValueError("the answer has no Date")
    return skew_of_date(parsedate_to_datetime(date).timestamp(), sent, received)
