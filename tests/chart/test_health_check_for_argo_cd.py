"""The health check that docs/installing.md gives to Argo CD, run by a real Lua on statuses of ours."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import redis

PAGE = Path(__file__).parents[2] / "docs" / "installing.md"
CALL = """
local function health(obj)
{lua}
end
local answer = health(cjson.decode(ARGV[1]))
return {{answer.status, answer.message}}
"""


@pytest.fixture
def health(redis_url: str) -> Any:
    """Redis' Lua is 5.1, as is Argo CD's."""
    (lua,) = re.findall(r"```lua\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield lambda obj: client.eval(CALL.format(lua=lua), 0, json.dumps(obj))


def task(status: Any = None, generation: int = 1) -> dict[str, Any]:
    return {"metadata": {"name": "report", "generation": generation}, **({"status": status} if status else {})}


def ready(status: str, reason: str, message: str = "said") -> dict[str, Any]:
    conditions = [
        {"type": "Degraded", "status": "True", "reason": "RunsFailing", "message": "other"},
        {"type": "Ready", "status": status, "reason": reason, "message": message},
    ]
    return {"observedGeneration": 1, "conditions": conditions}


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        ("True", "Scheduled", "Healthy"),
        ("False", "UnknownTask", "Degraded"),
        ("Unknown", "CatalogPending", "Progressing"),
        ("False", "Suspended", "Suspended"),
        ("True", "Suspended", "Suspended"),
    ],
)
def test_a_task_is_as_well_as_it_is_ready(health: Any, status: str, reason: str, expected: str) -> None:
    assert health(task(ready(status, reason))) == [expected, "said"]


@pytest.mark.parametrize(
    "seen",
    [task(), task({"observedGeneration": 1}), task(ready("True", "Scheduled"), generation=2)],
    ids=["no status", "no conditions", "an older spec's status"],
)
def test_what_the_operator_has_not_seen_is_progressing(health: Any, seen: dict[str, Any]) -> None:
    assert health(seen) == ["Progressing", "waiting for the operator"]
