"""Each mistake in a manifest gets one line that names place, field, value and fix."""

import pytest

from scheduledtask_operator.api import parse_manifests

TASK = """\
apiVersion: scheduledtask.dev/v1alpha1
kind: ScheduledTask
metadata:
  name: report
spec:
  task: report
"""


def lines_for(text: str) -> list[str]:
    return [str(problem) for problem in parse_manifests(text, "a.yaml").problems]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ('schedule: "61 * * * *"', 'a.yaml:7: spec.schedule: "61 * * * *": minute'),
        ("timeZone: Europe/Pariss", "did you mean Europe/Paris?"),
        ("schedul: x", "a.yaml:7: spec.schedul: is no field of ScheduledTask; did you mean schedule?"),
        ("time_zone: UTC", "did you mean timeZone?"),
        ("duration: 5m", "a.yaml:7: spec.duration: is no field of ScheduledTask; did you mean spec.profile.duration?"),
        ("qqqq: 1", "spec.qqqq: is no field of ScheduledTask; remove it, or write one of adaptation, arguments,"),
        ("schedule: on", 'a.yaml:7: spec.schedule: on is a boolean, not text; put it in quotes: "on"'),
        ("schedule: 2026-12-24", 'spec.schedule: 2026-12-24 is a date, not text; put it in quotes: "2026-12-24"'),
        ("schedule: 5", 'spec.schedule: 5 is a number, not text; put it in quotes: "5"'),
        ("schedule: [a]", "spec.schedule: is a list, not text; write text in quotes"),
        ('schedule: ""', 'spec.schedule: "" has 0 characters; write 1 to 256'),
        ("adaptation: Off", 'spec.adaptation: Off is a boolean, not text; put it in quotes: "Off"'),
        ("class: heavy", 'spec.class: "heavy" is not one of the choices; did you mean Heavy?'),
        ("dstPolicy: Maybe", 'spec.dstPolicy: "Maybe" is not one of the choices; write one of RunOnce, Skip, RunTwice'),
        ('suspend: "yes"', 'spec.suspend: "yes" is text, not true or false; write true or false, without quotes'),
        ('maxConcurrency: "2"', 'spec.maxConcurrency: "2" is text, not a whole number; write digits only'),
        ("maxConcurrency: 2.5", "spec.maxConcurrency: 2.5 is a number, not a whole number"),
        ("maxConcurrency: true", "spec.maxConcurrency: true is a boolean, not a whole number"),
        ("maxConcurrency: 0", "spec.maxConcurrency: 0 is less than 1; write 1 or more"),
        ("jitterSeconds: 99999999", "spec.jitterSeconds: 99999999 is more than 86400; write 86400 or less"),
        ("worker: []", "spec.worker: is a list, not a mapping; write its fields below it, indented"),
        ("arguments: 5", "spec.arguments: 5 is a number, not a mapping"),
        (
            "arguments: {a: {b: [2026-12-24]}}",
            "spec.arguments.a.b[0]: 2026-12-24 is a date, not text; put it in quotes",
        ),
        ("profile: {duration: 90}", "spec.profile.duration: 90 has no unit; write 90s"),
        ("profile: {duration: soon}", 'spec.profile.duration: "soon" is not a duration; write a number and a unit'),
        ("profile: {duration: 0s}", 'spec.profile.duration: "0s" is nothing at all; write more than 0'),
        (
            "profile: {memory: 8GB}",
            'spec.profile.memory: "8GB" is not an amount of memory; write a number and a suffix',
        ),
        (
            "profile: {requires: [errorhandling]}",
            'spec.profile.requires[0]: "errorhandling" is not one of the choices; did',
        ),
        ("retry: {backoff: 1h}", 'spec.retry.backoff: "1h" is longer than retry.maxBackoff; write at most that'),
        ("worker: {minReplicas: 2}", "spec.worker.minReplicas: 2 is more than worker.maxReplicas; write at most that"),
        ("worker: {pool: Big_Pool}", 'spec.worker.pool: "Big_Pool" is not a DNS label; write lower-case letters'),
        ("jitterSeconds: 5", "spec.jitterSeconds: 5 puts off slots, but there is no schedule; leave it out or add"),
    ],
)
def test_a_bad_field_is_explained_in_one_line(field: str, expected: str) -> None:
    (line,) = lines_for(f"{TASK}  {field}\n")

    assert expected in line
    assert line.startswith("a.yaml:7: spec.")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            "class: Light\n  maxConcurrency: 2",
            "a.yaml:8: spec.maxConcurrency: 2: a Light task runs one at a time; write 1",
        ),
        (
            "class: Light\n  worker: {pool: big}",
            'a.yaml:8: spec.worker.pool: "big": a Light task has no workers; leave it',
        ),
        (
            "class: Light\n  worker: {minReplicas: 1}",
            "a.yaml:8: spec.worker.minReplicas: 1: a Light task has no workers;",
        ),
        (
            "timeoutSeconds: 60\n  profile: {duration: 2m}",
            "a.yaml:7: spec.timeoutSeconds: 60 ends a run before its declared profile.duration; write more than that",
        ),
    ],
)
def test_two_fields_that_do_not_go_together_are_explained(fields: str, expected: str) -> None:
    (line,) = lines_for(f"{TASK}  {fields}\n")

    assert line.startswith(expected)


