"""Each command of Helm that the docs have, run as it stands there, in the order of the pages, on an API server.

`--no-hooks` is added: those are Jobs, which no node runs here.
"""

import shutil
from collections.abc import Iterator

import pytest
from tests.cluster.api_server import api_server
from tests.cluster.helm import NAMESPACE, RELEASE, Helm
from tests.documented_commands import BY_HELM, run_by
from tests.documented_shell import Shell, shell

LISTED = f"helm list --short --namespace {NAMESPACE}"
REMOVING = f"helm uninstall {RELEASE} --namespace {NAMESPACE} --no-hooks"
WITH_HOOKS = ("helm install ", "helm upgrade ", "helm rollback ", "helm uninstall ")


@pytest.fixture(scope="module")
def reader(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """On an API server of this file's own, where no CRDs are but those of the chart."""
    assert shutil.which(helm.program)
    with api_server() as server:
        yield shell(server, tmp_path_factory.mktemp("reader"), helm.program)


@pytest.mark.parametrize("command", run_by(BY_HELM))
def test_a_command_of_the_pages_succeeds(reader: Shell, command: str) -> None:
    installed = RELEASE in reader(LISTED).output
    if installed and command.startswith("helm install "):
        assert reader(REMOVING).code == 0

    ended = reader(f"{command} --no-hooks" if command.startswith(WITH_HOOKS) else command)

    assert ended.code == 0, ended
    assert (RELEASE in reader(LISTED).output) == (not command.startswith("helm uninstall "))


def test_every_way_of_a_release_is_among_them() -> None:
    assert {command.split()[1] for command in run_by(BY_HELM)} >= {"install", "upgrade", "rollback", "uninstall"}
