"""Values of Secrets, replaced by `***` wherever a run could show them.

A value is found as it is, line by line, as the password of a connection string, and in the forms that Python's and
JSON's quotes, a URL and our own one-line messages give it. What a body does to it otherwise, such as base64 or a part
of it alone, is not recognised.
"""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

MASK = "***"
SHORTEST_CHARACTERS = 4  # what is shorter is in every other word
_MASK_BYTES = MASK.encode()
_IN_URL = re.compile(r"://[^/@\s:]*:([^/@\s]+)@")
_IN_PAIRS = re.compile(r"(?i)(?:password|passwd|pwd|secret|token|key)\s*=\s*['\"]?([^\s;&'\"]+)")


class Masker:
    """Of one run's values. One without values changes nothing, and is false."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._needles = sorted({needle for value in values for form in _forms(value) for needle in _encoded(form)})
        self.margin_bytes = max(map(len, self._needles), default=1) - 1
        """How much before and after a place must be known to say whether it belongs to a value."""

    def __bool__(self) -> bool:
        return bool(self._needles)

    def text(self, text: str) -> str:
        if not self._needles:
            return text
        return self.data(text.encode(errors="surrogatepass")).decode(errors="surrogatepass")

    def data(self, data: bytes, start: int = 0) -> bytes:
        """What follows `start`; a value that begins before and ends behind it is masked as well."""
        parts, position = [], start
        for begin, end in self.spans(data):
            if end > position:
                parts += [data[position : max(begin, position)], _MASK_BYTES]
                position = end
        return b"".join([*parts, data[position:]])

    def value(self, value: Any) -> Any:
        """The same JSON value, masked in every text, key and number."""
        if not self._needles:
            return value
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(name): self.value(each) for name, each in value.items()}
            case list():
                return [self.value(each) for each in value]
            case int() | float() if not isinstance(value, bool) and self.spans(json.dumps(value).encode()):
                return MASK
        return value

    def spans(self, data: bytes) -> list[tuple[int, int]]:
        """Where values are, in order; those that overlap are one."""
        found = sorted(span for needle in self._needles for span in _occurrences(data, needle))
        merged: list[tuple[int, int]] = []
        for begin, end in found:
            if merged and begin < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((begin, end))
        return merged

    def unfinished(self, data: bytes) -> int:
        """Up to where `data` is as it will stay, whatever follows it."""
        settled = len(data)
        for length in range(1, min(self.margin_bytes, len(data)) + 1):
            tail = data[-length:]
            if any(needle.startswith(tail) for needle in self._needles if len(needle) > length):
                settled = len(data) - length
        for begin, end in reversed(self.spans(data)):
            if end > settled:
                settled = min(settled, begin)
        return settled


class MaskedStream:
    """Masks what comes piece by piece; all pieces together come out as if they had come at once."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What can be shown; the rest is held until it is known not to be a value's beginning."""
        self._held += data
        settled = self._masker.unfinished(self._held)
        shown, self._held = self._held[:settled], self._held[settled:]
        return self._masker.data(shown)

    def close(self) -> bytes:
        """The rest."""
        rest, self._held = self._held, b""
        return self._masker.data(rest)


NO_MASKER = Masker()


def _occurrences(data: bytes, needle: bytes) -> Iterator[tuple[int, int]]:
    position = data.find(needle)
    while position >= 0:
        yield position, position + len(needle)
        position = data.find(needle, position + 1)


def _forms(value: str) -> Iterator[str]:
    """Those of `SHORTEST_CHARACTERS` and more."""
    plain = [value, value.strip(), *(line.strip() for line in value.splitlines()), *_passwords(value)]
    for text in dict.fromkeys(plain):
        forms = (text, *_quoted(text), " ".join(text.split()))
        yield from (form for form in dict.fromkeys(forms) if len(text) >= SHORTEST_CHARACTERS <= len(form))


def _passwords(value: str) -> Iterator[str]:
    """Of a connection string: clients show the rest of it without a thought."""
    found = [*_IN_URL.findall(value), *_IN_PAIRS.findall(value)]
    yield from found
    yield from map(unquote_plus, found)
    yield from map(unquote, found)


def _encoded(form: str) -> Iterator[bytes]:
    """Also as the bytes that were no UTF-8 in an environment variable."""
    yield form.encode(errors="surrogatepass")
    with suppress(UnicodeEncodeError):
        yield form.encode(errors="surrogateescape")


def _quoted(text: str) -> Iterator[str]:
    yield repr(text)[1:-1]
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield quote(text, errors="surrogatepass")
    yield quote(text, safe="", errors="surrogatepass")
    yield quote_plus(text, errors="surrogatepass")
