"""The `scheduledtask` program: one file a verb, loaded when it is asked for."""

import importlib
import sys
from typing import ClassVar

import click

from scheduledtask_operator.cli.problems import run_or_explain


class Verbs(click.Group):
    """A verb's module is imported when the verb is called, so that a pod needs only its own part's libraries."""

    modules: ClassVar[dict[str, tuple[str, str]]] = {
        "dev": ("dev", "Run the ScheduledTasks of a directory on this machine."),
        "validate": ("validate", "Check manifests against the resource and the catalog."),
        "explain": ("explain", "Say which class a task gets, and by which criteria."),
        "inventory": ("inventory", "Write down every task: class and why, frequency, place, what its runs took."),
        "next": ("next_slots", "List the coming slots of a schedule."),
        "tasks": ("tasks", "List the tasks of the catalog, or show one."),
        "run": ("run", "Run one task here and now, in a child process."),
        "crds": ("crds", "Print the custom resource definitions."),
        "operator": ("operator", "Start the operator program on Kubernetes."),
        "scheduler": ("scheduler", "Start the scheduler program (a pod's sidecar)."),
        "runners": ("runners", "Start the runners of light tasks."),
        "worker": ("worker", "Start a Celery worker of a pool of heavy tasks."),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.modules:
            return None
        module = importlib.import_module(f"scheduledtask_operator.cli.{self.modules[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, summary) for verb, (_, summary) in self.modules.items()])


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="scheduledtask", prog_name="scheduledtask")
def scheduledtask() -> None:
    """One resource for every periodic job: light tasks in a sidecar, heavy ones on workers that scale from zero."""


def main() -> None:
    """The console script."""
    sys.exit(run_or_explain(scheduledtask))
