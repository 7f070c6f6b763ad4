"""What the runners program asks of its options, its environment and the task code it loads."""

import stat
import subprocess
import sys
from pathlib import Path

from tests.runners_driver import RunnersProgram, light_order

from scheduledtask_workloads.contract import RunState

SECRETS = {
    "SCHEDULEDTASK_REDIS_URL": "redis://:hidden@localhost:6379/0",
    "DATABASE_URL": "postgresql://app:hidden@db/app",
    "SOME_API_TOKEN": "hidden",
}


def refused(*options: str) -> str:
    """Standard error of a program that must not start."""
    command = [str(Path(sys.executable).with_name("scheduledtask")), "runners", *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_task_code_finds_no_secret_in_its_environment_nor_in_its_parents(tmp_path: Path) -> None:
    with RunnersProgram(tmp_path, "--processes", "1", environment={**SECRETS, "LANG": "C.UTF-8"}) as program:
        seen = program.connect().run(light_order("reports-environment")).result
        environments = [Path(f"/proc/{pid}/environ") for pid in (program.pid, program.nursery_pid)]

        assert seen["LANG"] == "C.UTF-8"
        assert not SECRETS.keys() & seen.keys()
        assert not any(b"hidden" in path.read_bytes() for path in environments if path.exists())


def test_only_the_owner_may_connect(tmp_path: Path) -> None:
    with RunnersProgram(tmp_path, "--processes", "1") as program:
        assert stat.S_IMODE(program.socket.stat().st_mode) == 0o600


def test_a_socket_on_which_another_program_listens_is_left_alone(tmp_path: Path) -> None:
    with RunnersProgram(tmp_path, "--processes", "1") as program:
        assert "another program listens there" in refused("--socket", str(program.socket))
        assert program.connect().run(light_order("nothing")).state is RunState.SUCCEEDED


def test_a_socket_in_no_folder_is_refused(tmp_path: Path) -> None:
    assert f"there is no folder {tmp_path / 'none'}" in refused("--socket", str(tmp_path / "none" / "b.sock"))


def test_a_file_in_the_sockets_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")

    assert "is no socket" in refused("--socket", str(tmp_path / "notes"))
    assert (tmp_path / "notes").read_text() == "mine"


def test_a_socket_path_longer_than_the_kernel_takes_is_refused(tmp_path: Path) -> None:
    assert "choose a shorter path" in refused("--socket", str(tmp_path / ("x" * 120)))


def test_an_amount_that_is_none_is_refused(tmp_path: Path) -> None:
    assert "'much' is not an amount of memory" in refused("--socket", str(tmp_path / "s"), "--memory-limit", "much")


def test_the_default_memory_limit_holds_for_orders_without_their_own(tmp_path: Path) -> None:
    with RunnersProgram(tmp_path, "--processes", "1", "--memory-limit", "100Mi") as program:
        report = program.connect().run(light_order("eats-memory", total_bytes=400 * 1024**2))

        assert "limit of 100Mi" in report.message


def test_a_project_that_cannot_be_loaded_is_logged_and_the_rest_runs(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project.entry-points."scheduledtask.tasks"]\nbroken = "no_such_module"\n'
    )
    with RunnersProgram(tmp_path, "--processes", "1", project=tmp_path) as program:
        report = program.connect().run(light_order("x").model_copy(update={"task": "system-health"}))

        assert report.state is RunState.SUCCEEDED, report
        assert "no_such_module" in program.log.read_text()