def test_a_missing_field_is_named_where_its_parent_stands() -> None:
    assert lines_for(TASK.replace("  task: report\n", "  suspend: true\n")) == [
        "a.yaml:5: spec.task: is missing; add it: the name of the task in the catalog"
    ]


@pytest.mark.parametrize("name", ["Report", "a_b", "-a", "a-", "x" * 53, '""'])
def test_a_name_that_kubernetes_would_refuse_is_refused(name: str) -> None:
    (line,) = lines_for(TASK.replace("name: report", f"name: {name}"))

    assert line.startswith("a.yaml:4: metadata.name: ")
    assert "; write " in line


def test_every_mistake_is_reported_in_the_order_of_the_text() -> None:
    problems = parse_manifests(f"{TASK}  suspend: 1\n  class: big\n  schedule: 5\n", "a.yaml").problems

    assert [problem.field for problem in problems] == [("spec", "suspend"), ("spec", "class"), ("spec", "schedule")]
    assert [problem.line for problem in problems] == [7, 8, 9]


def test_a_problem_tells_whose_it_is_so_that_the_last_good_version_can_stay() -> None:
    (problem,) = parse_manifests(TASK.replace("task: report", "task: 5"), "a.yaml").problems

    assert problem.subject == "default/report"


def test_a_message_stays_one_line_whatever_the_manifest_holds() -> None:
    (line,) = lines_for(f'{TASK}  "a\\nb\\e[31m\\u2028": 1\n')

    assert line.isprintable()


def test_a_long_value_is_cut_in_a_message() -> None:
    (line,) = lines_for(f"{TASK}  schedule: {'x' * 400}\n")

    assert len(line) < 250


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("kind: ScheduledTask", "a.yaml:1: apiVersion: is missing; write scheduledtask.dev/v1alpha1"),
        ("apiVersion: v1", "a.yaml:1: kind: is missing; write ScheduledTask"),
        ("apiVersion: v1\nkind: 5", "a.yaml:2: kind: is not text; write ScheduledTask"),
        (
            "apiVersion: batch/v1\nkind: ScheduledTask",
            'a.yaml:1: apiVersion: "batch/v1" is not the one of ScheduledTask; write scheduledtask.dev/v1alpha1',
        ),
        (
            "apiVersion: scheduledtask.dev/v1alpha1\nkind: Task",
            'a.yaml:2: kind: "Task" is not a kind of scheduledtask.dev; write ScheduledTask',
        ),
        (
            "apiVersion: v1\nkind: scheduledtasks",
            'a.yaml:2: kind: "scheduledtasks" is not a kind of scheduledtask.dev; write ScheduledTask',
        ),
        ("[a, b]", "a.yaml:1: a document is a list, not a mapping; write fields such as apiVersion and kind"),
        ("just text", "a.yaml:1: a document is text, not a mapping; write fields such as apiVersion and kind"),
        ("", "a.yaml: holds no ScheduledTask; add one, with apiVersion: scheduledtask.dev/v1alpha1 and kind:"),
    ],
)
def test_a_document_that_is_no_scheduledtask_is_explained(head: str, expected: str) -> None:
    (line,) = lines_for(head)

    assert line.startswith(expected)
