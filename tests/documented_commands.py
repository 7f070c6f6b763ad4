"""Who runs the commands of the docs: a test, or a person, and then what is tested in their place.

Each command of a shell's block is in exactly one of the two tables; a test holds them against the pages.
"""

import re
from dataclasses import dataclass

from tests.docs_blocks import commands

ON_AN_API_SERVER = "tests/e2e/test_documented_commands_on_an_api_server.py"
BY_HELM = "tests/chart/test_documented_helm_commands.py"
BY_THE_PROGRAM = "tests/unit/test_docs_commands.py"
OF_ONES_OWN_TASK = "tests/integration/test_tasks_page.py"


@dataclass(frozen=True, slots=True)
class Way:
    pattern: str
    """What the command begins with, a regular expression."""
    test: str
    """Who runs it, or for one that no test runs: who tests what it does."""
    why: str = ""
    """Why no test runs it as it is written."""


RUN = (
    Way(r"kubectl (?!scheduledtask logs)", ON_AN_API_SERVER),
    Way(r"source <\(kubectl", ON_AN_API_SERVER),
    Way(r"helm (?!test )", BY_HELM),
    Way(r"scheduledtask (validate|explain|next|tasks) (?!temp-cleanup)", BY_THE_PROGRAM),
    Way(r"scheduledtask (tasks|run) temp-cleanup", OF_ONES_OWN_TASK),
)
NOT_RUN = (
    Way(
        r"kubectl scheduledtask logs ",
        "tests/e2e/test_plugin_logs_on_an_api_server.py",
        "it asks the leader through a port-forward, for which a node has to run its pod",
    ),
    Way(
        r"helm test ",
        "tests/e2e/test_removal_on_a_cluster.py",
        "its pod has to run; there it is run on a cluster, after an installation by the defaults",
    ),
    Way(
        r"scheduledtask dev -f hello\.yaml --for 30$",
        "tests/integration/dev/test_dev_survives_kills.py",
        "it takes half a minute; others run windows that are shorter",
    ),
    Way(
        r"scheduledtask dev -f \. --secrets secrets$|SCHEDULEDTASK_SECRET_\w+=\S+ scheduledtask dev |mkdir -p secrets/",
        "tests/integration/dev/test_dev_with_secrets.py",
        "it goes on until Ctrl-C",
    ),
    Way(
        r"scheduledtask operator ",
        "tests/unit/test_light_allowance.py",
        "it shows one option of many; the chart gives the others",
    ),
    Way(
        r"make (demo|test|install|e2e|e2e-full|cluster-up|cluster-down|demo-cluster)$|\. \.venv/bin/activate$",
        ".ci/run-on-a-cluster",
        "tests are what these start, or what starts tests",
    ),
    Way(
        r"make plugin$|cp build/kubectl-scheduledtask |pipx install ",
        "tests/integration/test_only_plugin_installed.py",
        "it fetches packages from an index, and puts programs on PATH",
    ),
    Way(
        r"make image\b|docker build |for part in |docker (tag|push) |done$",
        "tests/e2e/test_images_on_a_cluster.py",
        "images take minutes, and a registry to be pushed to; a cluster's tests build the same targets",
    ),
    Way(
        r"export BUILDAH_ISOLATION|buildah |\.venv/bin/python -m tests\.cluster (load|packages)\b",
        "tests/e2e/test_own_images_on_a_cluster.py",
        "it is for machines without docker, and for images that take minutes",
    ),
    Way(r"\.venv/bin/python -m pytest ", ".ci/run-on-a-cluster", "tests would run themselves"),
)


def run_by(test: str) -> list[str]:
    """The commands that this test has to run, each once, in the order of the pages."""
    patterns = [way.pattern for way in RUN if way.test == test]
    found = [text for _, text in commands() if any(re.match(pattern, text) for pattern in patterns)]
    return list(dict.fromkeys(found))
