"""Real child processes: started again when they die, ended with everything that they started."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from scheduledtask_operator.local.process_tree import end_marked, is_running
from scheduledtask_operator.local.state_folder import StateFolder
from scheduledtask_operator.local.supervisor import ProcessEnded, Program, Supervised, Supervisor

SLEEPER = "import time; time.sleep(600)"
# A body that left its parent's session, as task code may: it can be found by its mark alone.
PARENT = (
    "import subprocess, sys, pathlib, time;"
    f"child = subprocess.Popen([sys.executable, '-c', {SLEEPER!r}], start_new_session=True);"
    "pathlib.Path(sys.argv[1]).write_text(str(child.pid)); time.sleep(600)"
)
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
)


class House:
    """A supervisor with what it reported."""

    def __init__(self, folder: Path) -> None:
        self.folder = StateFolder(folder)
        self.folder.open()
        self.ended: list[ProcessEnded] = []
        self.supervisor = Supervisor(self.folder, self.ended.append)

    async def start(self, code: str, *arguments: str, heartbeat_file: Path | None = None) -> Supervised:
        command = (sys.executable, "-c", code, *arguments)
        return await self.supervisor.start(Program("child", command, dict(os.environ), heartbeat_file))


@pytest.fixture
def in_house(tmp_path: Path):
    """Runs a scenario, and leaves no process behind."""

    def run(scenario: Callable[[House], Awaitable[None]]) -> None:
        async def whole() -> None:
            house = House(tmp_path / "state")
            try:
                await scenario(house)
            finally:
                await house.supervisor.stop(house.supervisor.names, 0)

        asyncio.run(whole())
        end_marked(str((tmp_path / "state").resolve()))

    return run


async def until(condition: Callable[[], object]) -> None:
    for _ in range(1500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come about")


def test_a_killed_child_is_started_again_at_once_and_said_to_be(in_house) -> None:
    async def scenario(house: House) -> None:
        child = await house.start(SLEEPER)
        first = child.pid
        os.kill(first, signal.SIGKILL)
        await until(lambda: child.pid not in (None, first))

        assert [(ended.name, ended.status, ended.again_seconds) for ended in house.ended] == [("child", -9, 0.0)]

    in_house(scenario)


def test_a_child_that_ends_right_away_is_started_less_and_less_often(in_house) -> None:
    async def scenario(house: House) -> None:
        child = await house.start("raise SystemExit(3)")
        await until(lambda: child.hopeless)

        assert [ended.again_seconds for ended in house.ended] == [0.0, 0.5, 1.0, 2.0]
        assert {ended.status for ended in house.ended} == {3}

    in_house(scenario)


def test_a_killed_childs_own_children_die_too_wherever_they_went(in_house, tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        file = tmp_path / "grandchild"
        child = await house.start(PARENT, str(file))
        await until(lambda: file.exists() and file.read_text())
        grandchild = psutil.Process(int(file.read_text()))
        os.kill(child.pid, signal.SIGKILL)

        await until(lambda: not is_running(grandchild))

    in_house(scenario)


def test_a_child_that_does_not_hear_sigterm_is_killed_after_its_grace(in_house) -> None:
    async def scenario(house: House) -> None:
        child = await house.start(STUBBORN)
        await until(lambda: "deaf" in child.log_file.read_text())
        process = psutil.Process(child.pid)
        await child.stop(0.2)

        assert not is_running(process)
        assert child.gone
        assert house.ended == []

    in_house(scenario)


def test_a_restart_is_no_failure(in_house) -> None:
    async def scenario(house: House) -> None:
        child = await house.start(SLEEPER)
        first = child.pid
        child.restart()
        await until(lambda: child.pid not in (None, first))

        assert house.ended == []

    in_house(scenario)


def test_a_child_with_a_heartbeat_file_is_alive_once_it_appears_also_after_a_restart(in_house, tmp_path: Path) -> None:
    file = tmp_path / "heartbeat"
    file.write_text("of a life before")

    async def scenario(house: House) -> None:
        child = await house.start(SLEEPER, heartbeat_file=file)
        assert not child.alive

        file.touch()
        assert child.alive

        first = child.pid
        os.kill(first, signal.SIGKILL)
        await until(lambda: child.pid not in (None, first))
        assert not child.alive

    in_house(scenario)


def test_the_state_folder_says_which_processes_run(in_house, tmp_path: Path) -> None:
    async def scenario(house: House) -> None:
        child = await house.start(SLEEPER)
        pids = (tmp_path / "state" / "processes.json").read_text()
        assert f'"child": {child.pid}' in pids

        await child.stop(0)
        assert '"child"' not in (tmp_path / "state" / "processes.json").read_text()

    in_house(scenario)
