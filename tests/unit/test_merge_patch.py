"""A merge patch turns one object into the other, and says no more than it must."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_operator.cluster.merge_patch import merge_patch

values = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(st.sampled_from("abcd"), values, max_size=4)


def applied(target: Any, patch: Any) -> Any:
    """RFC 7386, section 2, as it stands there."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = applied(result.get(name), value)
    return result


@given(objects, objects)
def test_applying_it_gives_what_was_wanted(before: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert applied(before, merge_patch(before, wanted)) == wanted


@given(objects)
def test_nothing_is_sent_of_what_is_the_same(same: dict[str, Any]) -> None:
    assert merge_patch(same, same) == {}


def test_only_the_difference_is_sent() -> None:
    before = {"class": "Heavy", "worker": {"desired": 1, "problem": "none fits"}, "history": [1, 2]}
    wanted = {"class": "Heavy", "worker": {"desired": 2}, "history": [2]}

    assert merge_patch(before, wanted) == {"worker": {"desired": 2, "problem": None}, "history": [2]}
