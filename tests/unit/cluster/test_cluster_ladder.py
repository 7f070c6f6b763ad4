"""Which cluster the tests take: never one that its owner did not name for them."""

from pathlib import Path

import pytest
from tests.cluster.errors import NoClusterError
from tests.cluster.ladder import Rung, choose
from tests.cluster.places import places

NAMED = {"E2E_KUBECONFIG": "/home/me/test.kubeconfig", "E2E_CONTEXT": "test"}


def test_a_named_cluster_comes_first() -> None:
    assert choose(NAMED) is Rung.NAMED


@pytest.mark.parametrize("absent", NAMED)
def test_half_a_name_is_an_error_that_says_which_half(absent: str) -> None:
    half = {name: value for name, value in NAMED.items() if name != absent}

    with pytest.raises(NoClusterError, match=f"^{absent} is not set"):
        choose(half)


def test_kubeconfig_alone_names_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(NoClusterError) as none:
        choose({"KUBECONFIG": "/home/me/production"})

    assert "production" not in str(none.value)
    assert str(none.value).startswith("no E2E_KUBECONFIG with E2E_CONTEXT, no kind with a Docker engine, and ")
    assert "\n" not in str(none.value)


def test_the_cache_is_where_others_keep_theirs_unless_told_otherwise() -> None:
    assert places({"XDG_CACHE_HOME": "/c"}).cache == Path("/c/scheduledtask-cluster")
    assert places({"XDG_CACHE_HOME": "/c", "SCHEDULEDTASK_CLUSTER_CACHE": "/d"}).cache == Path("/d")
    assert places({}).cache == Path.home() / ".cache" / "scheduledtask-cluster"
