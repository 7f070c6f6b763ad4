"""`data-processing` in less memory than its data; too slow to stand among the quick tests."""

from pathlib import Path

from tests.processed_data import perform

from scheduledtask_workloads.contract import RunState


def test_what_does_not_fit_into_memory_is_sorted_on_disk(tmp_path: Path) -> None:
    """A table of some 150 MB in 128 MiB."""
    steps = [{"name": "s", "sql": "SELECT range AS id, md5(range::VARCHAR) AS text FROM range(3000000)"}]
    sink = {"url": str(tmp_path / "sorted.parquet"), "order_by": ["text"]}
    report = perform(tmp_path, steps=steps, sink=sink, memory="128Mi")
    assert report.state is RunState.SUCCEEDED, report.message
    assert report.result["rows"] == 3_000_000

    again = perform(
        tmp_path,
        steps=[{"name": "s", "sql": "SELECT list(range) FROM range(20000000)"}],
        sink=sink | {"order_by": []},
        memory="128Mi",
    )
    assert "raise the argument memory" in again.message
