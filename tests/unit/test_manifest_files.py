"""Which files of a directory are read, and what is said of those that cannot be."""

import os
from pathlib import Path

import pytest

from scheduledtask_operator.api import parse_directory, parse_paths


def write(path: Path, name: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "apiVersion: scheduledtask.dev/v1alpha1\nkind: ScheduledTask\n"
        f"metadata: {{name: {name}}}\nspec: {{task: report}}\n"
    )
    return path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write(tmp_path / "a.yaml", "a")
    write(tmp_path / "b.yml", "b")
    write(tmp_path / "c.json", "c").write_text(
        '{"apiVersion": "scheduledtask.dev/v1alpha1", "kind": "ScheduledTask", '
        '"metadata": {"name": "c"}, "spec": {"task": "report"}}'
    )
    write(tmp_path / "d.txt", "d")
    write(tmp_path / ".hidden.yaml", "hidden")
    write(tmp_path / "below" / "e.yaml", "e")
    write(tmp_path / ".state" / "f.yaml", "f")
    return tmp_path


def names(paths: list[Path], *, recursive: bool = False) -> list[str]:
    return [task.metadata.name for task in parse_paths(paths, recursive=recursive).tasks]


def test_a_directory_is_read_flat_by_suffix(tree: Path) -> None:
    assert names([tree]) == ["a", "b", "c"]


def test_recursive_reads_the_folders_below_but_no_hidden_ones(tree: Path) -> None:
    assert sorted(names([tree], recursive=True)) == ["a", "b", "c", "e"]


def test_a_file_named_outright_is_read_whatever_its_suffix(tree: Path) -> None:
    assert names([tree / "d.txt"]) == ["d"]


def test_a_file_named_twice_is_read_once(tree: Path) -> None:
    assert names([tree, tree / "a.yaml"]) == ["a", "b", "c"]


def test_a_resource_keeps_its_file(tree: Path) -> None:
    assert parse_directory(tree).resources[0].source == str(tree / "a.yaml")


def test_an_empty_directory_is_a_problem(tmp_path: Path) -> None:
    (problem,) = parse_directory(tmp_path).problems

    assert str(problem) == (f"{tmp_path}: has no file that ends in .yaml, .yml, .json; put a ScheduledTask into it")


def test_a_directory_with_manifests_only_below_it_points_to_them(tmp_path: Path) -> None:
    write(tmp_path / "below" / "a.yaml", "a")

    (problem,) = parse_directory(tmp_path).problems

    assert "pass -R to read its folders too, 1 there" in str(problem)


def test_a_directory_of_other_kinds_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\n")

    (problem,) = parse_directory(tmp_path).problems

    assert str(problem).startswith(f"{tmp_path}: holds no ScheduledTask; add one")


def test_a_path_that_is_not_there_is_a_problem_beside_the_good_ones(tree: Path) -> None:
    result = parse_paths([tree / "nowhere", tree / "a.yaml"])

    assert [str(problem) for problem in result.problems] == [
        f"{tree}/nowhere: cannot be read: No such file or directory; give a file or a directory"
    ]
    assert len(result.resources) == 1


def test_a_file_that_is_not_utf8_is_a_problem_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"a: 1\nb: \xff\n")

    (problem,) = parse_directory(tmp_path).problems

    assert str(problem) == f"{tmp_path}/a.yaml:2: is not text in UTF-8; save it in that encoding"


def test_a_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "a")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    assert names([path]) == ["a"]


def test_one_name_in_two_files_is_told_with_both_places(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.yaml", "same"), write(tmp_path / "b.yaml", "same")

    (problem,) = parse_directory(tmp_path).problems

    assert str(problem).startswith(f"{second}:3: metadata.name: default/same is already defined at {first}:1")


def test_a_pipe_in_a_directory_is_not_waited_for(tree: Path) -> None:
    os.mkfifo(tree / "pipe.yaml")

    assert names([tree]) == ["a", "b", "c"]
