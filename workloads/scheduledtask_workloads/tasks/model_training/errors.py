"""Why nothing can be trained.

TrainingError
└── TrainingDataError   a table that no model can learn from
"""


class TrainingError(Exception):
    """The text names the argument, its value and what to do."""


class TrainingDataError(TrainingError):
    """A table that no model can learn from."""
