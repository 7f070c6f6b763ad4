"""kill -9 of each part in the middle of a counted window: started again, no slot lost, none doubled."""

import json
from datetime import UTC, datetime, timedelta


def test_each_part_killed_once_loses_and_doubles_nothing(folder, start) -> None:
    grind_at = datetime.now(UTC) + timedelta(seconds=18)
    folder.write("tick", schedule="* * * * * *")
    folder.write(
        "grind", schedule=f"@at {grind_at:%Y-%m-%dT%H:%M:%SZ}", task="grind", spec="  arguments: {seconds: 3}\n"
    )
    dev = start("--for", "24", "--output", "json")

    for name in ("scheduler", "runners", "server"):
        count = dev.said(r"default/tick Succeeded")
        dev.kill(name)
        back = dev.said(rf"{name} ended \(killed by SIGKILL\); starting it again at once", after=count)
        dev.said(r"default/tick Succeeded", after=back)
    dev.said("default/grind started")
    dev.until(lambda: len(attempts(folder, "grind")), "no body of grind began")
    dev.kill("worker-default-grind-1")

    code, summary = dev.end(), json.loads(dev.output[-1])
    tasks = {task["name"]: task for task in summary["tasks"]}
    assert code == 0, dev.spoken()
    assert [(task["due"] - task["ran"], task["doubled"], task["lost"]) for task in tasks.values()] == [(0, 0, 0)] * 2
    assert tasks["tick"]["due"] >= 15
    assert tasks["grind"]["outcomes"] == {"Succeeded": 1}
    assert tasks["grind"]["class"] == "Heavy"
    assert attempts(folder, "grind") == [1, 2]
    assert folder.processes_left() == []


def attempts(folder, name: str) -> list[int]:
    """Of its bodies that began, by the lines that they write themselves."""
    lines = [json.loads(line) for line in (folder.state / "bodies.ndjson").read_text().splitlines()]
    return [line["attempt"] for line in lines if line["name"] == name and line["event"] == "begin"]
