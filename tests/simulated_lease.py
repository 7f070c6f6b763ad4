"""A Lease in memory, with the one rule of the API server that an election stands on. The real one passes its tests."""

import itertools

from scheduledtask_operator.cluster.errors import ApiError
from scheduledtask_operator.cluster.lease_object import Lease


class SimulatedApi:
    """One Lease with the API server's own rule: a write of another version than the newest is refused."""

    def __init__(self) -> None:
        self.lease: Lease | None = None
        self._versions = itertools.count(1)

    def read(self) -> Lease | None:
        return self.lease

    def write(self, lease: Lease) -> Lease:
        if "resourceVersion" not in lease["metadata"]:
            if self.lease is None:
                return self._store(lease)
            raise ApiError(409, "AlreadyExists", "it exists")
        if self.lease is None:
            raise ApiError(409, "Conflict", "the one that was read is gone")
        if lease["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            raise ApiError(409, "Conflict", "another version is there")
        return self._store(lease)

    def edit(self, holder: str) -> None:
        if self.lease is not None:
            self._store({**self.lease, "spec": {**self.lease["spec"], "holderIdentity": holder}})

    def delete(self) -> None:
        self.lease = None

    def _store(self, lease: Lease) -> Lease:
        metadata = {**lease["metadata"], "resourceVersion": str(next(self._versions))}
        self.lease = {**lease, "metadata": metadata}
        return self.lease
