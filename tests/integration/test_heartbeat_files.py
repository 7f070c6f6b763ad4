"""The age of each program's heartbeat file says whether it hangs, and nothing else does."""

import os
import signal
import time
from pathlib import Path

import psutil
from tests.integration.scheduler.rig import Rig
from tests.integration.worker.heavy_engine import HeavyEngine, await_lines
from tests.redis_server import RealServer
from tests.runners_driver import RunnersProgram, await_true, light_order

from scheduledtask_workloads.contract import RunState

STILL_SECONDS = 2.5  # without a touch: it is due each second


class Heartbeat:
    def __init__(self, file: Path) -> None:
        self.file = file

    def _touched_at(self) -> float:
        return self.file.stat().st_mtime if self.file.exists() else 0.0

    def await_beats(self, count: int = 2) -> None:
        for _ in range(count):
            before = self._touched_at()
            await_true(lambda before=before: self._touched_at() > before, "another touch")

    def age(self) -> float:
        return time.time() - self._touched_at()

    def await_silence(self) -> None:
        await_true(lambda: self.age() > STILL_SECONDS, "no touch any more")


def test_the_schedulers_goes_on_without_redis_and_control_plane_and_not_while_it_hangs(
    tmp_path: Path, redis_server: RealServer
) -> None:
    heartbeat = Heartbeat(tmp_path / "heartbeat")
    with Rig(tmp_path, redis_server.url) as rig:
        rig.start_scheduler("--heartbeat-file", str(heartbeat.file)).close()
        heartbeat.await_beats()
        redis_server.kill()
        heartbeat.await_beats(3)
        assert rig.scheduler is not None
        os.kill(rig.scheduler.pid, signal.SIGSTOP)
        heartbeat.await_silence()


def test_the_runners_stops_while_the_nursery_hangs(tmp_path: Path) -> None:
    heartbeat = Heartbeat(tmp_path / "heartbeat")
    with RunnersProgram(tmp_path, "--processes", "1", "--heartbeat-file", str(heartbeat.file)) as program:
        scheduler = program.connect()
        scheduler.run(light_order("nothing"))
        heartbeat.await_beats()
        nursery = program.nursery_pid
        os.kill(nursery, signal.SIGSTOP)
        ref = scheduler.start(light_order("nothing", namespace="other"))  # wants a child of its own
        heartbeat.await_silence()
        os.kill(nursery, signal.SIGCONT)
        assert scheduler.ended(ref).state is RunState.SUCCEEDED
        heartbeat.await_beats()


def test_the_runners_stops_while_there_is_no_nursery(tmp_path: Path) -> None:
    """It dies as often as it comes, as one would whose task code can't be loaded any more."""
    heartbeat = Heartbeat(tmp_path / "heartbeat")
    with RunnersProgram(tmp_path, "--processes", "1", "--heartbeat-file", str(heartbeat.file)) as program:
        heartbeat.await_beats()

        def silent() -> bool:
            for nursery in psutil.Process(program.pid).children():
                nursery.kill()
            return heartbeat.age() > STILL_SECONDS

        await_true(silent, "no touch any more")
        heartbeat.await_beats()


def test_the_workers_goes_on_while_redis_hangs_and_while_it_waits_for_a_body_to_end(
    redis_server: RealServer, tmp_path: Path
) -> None:
    heartbeat, journal = Heartbeat(tmp_path / "heartbeat"), tmp_path / "journal"
    engine = HeavyEngine(redis_server, tmp_path)
    engine.stamp()
    try:
        worker = engine.start_worker(heartbeat_file=heartbeat.file, concurrency=4)
        worker.await_ready()
        for name in ("a", "b", "c"):
            engine.submit(name, "heavy-journals", arguments={"path": str(journal), "seconds": 1.5})
        engine.submit("last", "heavy-journals", arguments={"path": str(journal), "seconds": 600.0})
        await_lines(journal, 4)
        os.kill(redis_server.pid, signal.SIGSTOP)
        await_lines(journal, 3, "end")
        worker.await_log("cannot report yet")
        heartbeat.await_beats(2)
        os.kill(redis_server.pid, signal.SIGCONT)
        worker.terminate()
        heartbeat.await_beats(3)
        assert worker.process.poll() is None
    finally:
        engine.stop()


def test_the_workers_stops_when_it_hangs(redis_server: RealServer, tmp_path: Path) -> None:
    heartbeat = Heartbeat(tmp_path / "heartbeat")
    engine = HeavyEngine(redis_server, tmp_path)
    try:
        worker = engine.start_worker(heartbeat_file=heartbeat.file)
        worker.await_ready()
        heartbeat.await_beats()
        worker.process.send_signal(signal.SIGSTOP)
        heartbeat.await_silence()
    finally:
        engine.stop()
