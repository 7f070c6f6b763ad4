"""`scheduledtask` as a person calls it, but in this process: a second spent on imports is no part of what is asked."""

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from scheduledtask_operator.cli import main


def scheduledtask(
    *arguments: str | Path, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Exit code and output of the console script; not for verbs that run a body, whose host this process would be."""
    words = ["scheduledtask", *map(str, arguments)]
    output, errors = io.StringIO(), io.StringIO()
    with (
        patch.object(sys, "argv", words),
        patch.dict(os.environ, os.environ if environment is None else environment, clear=True),
        chdir(folder or Path()),
        redirect_stdout(output),
        redirect_stderr(errors),
    ):
        try:
            main()
        except SystemExit as ended:
            code = ended.code
    assert isinstance(code, int)
    return subprocess.CompletedProcess(words, code, output.getvalue(), errors.getvalue())
