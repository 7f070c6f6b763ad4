"""Helm, and our chart: rendered, refused, installed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.cluster.binaries import HELM, KUBERNETES_VERSION, build
from tests.cluster.cluster import Api
from tests.cluster.commands import run
from tests.cluster.errors import CommandFailedError
from tests.cluster.places import Places
from tests.cluster.progress import Progress

CHART = Path(__file__).parents[2] / "helm" / "scheduledtask-operator"
RELEASE = "scheduledtask-operator"
NAMESPACE = "scheduledtask-system"

Json = dict[str, Any]
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Helm:
    """`program` is Helm's own."""

    program: str
    chart: Path = CHART

    def render(self, values: Values | None = None, *, release: str = RELEASE, namespace: str = NAMESPACE) -> list[Json]:
        """Every object, hooks too, as `helm template` prints them. Raises CommandFailedError with Helm's message."""
        return [each for each in yaml.safe_load_all(self.text(values, release, namespace)) if each]

    def text(self, values: Values | None = None, release: str = RELEASE, namespace: str = NAMESPACE) -> str:
        """The YAML of it."""
        where = (f"--namespace={namespace}", f"--kube-version={KUBERNETES_VERSION}")
        return self._run("template", release, str(self.chart), *where, values=values)

    def refusal(self, values: Values) -> str:
        """What Helm says about values that it does not take. Raises AssertionError where it takes them."""
        try:
            self.text(values)
        except CommandFailedError as error:
            return str(error)
        raise AssertionError(f"the chart takes {dict(values)}")

    def lint(self, values: Values | None = None) -> str:
        return self._run("lint", str(self.chart), "--strict", f"--kube-version={KUBERNETES_VERSION}", values=values)

    def upgrade(
        self, api: Api, values: Values, *options: str, release: str = RELEASE, namespace: str = NAMESPACE
    ) -> str:
        """Install it, or bring it up to date; returns when its hooks have ended."""
        where = (release, str(self.chart), *_whom(api, namespace), *options)
        return self._run("upgrade", "--install", *where, values=values)

    def on(self, api: Api, *arguments: str, namespace: str = NAMESPACE) -> str:
        """Any other command about releases of that namespace."""
        return self._run(*arguments, *_whom(api, namespace))

    def _run(self, *arguments: str, values: Values | None = None) -> str:
        given = () if values is None else ("--values=-",)
        return run([self.program, *arguments, *given], stdin=json.dumps(values or {}), timeout_seconds=600)


def _whom(api: Api, namespace: str) -> tuple[str, ...]:
    return (f"--kubeconfig={api.kubeconfig}", f"--kube-context={api.context}", f"--namespace={namespace}")


def find_helm(places: Places, progress: Progress) -> Helm:
    """Built where it is missing. Raises what `build` raises."""
    build(places, progress, (HELM,))
    return Helm(places.binary(HELM.name))


def of_kind(objects: list[Json], kind: str) -> list[Json]:
    return [each for each in objects if each["kind"] == kind]


def named(objects: list[Json], kind: str, name: str) -> Json:
    """The one of that kind and name."""
    (found,) = [each for each in of_kind(objects, kind) if each["metadata"]["name"] == name]
    return found


def is_hook(manifest: Json) -> bool:
    return "helm.sh/hook" in manifest["metadata"].get("annotations", {})
