"""Runs follow the ends of others by `spec.triggers`, on one machine too."""

import json


def test_a_chain_runs_once_a_link_and_is_awaited(folder, start) -> None:
    """A light one, a heavy one from zero workers, and one that writes down why it runs.

    The chain goes on when no slot starts any more.
    """
    notes = folder.root / "notes"
    folder.write("first", schedule="@every 4s")
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
    dev = start("--for", "4")

    assert dev.end() == 0, dev.spoken()
    links = ["first", "second", "third"]
    ended = {link: sum(f"default/{link} Succeeded" in line for line in dev.spoken()) for link in links}
    causes = [json.loads(line) for line in notes.read_text().splitlines()]
    assert set(ended.values()) == {len(causes)}, dev.spoken()
    assert len({cause["run_id"] for cause in causes}) == len(causes) > 0
    for cause in causes:
        assert (cause["scheduled_task"], cause["outcome"]) == ("second", "Succeeded")
        assert (cause["result"], cause["depth"]) == (0.2, 2)
        assert cause["artifacts_url"].endswith(f"/default/second/{cause['run_id']}")
    assert folder.processes_left() == []
