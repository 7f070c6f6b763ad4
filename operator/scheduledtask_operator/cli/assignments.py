"""`--set a.b=value` into nested arguments."""

from collections.abc import Iterable
from typing import Any

import yaml

from scheduledtask_operator.cli.problems import CommandProblem


class _JsonLoader(yaml.SafeLoader):
    """Without dates: an argument is JSON, where they are text."""


_JsonLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse_assignments(texts: Iterable[str]) -> dict[str, Any]:
    """Raises CommandProblem with a line for each text that is no assignment."""
    arguments: dict[str, Any] = {}
    problems = []
    for text in texts:
        try:
            _assign(arguments, *_split(text))
        except ValueError as error:
            problems.append(f"--set {text}: {error}")
    if problems:
        raise CommandProblem(problems)
    return arguments


def _split(text: str) -> tuple[list[str], Any]:
    path, separator, value = text.partition("=")
    keys = path.split(".")
    if not separator or not all(keys):
        raise ValueError("write it as key=value, or outer.inner=value")
    try:
        return keys, yaml.load(value, _JsonLoader)  # noqa: S506  a safe loader with fewer types
    except yaml.YAMLError as error:
        raise ValueError(f"{value!r} is not YAML: {' '.join(str(error).split())}; quote it") from error


def _assign(arguments: dict[str, Any], keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        arguments = arguments.setdefault(key, {})
        if not isinstance(arguments, dict):
            raise ValueError(f"{key} already has a value of its own")  # noqa: TRY004  a person's input, not a type
    if keys[-1] in arguments:
        raise ValueError("it is set twice")
    arguments[keys[-1]] = value
