"""The base of everything that crosses between the parts.

A part reads its own version and the one before: unknown fields are ignored, and a field that came later has a default.
"""

from pydantic import BaseModel, ConfigDict

CONTRACT_VERSION = 1


class Message(BaseModel):
    """A frozen value that travels as JSON."""

    model_config = ConfigDict(frozen=True, extra="ignore")
