"""What the objects that the operator makes are called, and how they are found again.

A pool's name has 52 characters at most (`api`), so no name or label made of it grows beyond 63.
"""

from hashlib import sha256

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
COMPONENT_LABEL = "app.kubernetes.io/component"
POOL_LABEL = "scheduledtask.dev/pool"
BUSY_LABEL = "scheduledtask.dev/busy"  # on worker pods, kept by the operator: "true" while runs are under way
MANAGER = "scheduledtask"  # also the field manager of what is applied
WORKER_COMPONENT = "worker"
CATALOG_COMPONENT = "catalog"
WORKER_CONTAINER = "worker"
WORKER_SERVICE_ACCOUNT = "stask-worker"
REDIS_SECRET = "stask-redis"  # noqa: S105  the name of one
REDIS_SECRET_KEY = "url"  # noqa: S105
REDIS_CA_KEY = "ca.crt"  # of the same Secret, where a CA file was given
CATALOGS_CONFIG_MAP = "stask-catalogs"  # in a namespace: what its images offer, as their catalog pods printed it
WORKER_SELECTOR = f"{MANAGED_BY_LABEL}={MANAGER},{COMPONENT_LABEL}={WORKER_COMPONENT}"
# Every pod that the operator makes.
OPERATORS_PODS_SELECTOR = f"{MANAGED_BY_LABEL}={MANAGER},{COMPONENT_LABEL} in ({WORKER_COMPONENT},{CATALOG_COMPONENT})"
_HASH_LENGTH = 10


def pool_object_name(pool: str) -> str:
    """Of a pool's Deployment and of its disruption budget."""
    return f"stask-{pool}"


def catalog_pod_name(image: str) -> str:
    return f"stask-catalog-{sha256(image.encode()).hexdigest()[:_HASH_LENGTH]}"


def component_labels(component: str) -> dict[str, str]:
    return {MANAGED_BY_LABEL: MANAGER, COMPONENT_LABEL: component}


def pool_labels(pool: str) -> dict[str, str]:
    return {**component_labels(WORKER_COMPONENT), POOL_LABEL: pool}
