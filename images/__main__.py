"""python -m images [TARGET...]: build the images, print their sizes, write what is in them to build/sbom/."""

import time
from importlib.metadata import version
from pathlib import Path

import click

from images.engines import Engine, ImageError, execute, find_engine

TARGETS = ("operator", "scheduler", "runners", "worker", "worker-ml")
SOURCE = Path(__file__).parents[1]
SBOM_IN_IMAGE = "/opt/scheduledtask/sbom.cdx.json"
COLUMNS = "{:<42}{:>10}{:>10}  {}"


@click.command(help=__doc__)
@click.argument("targets", nargs=-1, type=click.Choice(TARGETS))
@click.option("--base", help="What is built upon, in the place of the Dockerfile's default.")
@click.option("--tag", default="dev", show_default=True, help="The images are localhost/scheduledtask-TARGET:TAG.")
@click.option("--sbom", type=click.Path(path_type=Path), default=Path("build/sbom"), show_default=True, help="Folder.")
def main(targets: tuple[str, ...], base: str | None, tag: str, sbom: Path) -> None:
    try:
        engine = find_engine()
        click.echo(COLUMNS.format("IMAGE", "SIZE", "BUILT IN", f"CONTENTS ({engine.name})"))
        for target in targets or TARGETS:
            click.echo(build(engine, target, base, tag, sbom))
    except ImageError as error:
        raise click.ClickException(str(error)) from error


def build(engine: Engine, target: str, base: str | None, tag: str, sbom: Path) -> str:
    """Build one target and write its SBOM; its line of the table."""
    began = time.monotonic()
    image = f"localhost/scheduledtask-{target}:{tag}"
    engine.build(image, SOURCE, f"--target={target}", *options(base))
    seconds = time.monotonic() - began
    sbom.mkdir(parents=True, exist_ok=True)
    contents = sbom / f"{target}.cdx.json"
    contents.write_text(engine.read(image, SBOM_IN_IMAGE))
    return COLUMNS.format(image, engine.size(image), f"{seconds:.0f} s", contents)


def options(base: str | None) -> list[str]:
    labels = {"version": version("scheduledtask"), "revision": revision()}
    given = [f"--label=org.opencontainers.image.{name}={value}" for name, value in labels.items()]
    return [f"--build-arg=BASE={base}", *given] if base else given


def revision() -> str:
    """The commit that is built; an archive of the source without its history has none."""
    try:
        return execute("git", "describe", "--always", "--dirty", "--abbrev=40", "--match=").strip()
    except ImageError:
        return "unknown"


main()
