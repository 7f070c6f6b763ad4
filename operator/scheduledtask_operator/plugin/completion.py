"""`kubectl scheduledtask completion`: for `kubectl-scheduledtask`, and for kubectl, which asks a program of its own."""

import click

from scheduledtask_operator.cli.problems import CommandProblem

PROGRAM = "kubectl-scheduledtask"
_VARIABLE = "_KUBECTL_SCHEDULEDTASK_COMPLETE"
_FOR_KUBECTL = """\
# kubectl asks a program of this name on PATH for the words that may follow `kubectl scheduledtask`:
#   cd ~/.local/bin
#   printf '#!/bin/sh\\nexec kubectl-scheduledtask completion __complete "$@"\\n' > kubectl_complete-scheduledtask
#   chmod +x kubectl_complete-scheduledtask
"""


@click.command("completion", context_settings={"ignore_unknown_options": True})
@click.argument("shell", metavar="bash|zsh|fish")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="")
def command(shell: str, words: tuple[str, ...]) -> None:
    """Print the completion script of a shell, as in: source <(kubectl scheduledtask completion bash)."""
    from click.shell_completion import get_completion_class

    if shell == "__complete":
        _answer_kubectl(words)
        return
    made = get_completion_class(shell) if shell in ("bash", "zsh", "fish") else None
    if made is None:
        raise CommandProblem(f"{shell!r} is none of bash, zsh, fish")
    click.echo(_FOR_KUBECTL + made(_root(), {}, PROGRAM, _VARIABLE).source())


def _root() -> click.Command:
    from scheduledtask_operator.plugin import scheduledtask

    return scheduledtask


def _answer_kubectl(words: tuple[str, ...]) -> None:
    """A word a line, then `:4`, which is kubectl's (cobra's) word for: no file names."""
    from click.shell_completion import ShellComplete

    *before, last = words or ("",)
    found = ShellComplete(_root(), {}, PROGRAM, _VARIABLE).get_completions(list(before), last)
    click.echo("".join(f"{each.value}\t{each.help or ''}".rstrip() + "\n" for each in found) + ":4")
