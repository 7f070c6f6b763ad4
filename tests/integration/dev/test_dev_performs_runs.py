"""A ScheduledTaskRun among the manifests is a run that `dev` performs."""

import json
from pathlib import Path

RUN = """
apiVersion: scheduledtask.dev/v1alpha1
kind: ScheduledTaskRun
metadata: {{{name}}}
spec:
  scheduledTask: {task}
  arguments: {arguments}
"""


def ask(folder: Path, file: str, name: str, task: str = "noting", arguments: str = "{}") -> None:
    (folder / file).write_text(RUN.format(name=name, task=task, arguments=arguments))


def on_demand(folder: Path, notes: Path) -> None:
    (folder / "noting.yaml").write_text(f"""
apiVersion: scheduledtask.dev/v1alpha1
kind: ScheduledTask
metadata: {{name: noting}}
spec:
  task: note
  arguments: {{file: {notes}}}
""")


def test_each_start_of_dev_performs_it_once_and_tells_of_one_whose_task_is_not_here(folder, start) -> None:
    notes = folder.root / "notes"
    on_demand(folder.root, notes)
    ask(folder.root, "named.yaml", "name: once")
    ask(folder.root, "generated.yaml", "generateName: some-")
    ask(folder.root, "generated-too.yaml", "generateName: some-")
    ask(folder.root, "other.yaml", "name: other", task="elsewhere")

    for starts in (1, 2):
        dev = start("--for", "1", "--output", "json")

        assert dev.end() == 0, dev.spoken()
        (task,) = json.loads(dev.output[-1])["tasks"]
        assert (task["due"], task["lost"], task["on_demand"]) == (0, 0, {"Succeeded": 3})
        assert len(notes.read_text().splitlines()) == 3 * starts
        assert "other.yaml:2: the ScheduledTaskRun asks for a run of default/elsewhere" in "\n".join(dev.spoken())


def test_one_that_comes_while_dev_runs_is_performed_and_an_edit_of_others_performs_none_again(folder, start) -> None:
    notes = folder.root / "notes"
    on_demand(folder.root, notes)
    dev = start()
    after = dev.said("running; Ctrl-C")

    ask(folder.root, "late.yaml", "name: late")
    after = dev.said("default/noting Succeeded", after=after)
    ask(folder.root, "later.yaml", "name: later")
    dev.said("default/noting Succeeded", after=after)

    assert len(notes.read_text().splitlines()) == 2


def test_its_arguments_are_checked_before_anything_starts(folder, start) -> None:
    on_demand(folder.root, folder.root / "notes")
    ask(folder.root, "wrong.yaml", "name: wrong", arguments="{fill: x}")
    dev = start()

    assert dev.end() == 2
    assert "wrong.yaml:2: spec.arguments.fill" in "\n".join(dev.spoken())
