"""What a body knows of its run."""

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.task_orders import order_for

from scheduledtask_workloads.catalog import ArtifactsUnavailableError, RunContext
from scheduledtask_workloads.execution.attempt import run_context

NOW = 1_800_000_000.0


def context_with(url: str) -> RunContext:
    return run_context(order_for("any", artifacts_url=url), now=NOW)


def test_times_are_utc_and_the_deadline_counts_from_the_beginning() -> None:
    context = run_context(order_for("any", slot_epoch_seconds=1_799_999_990, timeout_seconds=60.0), now=NOW)

    assert context.slot == datetime.fromtimestamp(1_799_999_990, UTC)
    assert context.deadline == datetime.fromtimestamp(NOW + 60, UTC)
    assert (context.run_id, context.attempt) == ("subject-1", 1)


def test_a_run_that_was_asked_for_has_no_slot() -> None:
    assert run_context(order_for("any"), now=NOW).slot is None


def test_artifacts_are_a_folder_of_the_run_made_on_demand(tmp_path: Path) -> None:
    context = context_with(f"file://{tmp_path}/store")
    assert not (tmp_path / "store").exists()

    assert context.artifacts == tmp_path / "store" / "test" / "subject" / "subject-1"
    assert context.artifacts.is_dir()


def test_a_plain_path_will_do(tmp_path: Path) -> None:
    assert context_with(str(tmp_path)).artifacts.parent == tmp_path / "test" / "subject"


def test_the_next_attempt_finds_the_checkpoint_again(tmp_path: Path) -> None:
    (context_with(str(tmp_path)).checkpoint_dir / "state").write_text("1")
    second = run_context(order_for("any", attempt=2, artifacts_url=str(tmp_path)), now=NOW)

    assert (second.checkpoint_dir / "state").read_text() == "1"
    assert second.checkpoint_dir != second.artifacts


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "set artifacts.url"),
        ("s3://bucket/x", "'s3://bucket/x' is not supported yet; use a path or a file:// URL"),
        ("/proc/no/such", "cannot make the folder"),
    ],
)
def test_without_a_place_for_artifacts_the_fix_is_named(url: str, message: str) -> None:
    with pytest.raises(ArtifactsUnavailableError, match=message):
        _ = context_with(url).artifacts


def test_a_run_cannot_leave_its_folder(tmp_path: Path) -> None:
    order = order_for("any", artifacts_url=str(tmp_path))
    escaping = order.model_copy(update={"ref": order.ref.model_copy(update={"name": ".."})})

    with pytest.raises(ArtifactsUnavailableError, match=r"'\.\.' cannot name a folder"):
        _ = run_context(escaping, now=NOW).artifacts


def test_cancelled_tells_what_was_requested_and_remembers_that_it_did() -> None:
    context = context_with("")
    assert not context.cancelled()
    context.cancellation.requested = True

    assert not context.cancellation.observed
    assert context.cancelled()
    assert context.cancellation.observed


def test_progress_is_a_line_with_percent(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        context_with("").progress(0.256, "shard 3")
        context_with("").progress(7.0)

    assert caplog.messages == ["progress 26 %: shard 3", "progress 100 %"]
