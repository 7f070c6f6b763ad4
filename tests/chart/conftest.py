"""The chart, rendered by Helm as users have it."""

import pytest
from tests.cluster.helm import Helm, find_helm
from tests.cluster.places import places
from tests.cluster.progress import Progress


@pytest.fixture(scope="session")
def helm() -> Helm:
    return find_helm(places(), Progress())
