"""Why a database cannot be cleaned."""


class CleanupError(Exception):
    """The text names what was asked for and what there is."""
