"""What workers are told of Redis, and where that stands in a namespace and in its pods."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from scheduledtask_operator.manifests.naming import (
    REDIS_CA_KEY,
    REDIS_SECRET,
    REDIS_SECRET_KEY,
    WORKER_COMPONENT,
    component_labels,
)
from scheduledtask_workloads.contract.environment import REDIS_CA_FILE_VARIABLE
from scheduledtask_workloads.contract.redis_endpoint import RedisEndpoint

CA_VOLUME = "redis-ca"
CA_FOLDER = "/run/scheduledtask/redis"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WorkerRedis:
    """Redis as workers reach it. `authorities` is the PEM that vouches for it; empty: the system's CAs do.

    With `as_given`, the endpoint's own user is that of all workers, for a Redis that lets nobody make users; else each
    namespace has one of its own.
    """

    endpoint: RedisEndpoint
    authorities: str = ""
    as_given: bool = False


def redis_secret(namespace: str, url: str, authorities: str = "") -> Json:
    """`url` is that of the namespace's workers, with user and password in it."""
    texts = {REDIS_SECRET_KEY: url} | ({REDIS_CA_KEY: authorities} if authorities else {})
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": REDIS_SECRET, "namespace": namespace, "labels": component_labels(WORKER_COMPONENT)},
        "type": "Opaque",
        "data": {key: b64encode(text.encode()).decode() for key, text in texts.items()},
    }


def with_authorities(pod_template: Json) -> Json:
    """The pod template of workers with the CAs in it: a file, so that a Secret that changes reaches pods that run."""
    pod = pod_template["spec"]
    (worker,) = pod["containers"]
    mounted = {"name": CA_VOLUME, "mountPath": CA_FOLDER, "readOnly": True}
    worker = {
        **worker,
        "env": [*worker["env"], {"name": REDIS_CA_FILE_VARIABLE, "value": f"{CA_FOLDER}/{REDIS_CA_KEY}"}],
        "volumeMounts": [*worker["volumeMounts"], mounted],
    }
    secret = {"secretName": REDIS_SECRET, "items": [{"key": REDIS_CA_KEY, "path": REDIS_CA_KEY}]}
    volumes = [*pod["volumes"], {"name": CA_VOLUME, "secret": secret}]
    return {**pod_template, "spec": {**pod, "containers": [worker], "volumes": volumes}}
