"""Why data was not processed.

ProcessingError
├── SourceError       what is to be read is not there, or cannot be read
├── StepError         a step is not one SELECT, or it fails
├── CheckFailedError  the data is not as it has to be; nothing was published
├── SinkError         the result cannot be put where it belongs
├── SlotError         a slot is asked for and there is none, or a placeholder is none
└── CancelledError    the run was asked to stop; nothing was published
"""


class ProcessingError(Exception):
    """The base of all of them. No text has a URL's password."""


class SourceError(ProcessingError):
    """Names the source, and what was found."""


class StepError(ProcessingError):
    """Names the step, and has what DuckDB says with the line."""


class CheckFailedError(ProcessingError):
    """Names each check, how many rows fail it, and some of them."""


class SinkError(ProcessingError):
    """Names the place, and what is in the way."""


class SlotError(ProcessingError):
    """Names the text that asks for a slot."""


class CancelledError(ProcessingError):
    """Nothing was published."""


def reason(error: BaseException) -> str:
    """What DuckDB says, without what would fill a page; what failed in fsspec comes as a whole traceback, whose end
    tells."""
    text = str(error).strip() or type(error).__name__
    if "Traceback (most recent call last)" in text:
        lines = [line.strip() for line in text.splitlines() if line.strip() and set(line.strip()) - set("^~")]
        return next((line for line in reversed(lines) if "Error" in line or "Exception" in line), lines[-1])
    return text[:2000]
