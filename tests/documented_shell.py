"""A shell in which the commands of the docs are run as they stand there, on an API server of a test's own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.cluster import Api
from tests.docs_blocks import ROOT, blocks

TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    output: str
    error: str


@dataclass(frozen=True, slots=True)
class Shell:
    """In a folder that has what the pages speak of: `hello.yaml`, `ca.crt`, `examples/`, the chart, `values.yaml`."""

    api: Api
    folder: Path

    def __call__(self, command: str) -> Ended:
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", command],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def _environment(self) -> dict[str, str]:
        of_kubectl = {"KUBECONFIG": str(self.api.kubeconfig), "KUBECACHEDIR": str(self.folder / "discovery")}
        of_helm = {f"HELM_{name}_HOME": str(self.folder / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return {**os.environ, **of_kubectl, **of_helm, "PATH": path, "NO_COLOR": "1"}


def shell(api: Api, folder: Path, *programs: str) -> Shell:
    """With kubectl, its plugin, and these programs by their paths."""
    (folder / "bin").mkdir()
    plugin = Path(sys.executable).with_name("kubectl-scheduledtask")
    for program in (Path(api.program), plugin, *map(Path, programs)):
        (folder / "bin" / program.name).symlink_to(program)
    for name in ("examples", "helm"):
        (folder / name).symlink_to(ROOT / name)
    hello = next(block.text for block in blocks("yaml") if block.place.startswith("docs/getting-started.md"))
    for name, text in (("hello.yaml", hello), ("ca.crt", "-----BEGIN CERTIFICATE-----\n"), ("values.yaml", "{}\n")):
        (folder / name).write_text(text, encoding="utf-8")
    return Shell(api, folder)
