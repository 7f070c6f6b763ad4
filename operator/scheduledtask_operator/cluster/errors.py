"""What can go wrong between the operator and the API server.

ClusterError
├── NoAccessError       nothing says which API server, or by which credentials
├── UnreachableError    no answer: connection refused, reset, timed out
└── ApiError            an answer that is a refusal, with its HTTP status
"""

from typing import Any


class ClusterError(Exception):
    """The message is for people, and says what to do where something can be done."""


class NoAccessError(ClusterError):
    """There is no service account and no kubeconfig."""


class UnreachableError(ClusterError):
    """The API server gave no answer."""


class ApiError(ClusterError):
    """`status` is HTTP's; `reason` the API's word, such as `AlreadyExists`; `details` as the API sent them."""

    def __init__(self, status: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(f"{message} ({status} {reason})")
        self.status = status
        self.reason = reason
        self.message = message
        self.details = details or {}

    @property
    def is_missing(self) -> bool:
        return self.status == 404

    @property
    def is_conflict(self) -> bool:
        """It is there already, or somebody else changed it in between."""
        return self.status == 409

    @property
    def is_forbidden(self) -> bool:
        return self.status == 403

    @property
    def is_passing(self) -> bool:
        """Trying again may help: the server is overloaded, restarting, or has lost its own store."""
        return self.status == 429 or self.status >= 500

    @property
    def retry_after_seconds(self) -> float | None:
        """What the server asks for; None where it asks for nothing."""
        seconds = self.details.get("retryAfterSeconds")
        return float(seconds) if isinstance(seconds, int | float) else None
