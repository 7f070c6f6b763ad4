"""`scheduledtask manifests`: what puts the operator on a cluster."""

import click

from scheduledtask_operator.manifests.installation import Installation, installation_text

DEFAULTS = Installation()


@click.command("manifests", help="Print the manifests that put the operator on a cluster; the CRDs are `crds`'s.")
@click.option("--namespace", default=DEFAULTS.namespace, show_default=True, help="Where it runs.")
@click.option(
    "--registry", default=DEFAULTS.registry, show_default=True, help="The images are REGISTRY/scheduledtask-PART:TAG."
)
@click.option("--tag", default=DEFAULTS.tag, show_default=True, help="Of the images.")
@click.option("--worker-image", default="", help="Of heavy tasks that name none.  [default: ours, worker-ml]")
@click.option("--artifacts-url", default="", help="Where runs leave their files when their task says nothing else.")
@click.option("--redis-image", default=DEFAULTS.redis_image, show_default=True, help="Valkey, or Redis 6.2 or newer.")
@click.option("--redis-storage", default=DEFAULTS.redis_storage, show_default=True, help="The size of its claim.")
@click.option(
    "--image-pull-policy",
    type=click.Choice(["IfNotPresent", "Always", "Never"]),
    default=DEFAULTS.image_pull_policy,
    show_default=True,
    help="Of every pod, the workers' too.",
)
def command(**options: str) -> None:
    click.echo(installation_text(Installation(**options)), nl=False)
