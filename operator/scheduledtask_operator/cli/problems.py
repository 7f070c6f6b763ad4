"""What a person sees when a verb cannot do its work: one line for each problem, never a traceback.

Exit codes: 0 it was done, 1 it was done and failed (a run, a check), 2 it was asked for wrongly, 130 Ctrl-C.
"""

import importlib.util
import os
from collections.abc import Iterable

import click

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


class CommandProblem(click.ClickException):
    """Bad input; each line names the field, the value and the fix."""

    exit_code = EXIT_USAGE

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


def run_or_explain(command: click.Command) -> int:
    """The exit code of `command`, its problems printed as `error: ...` on standard error."""
    try:
        return command.main(standalone_mode=False) or 0
    except click.ClickException as problem:
        _explain(problem)
        return problem.exit_code
    except click.exceptions.Exit as exit_request:
        return exit_request.exit_code
    except (click.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except OSError as error:  # a full disk below standard output, no memory for a child, no descriptors left
        _print_error(": ".join(str(part) for part in (error.filename, error.strerror or error) if part))
        return EXIT_FAILED
    except ModuleNotFoundError as error:
        if error.name is None or importlib.util.find_spec(error.name.partition(".")[0]) is not None:
            raise
        _print_error(f"this part needs the library {error.name}; install scheduledtask[dev], or the part's own extra")
        return EXIT_USAGE


def _explain(problem: click.ClickException) -> None:
    if isinstance(problem, click.exceptions.NoArgsIsHelpError):
        click.echo(problem.format_message(), err=True)
        return
    for line in problem.problems if isinstance(problem, CommandProblem) else [problem.format_message()]:
        _print_error(line)


def _print_error(line: str) -> None:
    color = False if os.environ.get("NO_COLOR") else None
    click.echo(f"{click.style('error:', fg='red', bold=True)} {line}", err=True, color=color)
