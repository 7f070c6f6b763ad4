"""WorkerError
└── WorkerSettingError"""


class WorkerError(Exception):
    """The root of what this room raises."""


class WorkerSettingError(WorkerError, ValueError):
    """A setting is out of its range; the message names it, its value and the bound."""
