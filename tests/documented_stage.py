"""What the pages speak of, on an API server: an installed operator, a team's task with its workers, a run.

No node is there and no controller: pods are made of their Deployments' templates, statuses as the operator writes them.
"""

import json
from typing import Any

from tests.cluster.cluster import Api
from tests.cluster.helm import NAMESPACE, Helm, is_hook
from tests.documented_shell import Shell
from tests.plugin_program import Plugin
from tests.status_values import NOW, UNSURE, heavy, run, runs

from scheduledtask_operator.decisions.sizing import Owner, PoolShape, RunNeed, size_worker
from scheduledtask_operator.manifests.workers import worker_deployment, worker_service_account
from scheduledtask_workloads.contract import RunState

TEAM, TASK, RUN, LEADER = "team", "report", "asked-for", "scheduledtask-operator-0"
PLACEHOLDERS = {
    "TEAM": TEAM,
    "NAMESPACE": TEAM,
    "TASK": TASK,
    "POOL": TASK,
    "POD": f"{TASK}-worker",
    "POD-THAT-LEADS": LEADER,
    "NAME": RUN,
}
MAKING = "kubectl create namespace scheduledtask-system"
SHAPE = PoolShape("ours:1", None, size_worker([RunNeed(8 * 1024**3, 10 * 1024**3, 1000, 1)]), 7260, (Owner("a", "1"),))
Json = dict[str, Any]


def fill(api: Api, helm: Helm, shell: Shell) -> None:
    """Everything but what the commands themselves make."""
    shell(MAKING)
    for namespace in (TEAM, "shop"):
        api.kubectl("create", "namespace", namespace)
    for namespace in (TEAM, "default", NAMESPACE):
        api.kubectl("create", "serviceaccount", "default", f"--namespace={namespace}")
    _fill_system(api, helm)
    _fill_team(api)
    shell("kubectl apply -f hello.yaml")
    _ask_for_a_run(Plugin(api, "default"))


def _fill_system(api: Api, helm: Helm) -> None:
    """By the chart, so that names, labels and containers are those that it gives."""
    rendered = [each for each in helm.render() if not is_hook(each) and each["kind"] != "CustomResourceDefinition"]
    api.apply(rendered, "--server-side", f"--namespace={NAMESPACE}")
    names = {"Deployment": LEADER, "StatefulSet": "scheduledtask-redis-0"}
    api.apply([_pod(each, names[each["kind"]], NAMESPACE) for each in rendered if each["kind"] in names])
    lease = {"holderIdentity": LEADER, "leaseDurationSeconds": 10}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    api.apply(
        [
            _object("coordination.k8s.io/v1", "Lease", "scheduledtask-operator", NAMESPACE, spec=lease),
            _object("v1", "PersistentVolumeClaim", "data-scheduledtask-redis-0", NAMESPACE, spec=claim),
        ]
    )


def _fill_team(api: Api) -> None:
    """A heavy task that failed, runs again, and waits for its catalog."""
    status = heavy(condition=UNSURE, runs=runs([run(0, RunState.FAILED)], [run(3, RunState.STARTED)]))
    Plugin(api, TEAM).put(TASK, status, schedule="0 2 * * *")
    workers = worker_deployment(TEAM, TASK, SHAPE)
    about = {"apiVersion": "scheduledtask.dev/v1alpha1", "kind": "ScheduledTask", "namespace": TEAM, "name": TASK}
    event = {"involvedObject": about, "reason": "RunFailed", "message": "it raised", "type": "Warning"}
    api.apply([worker_service_account(TEAM), workers], "--server-side")
    api.apply(
        [
            _pod(workers, f"{TASK}-worker", TEAM),
            _object("v1", "Event", "report-failed", TEAM, **event),
            _object("v1", "ResourceQuota", "memory", TEAM, spec={"hard": {"requests.memory": "64Gi"}}),
        ]
    )


def _ask_for_a_run(default: Plugin) -> None:
    spec = {"scheduledTask": "disk-and-memory"}
    default.api.apply([_object("scheduledtask.dev/v1alpha1", "ScheduledTaskRun", RUN, "default", spec=spec)])
    end_run(default, RUN)


def end_run(plugin: Plugin, name: str) -> None:
    """As the operator does."""
    complete = {
        "type": "Complete",
        "status": "True",
        "reason": "Completed",
        "message": "",
        "lastTransitionTime": f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
    }
    outcome = {"state": "Ended", "outcome": "Succeeded", "reason": "Completed", "result": {"rows": 3}}
    plugin.set_status("strun", name, {**outcome, "conditions": [complete]})


def roll_out(api: Api, name: str) -> None:
    """Its status, as the Deployment's controller writes it once every pod is new and ready."""
    found = json.loads(api.kubectl("get", f"deployment/{name}", f"--namespace={NAMESPACE}", "--output=json"))
    pods = dict.fromkeys(
        ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), found["spec"]["replicas"]
    )
    status = {"status": {"observedGeneration": found["metadata"]["generation"], **pods}}
    where = (f"deployment/{name}", f"--namespace={NAMESPACE}", "--subresource=status", "--type=merge")
    api.kubectl("patch", *where, f"--patch={json.dumps(status)}")


def _pod(owner: Json, name: str, namespace: str) -> Json:
    template = owner["spec"]["template"]
    claimed = [
        {"name": each["metadata"]["name"], "persistentVolumeClaim": {"claimName": f"{each['metadata']['name']}-{name}"}}
        for each in owner["spec"].get("volumeClaimTemplates", ())
    ]
    volumes = [*template["spec"].get("volumes", ()), *claimed]
    pod = _object("v1", "Pod", name, namespace, spec={**template["spec"], "volumes": volumes})
    pod["metadata"]["labels"] = template["metadata"]["labels"]
    return pod


def _object(version: str, kind: str, name: str, namespace: str, **fields: Any) -> Json:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **fields}
