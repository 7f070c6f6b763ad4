"""Edits while dev runs: manifests and task code are read again; a bad edit stops nothing."""

import shutil


def test_manifests_come_change_turn_bad_are_repaired_and_go(folder, start) -> None:
    tick = folder.write("tick", schedule="* * * * * *")
    dev = start()
    seen = dev.said("default/tick Succeeded")

    folder.write("late", schedule="* * * * * *")
    seen = dev.said("default/late Succeeded", after=seen)

    good = tick.read_text()
    tick.write_text(good.replace("task: tick", "task: tick\n  tsak: tick"))
    seen = dev.said(r"error: .*tick.yaml:\d+: spec.tsak", after=seen)
    seen = dev.said("default/tick Succeeded", after=seen)

    tick.write_text(good.replace("task: tick", "task: tock"))
    seen = dev.said("default/tick not ready: UnknownTask: .*tock.*did you mean tick", after=seen)
    seen = dev.said("default/tick Succeeded", after=seen)

    tick.write_text(good)
    seen = dev.said("default/tick Scheduled", after=seen)
    assert any(line.find("solved: ") > 0 for line in dev.spoken())

    (folder.root / "late.yaml").unlink()
    seen = dev.said("default/late removed", after=seen)
    dev.said("default/tick Succeeded", after=seen)


def test_edited_task_code_is_what_runs_next_on_both_engines(folder, start) -> None:
    folder.write("tick", schedule="* * * * * *")
    folder.write("grind", schedule="*/2 * * * * *", task="grind", spec="  arguments: {seconds: 0}\n")
    dev = start()
    seen = dev.said("default/grind Succeeded")

    code = folder.root / "steady_tasks.py"
    good = code.read_text()
    code.write_text(good + "\nthis is not Python\n")
    seen = dev.said("error: .*steady", after=seen)
    seen = dev.said("default/tick Succeeded", after=seen)

    code.write_text(good.replace('"""Say a word."""', 'raise OSError("new words")').replace("0.01", "1 / 0"))
    dev.said("default/tick Failed .*new words", after=seen)
    (folder.root / "grind.yaml").write_text(
        (folder.root / "grind.yaml").read_text().replace("seconds: 0", "seconds: 9")
    )
    dev.said("default/grind Failed .*ZeroDivisionError", after=seen)
    shutil.rmtree(folder.root / "__pycache__", ignore_errors=True)
