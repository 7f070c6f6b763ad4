"""A value of four characters or more is never shown: overlapping, over lines, quoted, or in pieces."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, model_serializer

from scheduledtask_workloads.execution import CapturedOutput, MaskedStream, Masker, read_tail
from scheduledtask_workloads.execution.capture import TAIL_BYTES
from scheduledtask_workloads.execution.results import BadResultError, as_json, one_line

LETTERS = "abé\n \"'\\"  # few, so that values overlap; no star, which the mask is made of
VALUES = st.lists(st.text(LETTERS, min_size=1, max_size=9), min_size=1, max_size=4)
TEXTS = st.text(LETTERS, max_size=40)


@given(VALUES, st.lists(st.one_of(TEXTS, st.integers(0, 3)), max_size=8))
def test_no_value_is_left_in_a_text(values: list[str], pieces: list[str | int]) -> None:
    text = "".join(values[piece % len(values)] if isinstance(piece, int) else piece for piece in pieces)

    shown = Masker(values).text(text)

    assert not [value for value in values if len(value) >= 4 and value in shown]


@given(VALUES, st.lists(st.one_of(TEXTS, st.integers(0, 3)), max_size=8), st.data())
def test_pieces_come_out_as_the_whole_would(values: list[str], pieces: list[str | int], data: st.DataObject) -> None:
    masker = Masker(values)
    text = "".join(values[piece % len(values)] if isinstance(piece, int) else piece for piece in pieces).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    stream = MaskedStream(masker)

    shown = [stream.feed(text[begin:end]) for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    assert b"".join(shown) + stream.close() == masker.data(text)


@given(st.text(LETTERS, min_size=4, max_size=20), st.integers(1, 60), st.integers(0, 30))
def test_a_tail_that_begins_within_a_value_shows_no_rest_of_it(tmp_path_factory, value: str, limit: int, after) -> None:
    file: Path = tmp_path_factory.mktemp("output") / "output"
    file.write_bytes(b"." * 50 + value.encode() + b"." * after)

    tail = read_tail(file, limit, Masker([value]))

    assert set(tail.text) <= {".", "*"}


def test_output_that_was_shortened_within_a_value_shows_no_rest_of_it(tmp_path: Path) -> None:
    value = "correct horse battery staple"
    output = CapturedOutput(tmp_path / "output", Masker([value]))
    output.path.write_bytes(b"." * 1000 + value.encode() + b"." * (TAIL_BYTES - 10))

    output.bound(limit_bytes=TAIL_BYTES)

    assert output.path.stat().st_size == TAIL_BYTES + Masker([value]).margin_bytes
    assert set(output.tail().text) == {".", "*"}


@given(st.text(st.characters(exclude_characters="*", exclude_categories=["Cs"]), min_size=4, max_size=30))
def test_a_value_is_known_in_quotes_and_in_urls(value: str) -> None:
    masker = Masker([value])

    for shown in (repr(value), json.dumps(value), json.dumps(value, ensure_ascii=False), quote(value, safe="")):
        form = shown[1:-1] if shown.startswith(("'", '"')) else shown
        assert masker.text(f"<{form}>") == "<***>"


def test_each_line_of_a_value_is_a_value() -> None:
    masker = Masker(["-----BEGIN-----\n  c2VjcmV0\n-----END-----\n"])

    assert masker.text("read c2VjcmV0 from -----BEGIN-----") == "read *** from ***"


@pytest.mark.parametrize(
    "value",
    [
        "postgresql+psycopg://app:hunter%212@db:5432/shop",
        "redis://:hunter!2@db/0",
        "host=db user=app password=hunter!2 dbname=shop",
        "host=db password='hunter!2'",
        "Server=db;Pwd=hunter!2;",
        "https://db/shop?user=app&token=hunter!2",
    ],
)
def test_the_password_of_a_connection_string_is_a_value(value: str) -> None:
    assert Masker([value]).text("app could not log in to db with hunter!2") == "app could not log in to db with ***"


@pytest.mark.parametrize("value", ["", "abc", "a\nb"])
def test_what_is_shorter_than_four_characters_stays(value: str) -> None:
    assert not Masker([value])
    assert Masker([value]).text("abc") == "abc"


def test_a_result_is_masked_in_texts_keys_and_numbers() -> None:
    result = {"hunter2": ["to hunter2", 55432, True, None, {"port": 1554321.5}]}

    assert Masker(["hunter2", "55432", "true"]).value(result) == {"***": ["to ***", "***", True, None, {"port": "***"}]}


def test_a_message_is_masked_before_it_is_cut() -> None:
    error = ValueError("x" * 480 + " correct  horse battery")

    assert one_line(error, Masker(["correct  horse battery"])).endswith("x ***")


def test_a_refused_result_shows_no_value() -> None:
    class Silent(BaseModel):
        @model_serializer
        def _written(self) -> str:
            raise RuntimeError("no hunter2 for you")

    with pytest.raises(BadResultError, match=r"no \*\*\* for you"):
        as_json(Silent(), Masker(["hunter2"]))
