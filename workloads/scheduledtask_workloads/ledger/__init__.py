"""Admission and runs in Redis: `Ledger` is the scheduler's door, `WorkerLedger` the workers'; Lua decides."""

from scheduledtask_workloads.ledger.access import LedgerAccess, access_of
from scheduledtask_workloads.ledger.claim import Admission, Claim, RunWithoutRedis, Verdict
from scheduledtask_workloads.ledger.errors import EpochMissing, FencedOut, LedgerError, LedgerUnreachable
from scheduledtask_workloads.ledger.host import Entry, EntryVerdict, RunMemory, WorkerLedger
from scheduledtask_workloads.ledger.leader import DEFAULT_PATIENCE_SECONDS, Ledger
from scheduledtask_workloads.ledger.reading import FEED_START
from scheduledtask_workloads.ledger.server import Server, server_problem
from scheduledtask_workloads.ledger.values import CancelOutcome, DueRun, Epoch, FeedEntry, NextAttempt, OpenRun

__all__ = [
    "Admission",
    "CancelOutcome",
    "Claim",
    "DEFAULT_PATIENCE_SECONDS",
    "DueRun",
    "Entry",
    "EntryVerdict",
    "Epoch",
    "EpochMissing",
    "FEED_START",
    "FeedEntry",
    "FencedOut",
    "Ledger",
    "LedgerAccess",
    "LedgerError",
    "LedgerUnreachable",
    "NextAttempt",
    "OpenRun",
    "RunMemory",
    "RunWithoutRedis",
    "Server",
    "Verdict",
    "WorkerLedger",
    "access_of",
    "server_problem",
]
