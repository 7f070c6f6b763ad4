"""What goes wrong with a batch of items.

ProcessorError
├── FunctionError     an item's function is none of the catalog's, or its arguments do not fit; nothing was started
└── ItemsFailedError  more items failed than are tolerated
"""


class ProcessorError(Exception):
    """The base of all of them."""


class FunctionError(ProcessorError):
    """Names the item, and what comes close or what is wrong."""


class ItemsFailedError(ProcessorError):
    """Says how many, and names the first of them."""
