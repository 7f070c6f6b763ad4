"""The Lease as the API has it, to and from what counts of it. What others wrote beside is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scheduledtask_operator.decisions.leading import HIGHEST_FENCE, RELEASED_DURATION_SECONDS, LeaseRecord

FENCE_ANNOTATION = "scheduledtask.dev/fence"
Lease = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Claim:
    """Who holds the Lease from when on, under which number, for how long without a renewal."""

    holder: str
    fence: int
    duration_seconds: int


def record_of(lease: Lease) -> LeaseRecord:
    """Fields that nobody set, or that make no sense, count as 0 or empty."""
    spec = lease.get("spec") or {}
    return LeaseRecord(
        holder=spec.get("holderIdentity") or "",
        duration_seconds=spec.get("leaseDurationSeconds") or 0,
        renewed=spec.get("renewTime") or "",
        transitions=spec.get("leaseTransitions") or 0,
        fence=_fence(lease["metadata"].get("annotations") or {}),
    )


def new_lease(namespace: str, name: str) -> Lease:
    """Held by nobody yet, and not there yet: it has no version."""
    labels = {"app.kubernetes.io/name": "scheduledtask", "app.kubernetes.io/component": "operator"}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"namespace": namespace, "name": name, "labels": labels},
        "spec": {},
    }


def claimed(lease: Lease, claim: Claim, now: datetime) -> Lease:
    """A change of hands: another holder, or the same under a new number."""
    transitions = record_of(lease).transitions + 1
    return _changed(lease, claim, renewTime=_instant(now), acquireTime=_instant(now), leaseTransitions=transitions)


def renewed(lease: Lease, claim: Claim, now: datetime) -> Lease:
    return _changed(lease, claim, renewTime=_instant(now))


def released(lease: Lease, fence: int, now: datetime) -> Lease:
    """Free for whoever comes first; the number stays, for the next to count on."""
    return _changed(lease, Claim("", fence, RELEASED_DURATION_SECONDS), renewTime=_instant(now))


def _changed(lease: Lease, claim: Claim, **fields: str | int) -> Lease:
    metadata = {name: value for name, value in lease["metadata"].items() if name != "managedFields"}
    annotations = {**(metadata.get("annotations") or {}), FENCE_ANNOTATION: str(claim.fence)}
    held = {"holderIdentity": claim.holder, "leaseDurationSeconds": claim.duration_seconds}
    spec = {**(lease.get("spec") or {}), **held, **fields}
    return {**lease, "metadata": {**metadata, "annotations": annotations}, "spec": spec}


def _fence(annotations: Mapping[str, str]) -> int:
    text = annotations.get(FENCE_ANNOTATION, "")
    fence = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(HIGHEST_FENCE)) else 0
    return fence if fence < HIGHEST_FENCE else 0


def _instant(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
