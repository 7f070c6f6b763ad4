"""What stands for Secrets on one machine: environment variables, and a folder with a file a key."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scheduledtask_operator.api import ParsedResource
from scheduledtask_operator.control.ports import SecretProblem
from scheduledtask_workloads.contract.secrets import VALUE_LIMIT_BYTES, SecretReference, references_in


@dataclass(frozen=True, slots=True)
class LocalSecrets:
    """The loop's Secrets port. `folder` has NAME/KEY files; None: there is no folder. A variable wins over a file."""

    environment: Mapping[str, str]
    folder: Path | None = None

    async def value(self, namespace: str, reference: SecretReference) -> str | SecretProblem:
        """All namespaces have the same here."""
        return self.find(reference)

    def find(self, reference: SecretReference) -> str | SecretProblem:
        given = self.environment.get(reference.readable_variable)
        if given is not None:
            return given
        if self.folder is None:
            return SecretProblem(
                f"{reference}: is not here; set {reference.readable_variable}, or give --secrets DIR with a file "
                f"DIR/{reference.name}/{reference.key}"
            )
        return self._in_file(reference, self.folder / reference.name / reference.key)

    def _in_file(self, reference: SecretReference, file: Path) -> str | SecretProblem:
        try:
            data = file.read_bytes()
            text = data.decode()
        except FileNotFoundError:
            return SecretProblem(f"{reference}: is not here; write {file}, or set {reference.readable_variable}")
        except (OSError, UnicodeDecodeError) as error:
            return SecretProblem(f"{reference}: {file} cannot be read as text: {error}")
        if len(data) > VALUE_LIMIT_BYTES:
            return SecretProblem(f"{reference}: {file} has {len(data)} bytes, and {VALUE_LIMIT_BYTES} are allowed")
        return text

    def problems(self, references: Iterable[SecretReference]) -> list[str]:
        """A line for each that has no value."""
        return [found.message for each in references if isinstance(found := self.find(each), SecretProblem)]

    def variables(self, references: Iterable[SecretReference]) -> dict[str, str]:
        """As a worker, or a run's process, has those that have a value."""
        found = {each: self.find(each) for each in references}
        return {each.variable: value for each, value in found.items() if isinstance(value, str)}


def missing_secrets(resources: Iterable[ParsedResource], secrets: LocalSecrets) -> list[str]:
    """A line, with its place, for each reference that has no value here."""
    return [
        f"{resource.source}:{resource.line}: spec.arguments: {problem}"
        for resource in resources
        for problem in secrets.problems(references_in(resource.task.spec.arguments))
    ]


def local_secrets(folder: Path | None) -> LocalSecrets:
    """By this process's environment."""
    return LocalSecrets(dict(os.environ), folder)
