"""On one machine a variable or a file stands for a Secret's key; what is missing is said with both ways."""

from pathlib import Path

import pytest

from scheduledtask_operator.control.ports import SecretProblem
from scheduledtask_operator.local.secrets import LocalSecrets
from scheduledtask_workloads.contract.secrets import VALUE_LIMIT_BYTES, SecretReference

REFERENCE = SecretReference("db.main", "pass-word")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "db.main").mkdir()
    return tmp_path


def problem(found: str | SecretProblem) -> str:
    assert isinstance(found, SecretProblem)
    return found.message


def test_a_file_is_taken_byte_for_byte(folder: Path) -> None:
    (folder / "db.main" / "pass-word").write_text("hunter2\n")

    assert LocalSecrets({}, folder).find(REFERENCE) == "hunter2\n"


def test_a_variable_wins_over_a_file(folder: Path) -> None:
    (folder / "db.main" / "pass-word").write_text("hunter2")

    secrets = LocalSecrets({"SCHEDULEDTASK_SECRET_DB_MAIN__PASS_WORD": "hunter3"}, folder)

    assert secrets.find(REFERENCE) == "hunter3"
    assert secrets.variables([REFERENCE]) == {REFERENCE.variable: "hunter3"}


def test_what_is_missing_is_said_with_how_to_give_it(folder: Path) -> None:
    without_folder = problem(LocalSecrets({}).find(REFERENCE))

    assert "set SCHEDULEDTASK_SECRET_DB_MAIN__PASS_WORD, or give --secrets DIR" in without_folder
    assert f"write {folder}/db.main/pass-word" in problem(LocalSecrets({}, folder).find(REFERENCE))
    assert LocalSecrets({}, folder).variables([REFERENCE]) == {}


@pytest.mark.parametrize(
    ("data", "message"), [(b"\xff", "cannot be read as text"), (b"a" * (VALUE_LIMIT_BYTES + 1), "has 16385 bytes")]
)
def test_what_no_cluster_would_take_is_refused_here_too(folder: Path, data: bytes, message: str) -> None:
    (folder / "db.main" / "pass-word").write_bytes(data)

    assert message in problem(LocalSecrets({}, folder).find(REFERENCE))
