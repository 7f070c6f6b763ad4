"""`scheduledtask next` prints slots and nothing else, or one line that says what is wrong."""

import json
import sys

import pytest

from scheduledtask_operator.cli import scheduledtask
from scheduledtask_operator.cli.problems import run_or_explain

Answer = tuple[int, str, str]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> "Ask":
    return Ask(monkeypatch, capsys)


class Ask:
    """Calls the program; gives exit code, standard output and standard error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def __call__(self, *arguments: str) -> Answer:
        self.monkeypatch.setattr(sys, "argv", ["scheduledtask", "next", *arguments])
        code = run_or_explain(scheduledtask)
        printed = self.capsys.readouterr()
        return code, printed.out, printed.err


def test_utc_times_end_in_z(ask: Ask) -> None:
    assert ask("0 9 * * MON-FRI", "--after", "2026-11-20T09:00:00Z", "--count", "2") == (
        0,
        "2026-11-23T09:00:00Z\n2026-11-24T09:00:00Z\n",
        "",
    )


def test_times_of_a_zone_have_its_offset(ask: Ask) -> None:
    _, out, _ = ask("@daily", "--timezone", "Asia/Kathmandu", "--after", "2026-11-20T09:00:00Z", "--count", "1")

    assert out == "2026-11-21T00:00:00+05:45\n"


def test_an_offset_of_zero_is_z_in_utc_alone(ask: Ask) -> None:
    _, out, _ = ask("@daily", "--timezone", "Europe/London", "--after", "2026-11-20T09:00:00Z", "--count", "1")

    assert out == "2026-11-21T00:00:00+00:00\n"


def test_after_without_an_offset_is_a_time_of_the_zone(ask: Ask) -> None:
    _, out, _ = ask("0 * * * *", "--timezone", "Asia/Tokyo", "--after", "2026-11-20T09:30:00", "--count", "1")

    assert out == "2026-11-20T10:00:00+09:00\n"


def test_json_is_one_list(ask: Ask) -> None:
    code, out, _ = ask("@hourly", "--after", "2026-11-20T09:00:00Z", "--count", "2", "--output", "json")

    assert code == 0
    assert json.loads(out) == ["2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z"]


def test_it_starts_now_and_lists_five(ask: Ask) -> None:
    code, out, err = ask("* * * * *")

    assert (code, len(out.splitlines()), err) == (0, 5, "")


def test_every_counts_from_after_unless_an_anchor_is_given(ask: Ask) -> None:
    after = ("--after", "2026-11-20T09:00:00Z", "--count", "1")

    assert ask("@every 90s", *after)[1] == "2026-11-20T09:01:30Z\n"
    assert ask("@every 90s", *after, "--anchor", "2026-11-20T08:59:00Z")[1] == "2026-11-20T09:00:30Z\n"


def test_h_is_that_of_the_named_resource(ask: Ask) -> None:
    after = ("--after", "2026-11-20T09:00:00Z", "--count", "1")

    assert ask("H * * * *", *after, "--name", "default/report") == (0, "2026-11-20T09:20:00Z\n", "")
    assert "without --name, the values of H are not those of a resource" in ask("H * * * *", *after)[2]
    assert ask("0 0 * * THU", *after)[2] == ""


def test_fewer_slots_than_asked_are_all_that_there_are(ask: Ask) -> None:
    arguments = ("@at 2026-12-01T09:00:00Z", "--count", "3", "--after")

    assert ask(*arguments, "2026-11-20T09:00:00Z") == (0, "2026-12-01T09:00:00Z\n", "")
    assert ask(*arguments, "2027-01-01T00:00:00Z") == (
        0,
        "",
        "no slot of '@at 2026-12-01T09:00:00Z' after 2027-01-01T00:00:00Z\n",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["0 25 * * *"], "EXPR: hour '25' is out of bounds: must be 0 to 23"),
        (["0 0 30 2 *"], "EXPR: day of month 30 never comes in FEB: choose an earlier day"),
        (["@daily", "--timezone", "Pariss"], "--timezone: time zone 'Pariss' is not known: did you mean Europe/Paris?"),
        (["@daily", "--after", "noon"], "--after: 'noon' is not a time: write it as in 2026-12-01T09:00:00Z"),
        (["@every 1m", "--anchor", "x"], "--anchor: 'x' is not a time: write it as in 2026-12-01T09:00:00Z"),
        (["@daily", "--name", "x"], "--name: 'x' is not namespace/name; write it as in default/nightly-report"),
        (["@daily", "--count", "0"], "Invalid value for '--count': 0 is not in the range 1<=x<=100000."),
        (["@daily", "--dst-policy", "No"], "Invalid value for '--dst-policy': 'No' is not one of 'RunOnce', 'Skip',"),
        ([], "Missing argument 'EXPR'."),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(ask: Ask, arguments: list[str], message: str) -> None:
    code, out, err = ask(*arguments)

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"error: {message}")
