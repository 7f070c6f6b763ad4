"""What of its environment the program may keep, given that task code can read all of it."""

import re
from collections.abc import Mapping

_SECRET = re.compile(r"REDIS|TOKEN|SECRET|PASSW|CREDENTIAL|BROKER|PRIVATE_KEY|ACCESS_KEY|API_KEY", re.IGNORECASE)
_URL_WITH_PASSWORD = re.compile(r"://[^/@\s]*:[^/@\s]+@")


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Without variables that are named like a secret or like Redis, and without URLs that carry a password."""
    return {name: value for name, value in environment.items() if not _looks_secret(name, value)}


def _looks_secret(name: str, value: str) -> bool:
    return bool(_SECRET.search(name) or _URL_WITH_PASSWORD.search(value) or value.startswith(("redis://", "rediss://")))
