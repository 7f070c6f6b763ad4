"""The option of verbs that run tasks without a cluster."""

from pathlib import Path

import click

secrets_option = click.option(
    "--secrets",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="What stands for Secrets: a file DIR/NAME/KEY each. The variable SCHEDULEDTASK_SECRET_NAME__KEY wins over it.",
)
