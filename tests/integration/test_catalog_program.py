"""`python -m scheduledtask_workloads.catalog` says what there is, whatever task code does while it is imported."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.built_in_tasks import BUILT_IN

from scheduledtask_workloads.contract import ArgumentsAnswer, ArgumentsQuestion, CatalogDocument

GOOD = """
from scheduledtask_workloads.catalog import task
@task("good")
def good(days: int = 1) -> None:
    "A good one."
"""

Project = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with these modules, each of them an entry point."""

    def make(folder: str = "", **modules: str) -> Path:
        sources = tmp_path / folder
        sources.mkdir(exist_ok=True)
        for name, code in modules.items():
            (sources / f"{name}.py").write_text(code)
        points = "".join(f'{name} = "{name}"\n' for name in modules)
        (tmp_path / "pyproject.toml").write_text(f'[project.entry-points."scheduledtask.tasks"]\n{points}')
        return tmp_path

    return make


def run_program(project: Path | None, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "SCHEDULEDTASK_PROJECT"}
    if project:
        environment["SCHEDULEDTASK_PROJECT"] = str(project)
    program = [sys.executable, "-P", "-m", "scheduledtask_workloads.catalog", *arguments]
    return subprocess.run(program, env=environment, input=given, capture_output=True, text=True, timeout=60, check=True)


def read(project: Path | None) -> CatalogDocument:
    return CatalogDocument.model_validate_json(run_program(project).stdout)


def names(document: CatalogDocument) -> list[str]:
    return [entry.name for entry in document.tasks]


def only_problem(document: CatalogDocument) -> str:
    [problem] = document.problems
    return f"{problem.source}: {problem.message}"


def test_the_built_in_tasks_are_there() -> None:
    document = read(None)

    assert names(document) == BUILT_IN
    assert document.problems == ()


@pytest.mark.parametrize("folder", ["", "src"])
def test_a_project_needs_no_installation(project: Project, folder: str) -> None:
    document = read(project(folder, good_tasks=GOOD))
    entry = document.find("good")

    assert entry is not None
    assert entry.summary == "A good one."
    assert "pyproject.toml" in entry.source


def test_an_entry_point_may_name_one_function(project: Project) -> None:
    folder = project(two_tasks=GOOD + GOOD.replace("good", "other"))
    file = folder / "pyproject.toml"
    file.write_text(file.read_text().replace('"two_tasks"', '"two_tasks:other"'))

    assert names(read(folder)) == sorted([*BUILT_IN, "other"])


def test_what_is_printed_on_import_does_not_disturb(project: Project) -> None:
    noise = 'import os\nprint("hello")\nos.system("echo from the shell")\n'
    ended = run_program(project(noisy=noise + GOOD))

    assert json.loads(ended.stdout)["problems"] == []
    assert "hello\n" in ended.stderr
    assert "from the shell\n" in ended.stderr


BROKEN = {
    "no_library": ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library' ("),
    "raises": ("x = 1\nraise ValueError('two\\nlines')", "raises.py:2)"),
    "no_python": ("def f(:\n  pass", "SyntaxError: "),
    "exits": ("raise SystemExit(3)", "SystemExit: 3"),
    "empty": ("x = 1", "empty has no @task function"),
    "unannotated": (GOOD.replace("days: int = 1", "days"), "parameter days has no annotation"),
    "taken": (
        GOOD.replace('"good"', '"system-health"'),
        "task 'system-health' is also in builtin of scheduledtask, which is the one used; rename one of them",
    ),
}


def test_each_broken_entry_point_is_one_line_and_the_rest_stands(project: Project) -> None:
    folder = project(**{name: code for name, (code, _) in BROKEN.items()}, good_tasks=GOOD)
    document = read(folder)
    problems = {problem.source: problem.message for problem in document.problems}

    assert names(document) == sorted([*BUILT_IN, "good"])
    assert len(document.problems) == len(BROKEN)
    for name, (_, message) in BROKEN.items():
        problem = problems[f"{name} of {folder}/pyproject.toml"]
        assert message in problem
        assert "\n" not in problem


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "pyproject.toml: No such file or directory; SCHEDULEDTASK_PROJECT must name a folder that has it"),
        ("[project\n", "pyproject.toml: Expected ']'"),
        ('[project.entry-points."scheduledtask.tasks"]\nmine = 3\n', '.mine is 3; write "module"'),
    ],
)
def test_a_project_that_cannot_be_read_is_one_line(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text)
    document = read(tmp_path)

    assert names(document) == BUILT_IN
    assert message in only_problem(document)


def test_a_project_without_tasks_is_none(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'other'\n")

    assert read(tmp_path).problems == ()


def test_arguments_are_checked_line_by_line(project: Project) -> None:
    questions: list[dict[str, Any]] = [
        {"task": "good", "arguments": {"days": 3}},
        {"task": "good", "arguments": {"days": "x"}},
        {"task": "god"},
    ]
    given = "".join(ArgumentsQuestion(**question).model_dump_json() + "\n" for question in questions) + "nonsense\n"
    ended = run_program(project(good_tasks='print("noise")' + GOOD), "--validate", given=given)
    answers = [ArgumentsAnswer.model_validate_json(line) for line in ended.stdout.splitlines()]

    assert [[str(problem) for problem in answer.problems] for answer in answers[:3]] == [
        [],
        ["arguments.days: 'x': Input should be a valid integer, unable to parse string as an integer"],
        ["task: unknown task 'god'; did you mean 'good'?"],
    ]
    assert "is not a question" in str(answers[3].problems[0])


def test_the_document_comes_first_where_questions_are_to_follow(project: Project) -> None:
    """Task code that reads standard input while it is imported finds none, and takes no question away."""
    given = ArgumentsQuestion(task="good", arguments={"days": "x"}).model_dump_json() + "\n"
    ended = run_program(project(asks="x = input()", good_tasks=GOOD), "--serve", given=given)
    document, answer = ended.stdout.splitlines()

    assert "EOFError" in only_problem(CatalogDocument.model_validate_json(document))
    assert ArgumentsAnswer.model_validate_json(answer).problems[0].field == "arguments.days"


def test_an_unknown_task_names_what_could_not_be_loaded(project: Project) -> None:
    given = ArgumentsQuestion(task="mine").model_dump_json() + "\n"
    ended = run_program(project(broken="import no_such_library"), "--validate", given=given)

    assert "unknown task 'mine'" in ended.stdout
    assert "not loaded: broken of" in ended.stdout


def test_light_tasks_do_not_pay_for_the_libraries_of_others(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from scheduledtask_workloads.catalog import load_catalog
from scheduledtask_workloads.execution import execute
from tests.task_orders import order_for
catalog = load_catalog()
report = execute(order_for("system-health"), output=Path(sys.argv[1]), catalog=catalog)
print(report.state, *sorted({"aiohttp", "numpy", "pyarrow", "sklearn", "sqlalchemy", "scipy"} & set(sys.modules)))
"""
    repository = Path(__file__).parents[2]
    program = [sys.executable, "-c", code, str(tmp_path / "output")]
    ended = subprocess.run(program, cwd=repository, capture_output=True, text=True, timeout=60, check=True)

    assert ended.stdout.split() == ["Succeeded"]
