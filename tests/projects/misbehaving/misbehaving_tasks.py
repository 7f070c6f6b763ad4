"""Each body as a light and as a heavy task: `light-raises`, `heavy-raises` and so on."""

import misbehaving_bodies as bodies

from scheduledtask_workloads.catalog import task

BODIES = (
    bodies.nothing,
    bodies.raises,
    bodies.hangs,
    bodies.hangs_deaf,
    bodies.hangs_busy,
    bodies.eats_memory,
    bodies.eats_memory_at_once,
    bodies.eats_memory_in_a_child,
    bodies.exits,
    bodies.exits_at_once,
    bodies.dies_of_signal,
    bodies.segfaults,
    bodies.leaves_a_child,
    bodies.leaves_a_daemon,
    bodies.leaves_a_daemon_and_hangs,
    bodies.forks_and_returns_twice,
    bodies.leaves_a_thread,
    bodies.prints,
    bodies.prints_below_python,
    bodies.returns_no_json,
    bodies.reports_environment,
    bodies.reports_process,
    bodies.sleeps,
    bodies.sleeps_async,
    bodies.journals,
    bodies.fails_at_first,
    bodies.dies_at_first,
)

for body in BODIES:
    name = body.__name__.replace("_", "-")
    task(name=f"light-{name}", light=True)(body)
    task(name=f"heavy-{name}")(body)
