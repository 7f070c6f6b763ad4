"""What a probe or a whole check may end with.

ProviderHealthError
├── ProbeFailedError     an endpoint did not do what was asked of it
└── DegradedError        `fail_when_degraded`, and an endpoint is
"""


class ProviderHealthError(Exception):
    """The text goes into the result or the run's message; it holds no credentials."""


class ProbeFailedError(ProviderHealthError):
    """What was expected, and what came."""


class DegradedError(ProviderHealthError):
    """Names the endpoints."""
