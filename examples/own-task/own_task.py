"""A task of one's own: a function with a name, typed arguments and an honest profile."""

import shutil

from scheduledtask_workloads.catalog import Profile, RunContext, task


@task("free-space", light=True, profile=Profile(duration="1s", memory="50M"))
def free_space(context: RunContext, path: str = "/", at_least_percent: float = 5.0) -> dict[str, float]:
    """Fail when a disk is nearly full."""
    usage = shutil.disk_usage(path)
    free_percent = round(100 * usage.free / usage.total, 1)
    context.logger.info("%s has %s %% free", path, free_percent)
    if free_percent < at_least_percent:
        raise RuntimeError(f"{path} has {free_percent} % free, less than {at_least_percent} %")
    return {"free_percent": free_percent}
