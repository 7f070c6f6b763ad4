"""Templates, filled in.

Jinja2 in its immutable sandbox: a message about a run wants conditions, loops over results and number formats, which
`string.Template` has not; and arguments may come from people who may ask for runs and nothing else, so a template must
not reach the worker's process. What is missing is an error and no empty text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from scheduledtask_workloads.catalog import RunContext
from scheduledtask_workloads.tasks.notification.errors import TemplateProblem
from scheduledtask_workloads.tasks.notification.settings import Format, Kind, Settings, Target, Webhook

RENDERED_LIMIT_CHARACTERS = 200_000  # no service takes more, and a loop can write without end


@dataclass(frozen=True, slots=True)
class MessageText:
    """For one target. `payload` is the JSON of a webhook, None for a service."""

    title: str
    body: str
    kind: Kind
    payload: Any = None


def messages(settings: Settings, context: RunContext) -> dict[str, MessageText]:
    """By the target's name, all before the first is sent. Raises TemplateProblem."""
    values = known_values(settings, context)
    fill = _Filler(settings.format, values)
    kind = _kind(settings.kind, values["trigger"])
    return {target.name: _message(target, settings, fill, kind, values) for target in settings.targets}


def known_values(settings: Settings, context: RunContext) -> dict[str, Any]:
    """What templates may name: `run`, `trigger` (None where nothing triggered the run), `variables`."""
    run = {
        "namespace": context.namespace,
        "name": context.name,
        "run_id": context.run_id,
        "attempt": context.attempt,
        "slot": None if context.slot is None else context.slot.isoformat(),
    }
    trigger = None if context.triggered_by is None else context.triggered_by.model_dump(mode="json")
    return {"run": run, "trigger": trigger, "variables": settings.variables}


class _Filler:
    def __init__(self, format_: Format, values: Mapping[str, Any]) -> None:
        self._plain = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
        self._markup = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=format_ is Format.HTML)
        self._values = values

    def body(self, template: str, place: str) -> str:
        return self._fill(self._markup, template, place)

    def text(self, template: str, place: str) -> str:
        return self._fill(self._plain, template, place)

    def texts(self, value: Any, place: str) -> Any:
        """The same JSON with each of its texts filled in."""
        if isinstance(value, str):
            return self.text(value, place)
        if isinstance(value, dict):
            return {key: self.texts(item, f"{place}.{key}") for key, item in value.items()}
        if isinstance(value, list):
            return [self.texts(item, f"{place}[{index}]") for index, item in enumerate(value)]
        return value

    def _fill(self, environment: ImmutableSandboxedEnvironment, template: str, place: str) -> str:
        parts, length = [], 0
        try:
            for part in environment.from_string(template).generate(**self._values):
                parts.append(part)
                length += len(part)
                if length > RENDERED_LIMIT_CHARACTERS:
                    raise TemplateProblem(f"{place}: becomes more than {RENDERED_LIMIT_CHARACTERS} characters")
        except (TemplateError, TypeError, ValueError, ArithmeticError, AttributeError, LookupError) as error:
            line = getattr(error, "lineno", None)
            raise TemplateProblem(f"{place}{f', line {line}' if line else ''}: {error}") from error
        return "".join(parts)


def _message(target: Target, settings: Settings, fill: _Filler, kind: Kind, values: Mapping[str, Any]) -> MessageText:
    place = f"targets[{target.name}]"
    title = fill.text(target.title or settings.title, f"{place}.title" if target.title else "title")
    body = fill.body(target.body or settings.body, f"{place}.body" if target.body else "body")
    if target.webhook is None:
        return MessageText(title, body, kind)
    return MessageText(title, body, kind, _payload(target.webhook, fill, place, title, body, kind, values))


def _payload(
    webhook: Webhook, fill: _Filler, place: str, title: str, body: str, kind: Kind, values: Mapping[str, Any]
) -> Any:
    if webhook.json_body is not None:
        return fill.texts(webhook.json_body, f"{place}.webhook.json")
    return {"title": title, "body": body, "kind": kind.value, "run": values["run"], "trigger": values["trigger"]}


def _kind(asked: Kind, trigger: Mapping[str, Any] | None) -> Kind:
    if asked is not Kind.AUTO:
        return asked
    if trigger is None:
        return Kind.INFO
    return Kind.SUCCESS if trigger["outcome"] == "Succeeded" else Kind.FAILURE
