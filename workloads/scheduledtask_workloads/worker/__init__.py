"""Heavy runs on Celery: a pool's worker, which enters each attempt in the ledger, watches it and reports it."""

from scheduledtask_workloads.worker.errors import RedisRefusedError, WorkerError, WorkerSettingError
from scheduledtask_workloads.worker.program import run_worker
from scheduledtask_workloads.worker.settings import DEFAULT_LEASE_SECONDS, WorkerSettings

__all__ = [
    "DEFAULT_LEASE_SECONDS",
    "RedisRefusedError",
    "WorkerError",
    "WorkerSettingError",
    "WorkerSettings",
    "run_worker",
]
