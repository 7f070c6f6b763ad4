"""How the operator starts a pool's workers, whose image may be of the version before."""

from scheduledtask_operator.decisions.sizing import PoolShape, RunNeed, size_worker
from scheduledtask_operator.manifests.catalog import catalog_pod
from scheduledtask_operator.manifests.workers import worker_deployment

MIB = 2**20


def now() -> dict[str, list[str]]:
    """The worker's command, the names of its variables, and the command that prints a catalog."""
    shape = PoolShape("ours:1", None, size_worker([RunNeed(100 * MIB, 125 * MIB, 250, 1)]), 60.0, ())
    deployment = worker_deployment("team-a", "reports", shape, redis_authorities=True)
    (worker,) = deployment["spec"]["template"]["spec"]["containers"]
    (catalog,) = catalog_pod("team-a", "ours:1")["spec"]["containers"]
    return {
        "command": worker["command"],
        "variables": sorted(each["name"] for each in worker["env"]),
        "catalog_command": catalog["command"],
    }
