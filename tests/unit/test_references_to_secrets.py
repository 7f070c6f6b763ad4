"""`{secretKeyRef: {name, key}}` stands in the place of a text, at any depth, and nowhere else is anything like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_operator.api import ScheduledTaskSpec, parse_manifests
from scheduledtask_workloads.contract import AttemptRef, RunOrder, TaskClass
from scheduledtask_workloads.contract.secrets import (
    SecretReference,
    SecretValue,
    reference_problems,
    references_in,
    substituted,
    without_variables,
)

MANIFEST = """\
apiVersion: scheduledtask.dev/v1alpha1
kind: ScheduledTask
metadata: {name: a}
spec:
  task: system-health
  arguments:
    urls: [{token: VALUE}]
"""
NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,5}[a-z0-9])?(\.[a-z0-9]{1,3})?", fullmatch=True)
KEYS = st.from_regex(r"[-._a-zA-Z0-9]{1,8}", fullmatch=True).filter(lambda key: key not in {".", ".."})
REFERENCES = st.builds(lambda name, key: {"secretKeyRef": {"name": name, "key": key}}, NAMES, KEYS)
ARGUMENTS = st.dictionaries(
    st.text(max_size=3),
    st.recursive(
        st.one_of(st.integers(), st.text(max_size=3), REFERENCES),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
        max_leaves=8,
    ),
    max_size=4,
)


def reference(name: str = "db", key: str = "password") -> dict[str, object]:
    return {"secretKeyRef": {"name": name, "key": key}}


@given(ARGUMENTS)
def test_each_is_found_and_replaced(arguments: dict[str, object]) -> None:
    found = references_in(arguments)
    seen: list[SecretReference] = []

    plain = substituted(arguments, lambda each: seen.append(each) or "text")

    assert reference_problems(arguments) == []
    assert sorted(set(seen)) == list(found)
    assert "secretKeyRef" not in repr(plain)
    assert ScheduledTaskSpec.model_validate({"task": "a", "arguments": arguments}).arguments == arguments


@given(st.lists(st.tuples(NAMES, KEYS), max_size=20, unique=True))
def test_no_two_share_a_variable_of_a_worker(pairs: list[tuple[str, str]]) -> None:
    variables = {SecretReference(*pair).variable for pair in pairs}

    assert len(variables) == len(pairs)
    assert all(variable.isidentifier() for variable in variables)
    assert without_variables(dict.fromkeys(variables, "value")) == {}


def test_a_variable_can_be_read() -> None:
    assert SecretReference("db.credentials", "Pass-Word").variable == (
        "SCHEDULEDTASK_SECRET_DB_CREDENTIALS__PASS_WORD_" + SecretReference("db.credentials", "Pass-Word").variable[-8:]
    )


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{secretKeyRef: {name: db, key: a}, value: 1}", "has secretKeyRef and value; a reference to a Secret stands"),
        ("{secretKeyRef: db}", "secretKeyRef names a Secret and one of its keys; write {name: NAME, key: KEY}"),
        ("{secretKeyRef: {name: db, key: a, optional: true}}", "write {name: NAME, key: KEY}"),
        ("{secretKeyRef: {name: DB, key: a}}", "secretKeyRef.name: 'DB' is no name of a Secret"),
        ("{secretKeyRef: {name: db, key: a/b}}", "secretKeyRef.key: 'a/b' is no key of a Secret"),
        ("{secretKeyRef: {name: db, key: ..}}", "secretKeyRef.key: '..' is no key of a Secret"),
    ],
)
def test_what_is_nearly_one_is_refused_with_its_place(written: str, message: str) -> None:
    (problem,) = parse_manifests(MANIFEST.replace("VALUE", written), "a.yaml").problems

    assert str(problem).startswith("a.yaml:7: spec.arguments.urls[0].token: ")
    assert message in str(problem)


def test_more_than_a_message_holds_are_refused() -> None:
    arguments = {f"a{number}": reference(key=f"k{number}") for number in range(33)}

    assert "33 references" in str(reference_problems(arguments))
    assert reference_problems(dict(list(arguments.items())[:32])) == []


def test_a_value_shows_nowhere_but_on_its_way() -> None:
    value = SecretValue(name="db", key="password", value="hunter2")
    order = RunOrder(
        ref=AttemptRef(namespace="team", name="a", run_id="r", attempt=1, fence=1),
        task_class=TaskClass.LIGHT,
        task="a",
        secrets=(value,),
    )

    assert "hunter2" not in repr(order) + str(order) + repr(order.model_dump())
    assert RunOrder.model_validate_json(order.model_dump_json()).secrets[0].value.get_secret_value() == "hunter2"
