"""A cluster's state in a few lines."""

import psutil
from tests.cluster import ladder
from tests.cluster.built import processes_of
from tests.cluster.errors import ClusterError
from tests.cluster.ladder import Rung
from tests.cluster.places import Places


def status(places: Places) -> str:
    """Which rung of the ladder, whether it answers, and for the built one each process with its memory."""
    rung = ladder.choose()
    lines = [f"cluster: {rung}", f"cache: {places.cache}"]
    if rung is Rung.BUILT:
        lines += _process_lines(places)
    try:
        lines.append(ladder.find(places).kubectl("get", "nodes").rstrip())
    except ClusterError as error:
        lines.append(f"not up: {error}")
    return "\n".join(lines)


def _process_lines(places: Places) -> list[str]:
    processes = processes_of(places)
    running = {name: processes.find(name) for name in processes.names()}
    memory = {name: _memory_bytes(process) for name, process in running.items()}
    lines = [f"  {name:<20} {'ended' if size is None else f'{size / 1e6:.0f} MB'}" for name, size in memory.items()]
    total = sum(size for size in memory.values() if size is not None)
    return [*lines, f"  {'together':<20} {total / 1e6:.0f} MB"] if lines else []


def _memory_bytes(process: psutil.Process | None) -> int | None:
    """Its share of the machine's memory (PSS); None when it has ended."""
    if process is None:
        return None
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return None
