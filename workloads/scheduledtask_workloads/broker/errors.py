"""BrokerError
└── BrokerUnavailable"""


class BrokerError(Exception):
    """The root of what this room raises."""


class BrokerUnavailable(BrokerError):  # noqa: N818 - a condition, not a mistake
    """Redis did not answer in time, or refused. What was sent may have arrived: send it again, the copy is dropped."""
