"""`scheduledtask worker` asked for wrongly."""

import pytest

from scheduledtask_operator.cli.problems import CommandProblem
from scheduledtask_operator.cli.worker import command

ARGUMENTS = ["--namespace=ml", "--pool=big", "--redis-url=redis://127.0.0.1:1"]


@pytest.mark.parametrize("option", ["concurrency", "lease-seconds", "visibility-timeout-seconds"])
def test_a_setting_that_cannot_work_is_refused_with_its_bound(option: str) -> None:
    with pytest.raises(CommandProblem, match=rf"{option.replace('-', '_')}: 0 is too small; give at least 1"):
        command.main([*ARGUMENTS, f"--{option}=0"], standalone_mode=False)
