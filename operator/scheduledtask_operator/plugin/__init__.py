"""The `kubectl scheduledtask` program: one file a verb, loaded when it is asked for."""

import importlib
import os
import sys
from typing import ClassVar

import click

from scheduledtask_operator.cli.problems import run_or_explain


class Verbs(click.Group):
    """A verb's module is imported when the verb is called: `list` is there in a moment."""

    modules: ClassVar[dict[str, tuple[str, str]]] = {
        "list": ("listing", "List ScheduledTasks, those in trouble first."),
        "explain": ("explain", "Say why a task runs where it does, when next, and why not now."),
        "run": ("run", "Run a task now; with --wait, until it has ended."),
        "cancel": ("cancel", "Cancel a run."),
        "suspend": ("suspend", "Let no slot start."),
        "resume": ("suspend", "Let slots start again."),
        "history": ("history", "List the runs of a task: those at work, and those that ended last."),
        "logs": ("logs", "Show what a run printed, also after its pod is gone."),
        "forecast": ("forecast", "Draw the coming day: slots, workers, memory."),
        "inventory": ("inventory", "Write down every task with its class and why, how often, and what it took."),
        "doctor": ("doctor", "Check the installation, and say what to fix."),
        "completion": ("completion", "Print the completion script of a shell."),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.modules:
            return None
        module = importlib.import_module(f"scheduledtask_operator.plugin.{self.modules[cmd_name][0]}")
        name = "resume_command" if cmd_name == "resume" else "command"
        command: click.Command = getattr(module, name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, summary) for verb, (_, summary) in self.modules.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A verb that is none is answered with the nearest one."""
        from scheduledtask_operator.cli.suggestions import did_you_mean

        if args and not args[0].startswith("-") and args[0] not in self.modules and not ctx.resilient_parsing:
            raise click.UsageError(
                f"{args[0]!r} is no verb of kubectl scheduledtask; {did_you_mean(args[0], self.modules)}"
            )
        return super().resolve_command(ctx, args)


@click.command(
    cls=Verbs,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "color": False if os.environ.get("NO_COLOR") else None,
    },
)
@click.version_option(package_name="scheduledtask", prog_name="kubectl scheduledtask")
def scheduledtask() -> None:
    """See and drive the ScheduledTasks of a cluster."""


def main() -> None:
    """The console script."""
    sys.exit(run_or_explain(scheduledtask))
