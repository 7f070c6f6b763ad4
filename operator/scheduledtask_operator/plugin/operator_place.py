"""Where the operator is installed, and its Lease. Who may not look sees neither, and is told so."""

from dataclasses import dataclass

from scheduledtask_operator.plugin.kubectl import Kubectl, Object
from scheduledtask_operator.plugin.refusals import KubectlRefusal, Refusal

LEASES = "leases.coordination.k8s.io"


@dataclass(frozen=True, slots=True)
class Place:
    """`namespace`: "" where it is not known. `lease_is_missing`: it could be read, and is not there."""

    namespace: str = ""
    lease: Object | None = None
    lease_is_missing: bool = False


def place_of_operator(kubectl: Kubectl, namespace: str, lease_name: str) -> Place:
    """`namespace`: "" to look for the Lease everywhere. Of several of that name the one that was renewed last."""
    try:
        if namespace:
            return Place(namespace, kubectl.within(namespace).get(f"{LEASES}/{lease_name}"))
        found = kubectl.within("").items(LEASES, "--all-namespaces", f"--field-selector=metadata.name={lease_name}")
    except KubectlRefusal as refused:
        if refused.kind is Refusal.NO_CLUSTER:
            raise
        return Place(namespace, lease_is_missing=refused.kind is Refusal.NOT_FOUND)
    if not found:
        return Place(lease_is_missing=True)
    latest = max(found, key=lambda lease: str((lease.get("spec") or {}).get("renewTime") or ""))
    return Place(latest["metadata"]["namespace"], latest)
