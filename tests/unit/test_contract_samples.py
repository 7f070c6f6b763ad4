"""A part reads what parts of its own version and of the one before write: samples of both are kept as JSON."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError
from tests.contract_samples.values import ADAPTERS, ORDER, RECORD, SLOT, VALUES, VERSION, full, kind_of, written

from scheduledtask_workloads.broker.message import attempt_id_of, encode_order, ref_of
from scheduledtask_workloads.contract import RunOrder, RunRecord, TaskClass
from scheduledtask_workloads.contract import messages as said
from scheduledtask_workloads.contract.model import CONTRACT_VERSION

SAMPLES = Path(__file__).parents[1] / "contract_samples"
HOW = (
    "tests/contract_samples/README.md says how a contract is changed: parts of the last version still run beside this"
    " one during an upgrade, and their words lie in Redis after it."
)
SAMPLE_FILES = sorted(SAMPLES.glob("v*/*.json"))
SAMPLED = [
    (path.parent.name, path.stem, sample)
    for path in SAMPLE_FILES
    if path.stem in ADAPTERS
    for sample in json.loads(path.read_text(encoding="utf-8"))
]
NAMES = [f"{version} {name} {sample['kind']}" for version, name, sample in SAMPLED]
of_each = pytest.mark.parametrize(("version", "name", "sample"), SAMPLED, ids=NAMES)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Path and value of everything below."""
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from leaves(each, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for index, each in enumerate(value):
            yield from leaves(each, f"{path}[{index}]")
    elif path:
        yield path, value


def with_unknown_fields(value: Any) -> Any:
    """As a newer part may write it: one field more in each object of ours; arguments and results are users' own."""
    if isinstance(value, list):
        return [with_unknown_fields(each) for each in value]
    if not isinstance(value, dict):
        return value
    theirs = ("arguments", "result", "arguments_schema")
    known = {key: each if key in theirs else with_unknown_fields(each) for key, each in value.items()}
    return {**known, "of_a_newer_version": {"any": "thing"}}


def read(name: str, value: Any, version: str) -> Any:
    try:
        return ADAPTERS[name].validate_json(json.dumps(value))
    except ValidationError as error:
        pytest.fail(f"what {version} wrote as {name} is no longer read: {error}\nGive what is new a default. {HOW}")


@of_each
def test_every_field_of_a_sample_is_read(version: str, name: str, sample: dict[str, Any]) -> None:
    again = dict(leaves(full(read(name, sample["full"], version))))

    gone = [path for path, value in leaves(sample["full"]) if again.get(path, "nothing") != value]
    assert not gone, (
        f"{sample['kind']}: {', '.join(gone)} of {version} is read no more, or as something else. A field that was"
        f" removed or renamed is lost on its way. Keep reading it until the version after next. {HOW}"
    )


@of_each
def test_what_must_be_there_is_no_more_than_it_was(version: str, name: str, sample: dict[str, Any]) -> None:
    assert read(name, sample["least"], version)


@of_each
def test_what_a_newer_part_adds_is_ignored(version: str, name: str, sample: dict[str, Any]) -> None:
    assert read(name, with_unknown_fields(sample["full"]), version) == read(name, sample["full"], version)


@of_each
def test_what_an_older_part_insists_on_is_still_written(version: str, name: str, sample: dict[str, Any]) -> None:
    now = {kind_of(each): full(each) for each in VALUES[name]}

    assert sample["kind"] in now, f"{sample['kind']} of {version} is said no more; older parts wait for it. {HOW}"
    missing = {path for path, _ in leaves(sample["least"])} - {path for path, _ in leaves(now[sample["kind"]])}
    assert not missing, f"{sample['kind']}: a part of {version} refuses it without {', '.join(missing)}. {HOW}"


def test_the_samples_of_this_version_have_everything_that_is_said() -> None:
    kept = {path.stem: json.loads(path.read_text()) for path in SAMPLE_FILES if path.parent.name == VERSION}

    for name, samples in written().items():
        old = {path for sample in kept.get(name, []) for path, _ in leaves(sample)}
        new = {path for sample in samples for path, _ in leaves(sample)}
        assert new <= old, (
            f"{name}: {', '.join(sorted(new - old))} is new. `python -m tests.contract_samples` adds it. {HOW}"
        )


@pytest.mark.parametrize("direction", [name for name in ADAPTERS if "_to_" in name])
def test_every_message_has_a_sample(direction: str) -> None:
    union, *_ = get_args(
        getattr(said, "".join(part.title() if part != "to" else "To" for part in direction.split("_")))
    )

    assert {model.model_fields["type"].default for model in get_args(union)} == {
        kind_of(each) for each in VALUES[direction]
    }


def test_the_samples_of_the_version_before_are_kept() -> None:
    versions = {path.parent.name for path in SAMPLE_FILES}

    assert {f"v{number}" for number in (CONTRACT_VERSION - 1, CONTRACT_VERSION) if number} <= versions, HOW


def test_a_reason_that_a_newer_part_gives_is_passed_on() -> None:
    """It is in histories, which a rollback leaves."""
    text = json.dumps({**full(RECORD), "reason": "OfANewerVersion"})

    assert json.loads(RunRecord.model_validate_json(text).model_dump_json())["reason"] == "OfANewerVersion"


def heavy_messages() -> list[tuple[str, dict[str, Any]]]:
    paths = [path for path in SAMPLE_FILES if path.stem == "heavy_message"]
    return [(path.parent.name, json.loads(path.read_text())) for path in paths]


def order_in(message: dict[str, Any]) -> RunOrder:
    """As a worker finds it: the only argument of Celery's message."""
    (order,), _, _ = json.loads(base64.b64decode(message["body"]))
    return TypeAdapter(RunOrder).validate_python(order)


@pytest.mark.parametrize(("version", "message"), heavy_messages())
def test_a_heavy_message_is_read_and_written_as_before(version: str, message: dict[str, Any]) -> None:
    order = order_in(message)
    now = json.loads(encode_order(order, "reports", SLOT))

    assert order == ORDER.model_copy(update={"task_class": TaskClass.HEAVY, "secrets": ()})
    assert ref_of(json.dumps(message).encode()) == order.ref
    assert attempt_id_of(json.dumps(message).encode()) == order.ref.attempt_id
    for each in (message, now):
        del each["properties"]["delivery_tag"], each["body"]
    assert dict(leaves(message)).items() <= dict(leaves(now)).items(), f"workers of {version} expect all of it. {HOW}"
