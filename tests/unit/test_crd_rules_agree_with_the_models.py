"""A rule in CEL and the same rule in Python decide alike, over generated specs.

There is no CEL here; the rules keep to a part of it that reads as Python after a few replacements.
"""

import re
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_operator.api.choices import Adaptation, CatchUpChoice, ClassChoice, ConcurrencyChoice
from scheduledtask_operator.api.rules import RULES
from scheduledtask_operator.api.spec import ScheduledTaskSpec
from scheduledtask_workloads.contract.quantity import parse_duration

DURATIONS = st.sampled_from(["1s", "30s", "90s", "2m", "1h30m", "90.5s", "500ms", "1d"])
SPECS = st.fixed_dictionaries(
    {"task": st.just("report")},
    optional={
        "schedule": st.just("@daily"),
        "jitterSeconds": st.integers(0, 2),
        "class": st.sampled_from(ClassChoice),
        "maxConcurrency": st.integers(1, 3),
        "timeoutSeconds": st.sampled_from([1, 30, 89, 90, 91, 120, 7200]),
        "catchUp": st.sampled_from(CatchUpChoice),
        "catchUpLimit": st.sampled_from([5, 100]),
        "adaptation": st.sampled_from(Adaptation),
        "concurrencyPolicy": st.sampled_from(ConcurrencyChoice),
        "queueLimit": st.sampled_from([3, 10]),
        "exclude": st.just({}),
        "pauseAfterFailures": st.just(3),
        "freshnessSeconds": st.just(60),
        "triggers": st.sampled_from([[], [{"scheduledTask": "other", "outcomes": ["Failed"]}]]),
        "artifacts": st.sampled_from([{"url": url} for url in ("s3://b", "file:///a", "/a", "./a", "x://file://")]),
        "profile": st.fixed_dictionaries({}, optional={"duration": DURATIONS}),
        "retry": st.fixed_dictionaries({}, optional={"backoff": DURATIONS, "maxBackoff": DURATIONS}),
        "worker": st.fixed_dictionaries(
            {},
            optional={
                "pool": st.just("big"),
                "image": st.just("me/worker"),
                "podTemplate": st.just({}),
                "minReplicas": st.integers(0, 3),
                "maxReplicas": st.integers(1, 3),
            },
        ),
    },
)


class Text(str):
    """Text with CEL's methods under CEL's names."""

    __slots__ = ()

    def contains(self, part: str) -> bool:
        return part in self

    def startsWith(self, part: str) -> bool:  # noqa: N802
        return self.startswith(part)


def as_cel_sees_it(value: Any) -> Any:
    if isinstance(value, dict):
        return SimpleNamespace(**{f"f_{name}": as_cel_sees_it(item) for name, item in value.items()})
    return Text(value) if isinstance(value, str) else value


class Seconds(float):
    """A duration with CEL's method under CEL's name."""

    def getSeconds(self) -> int:  # noqa: N802
        return int(self)


def duration(text: str) -> Seconds:
    assert "d" not in text, "CEL's duration() knows no days"
    return Seconds(parse_duration(text))


def holds(cel: str, wire: dict[str, Any]) -> bool:
    python = re.sub(r"has\(self\.([a-zA-Z.]+)\)", r"has(self, '\1')", cel)
    python = re.sub(r"\.(?!contains|startsWith|getSeconds)([a-zA-Z]+)(?=[^']*(?:'[^']*'[^']*)*$)", r".f_\1", python)
    python = re.sub(r"!(?!=)", " not ", python).replace("&&", " and ").replace("||", " or ")
    names = {"self": as_cel_sees_it(wire), "has": has, "duration": duration, "string": str, "size": len}
    return bool(eval(python, {"__builtins__": {}}, names))  # noqa: S307 - the rules are our own


def has(value: Any, path: str) -> bool:
    *parents, last = path.split(".")
    for name in parents:
        value = getattr(value, f"f_{name}")
    return hasattr(value, f"f_{last}")


@given(given_spec=SPECS)
def test_cel_and_python_decide_alike(given_spec: dict[str, Any]) -> None:
    spec = ScheduledTaskSpec.model_validate(given_spec)
    wire = spec.model_dump(mode="json", exclude_none=True)

    for rule in RULES:
        if rule.cel is not None and not in_days(rule.cel, wire):
            assert holds(rule.cel, wire) is not rule.broken(spec), rule.cel


def in_days(cel: str, wire: dict[str, Any]) -> bool:
    """CEL leaves comparisons with days to the operator."""
    texts = [wire["profile"].get("duration", ""), wire["retry"]["backoff"], wire["retry"]["maxBackoff"]]
    return "duration(" in cel and any("d" in text for text in texts)


def test_every_rule_is_also_the_api_servers() -> None:
    assert [rule.field for rule in RULES if rule.cel is None] == []
