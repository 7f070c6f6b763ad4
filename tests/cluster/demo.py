"""`make demo-cluster`: a cluster, the operator on it, the examples applied, and how to look further."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.cluster import ladder
from tests.cluster.cluster import Cluster
from tests.cluster.installing import install_on
from tests.cluster.node_images import SOURCE
from tests.cluster.places import Places
from tests.cluster.progress import Progress

from scheduledtask_operator.manifests.installation_names import NAME

EXAMPLES = Path("examples")
UNWATCHED_SECONDS = 60.0  # where nobody can end the watch
READY = ("--for=condition=Ready", "scheduledtask", "--all", "--timeout=120s")

_AFTERWARDS = """
The cluster goes on running. To look further:

  export KUBECONFIG={kubeconfig}
  alias kubectl={kubectl}
  kubectl get stask                              # class, next run, last success
  kubectl describe stask model-training          # its story
  kubectl get stask model-training -o yaml       # why it is heavy, and why its workers are as large as they are
  kubectl get deployments,pods --watch           # workers that come and go
  kubectl explain stask.spec
  kubectl logs --namespace={namespace} deploy/{deployment} --container=scheduler

To take the examples away: kubectl delete -f examples/
To remove the cluster:     make cluster-down
"""


def demo(places: Places, progress: Progress) -> None:
    """Returns when the watch has ended. Raises what `ladder.up` and `install` raise."""
    cluster = ladder.up(places, progress)
    namespace = install_on(cluster, places, progress)
    progress.say("kubectl apply -f examples/")
    cluster.kubectl("apply", f"--filename={SOURCE / EXAMPLES}")
    cluster.kubectl("wait", *READY, timeout_seconds=150)
    _watch(cluster, progress)
    print(_afterwards(cluster, namespace))


def _watch(cluster: Cluster, progress: Progress) -> None:
    seconds = None if sys.stdout.isatty() else UNWATCHED_SECONDS
    progress.say("kubectl get stask --watch" + (f", for {seconds:g} s" if seconds else ", until Ctrl-C"))
    with suppress(KeyboardInterrupt, subprocess.TimeoutExpired):
        subprocess.run(cluster.api.command("get", "stask", "--watch"), check=False, timeout=seconds)


def _afterwards(cluster: Cluster, namespace: str) -> str:
    return _AFTERWARDS.format(
        kubeconfig=cluster.kubeconfig,
        kubectl=cluster.api.program,
        namespace=namespace,
        deployment=NAME,
    )
