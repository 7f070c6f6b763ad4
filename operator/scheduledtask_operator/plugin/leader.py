"""Whether an operator leads, from its Lease. The clocks of two machines are compared, so some slack is given."""

from dataclasses import dataclass
from datetime import datetime

from scheduledtask_operator.plugin.kubectl import Object
from scheduledtask_operator.plugin.times import read_time, span

CLOCK_SLACK_SECONDS = 5.0  # NTP holds machines far closer; a laptop that woke up may be off by seconds


@dataclass(frozen=True, slots=True)
class Leader:
    leads: bool
    holder: str
    text: str


def leader_of(lease: Object, now: datetime) -> Leader:
    """From the Lease as the API server has it."""
    spec, metadata = lease.get("spec") or {}, lease["metadata"]
    place = f"Lease {metadata['name']} in namespace {metadata.get('namespace', '')}"
    holder, renewed = str(spec.get("holderIdentity") or ""), read_time(spec.get("renewTime"))
    if not holder or renewed is None:
        return Leader(False, "", f"{place} is held by nobody")
    age = (now - renewed).total_seconds()
    lasts = float(spec.get("leaseDurationSeconds") or 0)
    if age > lasts + CLOCK_SLACK_SECONDS:
        return Leader(False, holder, f"{place} was last renewed {span(age)} ago, by {holder}, and lasts {lasts:g} s")
    return Leader(True, holder, f"{holder} leads; {place} was renewed {span(max(0.0, age))} ago")
