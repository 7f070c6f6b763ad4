"""WorkerError
├── RedisRefusedError
└── WorkerSettingError"""


class WorkerError(Exception):
    """The root of what this room raises."""


class RedisRefusedError(WorkerError):
    """Redis can't be used as it is given: a wrong CA, an unknown master, a refused login; no waiting mends that."""


class WorkerSettingError(WorkerError, ValueError):
    """A setting is out of its range; the message names it, its value and the bound."""
