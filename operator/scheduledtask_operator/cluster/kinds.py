"""The kinds of object that the operator watches."""

from dataclasses import dataclass

from scheduledtask_operator.api import API_VERSION
from scheduledtask_operator.cluster.client import object_path
from scheduledtask_operator.manifests.naming import WORKER_SELECTOR


@dataclass(frozen=True, slots=True)
class Kind:
    """`selector` is a label selector: the API server sends nothing else."""

    api_version: str
    plural: str
    selector: str = ""
    namespaced: bool = True

    @property
    def group(self) -> str:
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        return self.api_version.rpartition("/")[2]

    @property
    def full_name(self) -> str:
        """As kubectl has it: `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        return object_path(self.api_version, self.plural, namespace=namespace, name=name, subresource=subresource)


SCHEDULED_TASKS = Kind(API_VERSION, "scheduledtasks")
SCHEDULED_TASK_RUNS = Kind(API_VERSION, "scheduledtaskruns")
NAMESPACES = Kind("v1", "namespaces", namespaced=False)
WORKER_DEPLOYMENTS = Kind("apps/v1", "deployments", WORKER_SELECTOR)
WORKER_PODS = Kind("v1", "pods", WORKER_SELECTOR)
