"""Durations and memory are read as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_workloads.contract.quantity import (
    QuantityError,
    format_duration,
    format_memory,
    parse_duration,
    parse_memory,
)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("1h30m", 5400), ("2d", 172800), ("250ms", 0.25), ("1.5h", 5400)]
)
def test_a_duration_is_numbers_with_units(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "-5m", "5x", "1h junk"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(QuantityError, match=r"is not a duration; write .* such as 90s"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "memory_bytes"), [("500M", 500_000_000), ("8Gi", 8 * 1024**3), ("1024", 1024), ("1.5Ki", 1536)]
)
def test_memory_has_the_suffixes_of_kubernetes(text: str, memory_bytes: int) -> None:
    assert parse_memory(text) == memory_bytes


@pytest.mark.parametrize("text", ["", "8GB", "-1Gi", "Gi", "8 Gi"])
def test_what_is_no_memory_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(QuantityError, match=r"is not an amount of memory; write .* such as 500M or 8Gi"):
        parse_memory(text)


@given(st.integers(1, 40 * 86400))
def test_a_written_duration_is_read_back_to_its_two_largest_units(seconds: int) -> None:
    read = parse_duration(format_duration(seconds))

    assert read <= seconds
    assert seconds - read < max(1, seconds / 24)


@given(st.integers(1, 2**44))
def test_a_written_amount_of_memory_is_read_back_to_three_digits(memory_bytes: int) -> None:
    assert parse_memory(format_memory(memory_bytes)) == pytest.approx(memory_bytes, rel=0.01)


@pytest.mark.parametrize(("memory_bytes", "text"), [(1023488, "1000Ki"), (1020 * 1024**2, "1020Mi"), (1024**2, "1Mi")])
def test_below_the_next_unit_memory_is_written_in_plain_digits(memory_bytes: int, text: str) -> None:
    assert format_memory(memory_bytes) == text
