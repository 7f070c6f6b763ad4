"""Runs follow the ends of others by `spec.triggers`, on one machine too."""

import json
from datetime import UTC, datetime, timedelta


def test_a_chain_runs_once_a_link_and_is_awaited(folder, start) -> None:
    """A light one, a heavy one from zero workers, and one that writes down why it runs."""
    slot = datetime.now(UTC) + timedelta(seconds=5)
    notes = folder.root / "notes"
    folder.write("first", schedule=f"@at {slot:%Y-%m-%dT%H:%M:%SZ}")
    (folder.root / "chain.yaml").write_text(f"""
apiVersion: scheduledtask.dev/v1alpha1
kind: ScheduledTask
metadata: {{name: second}}
spec:
  task: grind
  arguments: {{seconds: 0.2}}
  worker: {{idleSeconds: 1}}
  triggers: [{{scheduledTask: first, outcomes: [Succeeded]}}]
---
apiVersion: scheduledtask.dev/v1alpha1
kind: ScheduledTask
metadata: {{name: third}}
spec:
  task: note
  arguments: {{file: {notes}}}
  triggers: [{{scheduledTask: second, outcomes: [Succeeded]}}, {{scheduledTask: first, outcomes: [Failed]}}]
""")
    dev = start("--for", "8")

    first = dev.said("default/first Succeeded")
    second = dev.said("default/second Succeeded", after=first)
    dev.said("default/third Succeeded", after=second)

    assert dev.end() == 0
    (cause,) = map(json.loads, notes.read_text().splitlines())
    assert (cause["scheduled_task"], cause["outcome"], cause["result"], cause["depth"]) == (
        "second",
        "Succeeded",
        0.2,
        2,
    )
    assert cause["artifacts_url"].endswith(f"/default/second/{cause['run_id']}")
    assert folder.processes_left() == []
