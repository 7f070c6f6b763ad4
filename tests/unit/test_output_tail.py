"""The end of an output is kept, and what came before it is counted."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_workloads.execution import TAIL_BYTES, CapturedOutput, read_tail


def test_no_file_is_no_output(tmp_path: Path) -> None:
    assert read_tail(tmp_path / "none").text == ""


def test_a_short_output_is_whole(tmp_path: Path) -> None:
    (tmp_path / "output").write_text("line\n")

    assert CapturedOutput(tmp_path / "output").tail().text == "line\n"
    assert CapturedOutput(tmp_path / "output").tail().dropped_bytes == 0


@given(st.text(), st.integers(1, 40))
def test_a_cut_goes_between_characters(text: str, limit_bytes: int) -> None:
    path = Path("/dev/shm" if Path("/dev/shm").is_dir() else "/tmp") / "scheduledtask-test-output-tail"
    path.write_bytes(text.encode(errors="replace"))
    tail = read_tail(path, limit_bytes)
    path.unlink()

    assert text.encode(errors="replace").decode().endswith(tail.text)
    assert "\ufffd" not in tail.text or "\ufffd" in text


def test_a_long_output_is_shortened_under_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "output"
    output = CapturedOutput(path)
    with path.open("ab", buffering=0) as writer:
        for _ in range(5):
            writer.write(b"x" * TAIL_BYTES)
        output.bound(limit_bytes=3 * TAIL_BYTES)
        shortened = path.stat().st_size
        writer.write(b"the end")

    assert shortened == TAIL_BYTES
    assert output.tail().text == "x" * (TAIL_BYTES - 7) + "the end"
    assert output.tail().dropped_bytes == 4 * TAIL_BYTES + 7


def test_an_output_below_the_limit_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "output"
    path.write_bytes(b"x" * 100)
    CapturedOutput(path).bound(limit_bytes=100)

    assert path.stat().st_size == 100


def test_nothing_to_shorten_is_no_problem(tmp_path: Path) -> None:
    output = CapturedOutput(tmp_path / "none")
    output.bound()
    output.remove()

    assert output.tail().dropped_bytes == 0
