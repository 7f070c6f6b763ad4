"""What the tests of the operator stand on: pods that run, resolve names, are limited, and keep files."""

import json
from typing import Any

from tests.cluster.cluster import Cluster

WAIT = "--timeout=90s"


def pod(name: str, image: str, script: str, **container: Any) -> dict[str, Any]:
    """A pod that runs a shell script once."""
    main = {"name": "main", "image": image, "imagePullPolicy": "Never", "command": ["sh", "-c", script], **container}
    spec = {"containers": [main], "restartPolicy": "Never", "terminationGracePeriodSeconds": 1}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


def create(cluster: Cluster, namespace: str, *objects: dict[str, Any]) -> None:
    items = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    cluster.kubectl("create", f"--namespace={namespace}", "--filename=-", stdin=json.dumps(items))


def await_phase(cluster: Cluster, namespace: str, name: str, phase: str) -> None:
    condition = f"--for=jsonpath={{.status.phase}}={phase}"
    cluster.kubectl("wait", f"pod/{name}", condition, f"--namespace={namespace}", WAIT)


def logs(cluster: Cluster, namespace: str, name: str) -> str:
    return cluster.kubectl("logs", name, f"--namespace={namespace}")


def test_a_pod_runs_as_nobody_on_a_read_only_root_and_its_logs_are_read(
    cluster: Cluster, namespace: str, tools: str
) -> None:
    confined = {"readOnlyRootFilesystem": True, "runAsNonRoot": True, "allowPrivilegeEscalation": False}
    script = "id -u; touch /written 2>&1 || true"

    create(cluster, namespace, pod("hello", tools, script, securityContext=confined))
    await_phase(cluster, namespace, "hello", "Succeeded")

    user, refusal = logs(cluster, namespace, "hello").splitlines()
    assert user == "65535"
    assert "Read-only file system" in refusal


def test_a_service_is_found_by_its_name(cluster: Cluster, namespace: str, tools: str) -> None:
    server = pod("web", tools, "echo served > /tmp/index.html; exec httpd -f -p 8080 -h /tmp")
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
    }
    create(cluster, namespace, server, service)
    cluster.kubectl("wait", "pod/web", "--for=condition=Ready", f"--namespace={namespace}", WAIT)

    ask = f"for i in $(seq 30); do wget -q -O- http://web.{namespace}.svc.cluster.local && exit; sleep 1; done; exit 1"
    create(cluster, namespace, pod("client", tools, ask))
    await_phase(cluster, namespace, "client", "Succeeded")

    assert logs(cluster, namespace, "client") == "served\n"


def test_a_memory_limit_kills(cluster: Cluster, namespace: str, tools: str) -> None:
    limits = {"limits": {"memory": "24Mi"}}
    create(cluster, namespace, pod("hungry", tools, "tail /dev/zero", resources=limits))
    await_phase(cluster, namespace, "hungry", "Failed")

    reason = "jsonpath={.status.containerStatuses[0].state.terminated.reason}"
    assert cluster.kubectl("get", "pod", "hungry", f"--namespace={namespace}", f"--output={reason}") == "OOMKilled"


def test_a_claim_is_bound_and_keeps_its_files_between_pods(cluster: Cluster, namespace: str, tools: str) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "kept"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
    }
    volumes = [{"name": "kept", "persistentVolumeClaim": {"claimName": "kept"}}]
    mounts = [{"name": "kept", "mountPath": "/kept"}]
    writer = pod("writer", tools, "echo still here > /kept/file", volumeMounts=mounts)
    reader = pod("reader", tools, "cat /kept/file", volumeMounts=mounts)
    for each in (writer, reader):
        each["spec"]["volumes"] = volumes

    create(cluster, namespace, claim, writer)
    await_phase(cluster, namespace, "writer", "Succeeded")
    create(cluster, namespace, reader)
    await_phase(cluster, namespace, "reader", "Succeeded")

    assert logs(cluster, namespace, "reader") == "still here\n"


def test_a_service_account_may_do_what_its_role_says_and_no_more(cluster: Cluster, namespace: str, tools: str) -> None:
    cluster.kubectl("create", "role", "reader", "--verb=get", "--resource=configmaps", f"--namespace={namespace}")
    binding = ["create", "rolebinding", "reader", "--role=reader", f"--serviceaccount={namespace}:default"]
    cluster.kubectl(*binding, f"--namespace={namespace}")
    cluster.kubectl("create", "configmap", "open", "--from-literal=a=b", f"--namespace={namespace}")
    paths = [f"api/v1/namespaces/{namespace}/{path}" for path in ("configmaps/open", "secrets")]
    script = "\n".join(
        [
            "token=$(cat /var/run/secrets/kubernetes.io/serviceaccount/token)",
            'ask() { wget -q -O /dev/null --no-check-certificate --header "Authorization: Bearer $token" "$1" 2>&1; }',
            *(f"ask https://kubernetes.default.svc/{path} && echo allowed || echo refused" for path in paths),
        ]
    )
    create(cluster, namespace, pod("asker", tools, script))
    await_phase(cluster, namespace, "asker", "Succeeded")

    answers = [line for line in logs(cluster, namespace, "asker").splitlines() if line in ("allowed", "refused")]
    assert answers == ["allowed", "refused"]
