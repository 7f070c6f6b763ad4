"""The election's requests: what the simulated Lease does, the real one does; and tokens that are rotated."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from tests.cluster.cluster import Api
from tests.cluster.commands import wait_until
from tests.simulated_lease import SimulatedApi

from scheduledtask_operator.cluster.errors import ApiError, NoAccessError
from scheduledtask_operator.cluster.lease_client import LeaseClient
from scheduledtask_operator.cluster.lease_object import Claim, Lease, claimed, new_lease, record_of, released, renewed

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CLAIM = Claim("pod-a", 42, 10)
Store = LeaseClient | SimulatedApi


@pytest.fixture
def name() -> str:
    return f"lease-{uuid4().hex[:8]}"


@pytest.fixture
def client_for(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., LeaseClient]]:
    """By a kubeconfig, or by a service account's folder."""
    made = []

    def make(kubeconfig: Path | None = None, service_account: Path | None = None, context: str | None = None) -> Store:
        monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(kubeconfig))
        folder = service_account or tmp_path / "none"
        made.append(LeaseClient("default", name, timeout_seconds=10, context=context, service_account=folder))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture(params=["real", "simulated"])
def store(request: pytest.FixtureRequest, api: Api, client_for: Callable[..., LeaseClient]) -> Store:
    return client_for(api.kubeconfig) if request.param == "real" else SimulatedApi()


def fresh(name: str) -> Lease:
    return claimed(new_lease("default", name), CLAIM, NOW)


def test_a_lease_that_is_not_there_is_none(store: Store) -> None:
    assert store.read() is None


def test_what_is_written_is_read_and_has_a_version(store: Store, name: str) -> None:
    written = store.write(fresh(name))

    assert record_of(written) == record_of(fresh(name))
    assert store.read() == written
    assert written["metadata"]["resourceVersion"]


def test_a_lease_is_made_once(store: Store, name: str) -> None:
    store.write(fresh(name))

    with pytest.raises(ApiError) as refused:
        store.write(fresh(name))
    assert refused.value.is_conflict


def test_only_the_newest_version_is_written_over(store: Store, name: str) -> None:
    first = store.write(fresh(name))
    second = store.write(renewed(first, CLAIM, NOW.replace(second=2)))

    with pytest.raises(ApiError) as refused:
        store.write(claimed(first, Claim("pod-b", 43, 10), NOW))
    assert refused.value.is_conflict
    assert store.read() == second


def test_a_released_lease_is_one_that_was_read(store: Store, name: str) -> None:
    store.write(released(store.write(fresh(name)), 42, NOW))

    read = store.read()
    assert read is not None
    assert record_of(read).is_released
    assert record_of(read).fence == 42


def test_what_was_deleted_is_not_written_over(store: Store, name: str, api: Api) -> None:
    lease = store.write(fresh(name))
    if isinstance(store, SimulatedApi):
        store.delete()
    else:
        api.kubectl("delete", "lease", name)

    with pytest.raises(ApiError) as refused:
        store.write(renewed(lease, CLAIM, NOW))
    assert refused.value.is_conflict


def refused(client: LeaseClient) -> int:
    """The status of a reading that was refused; 0 where it was not."""
    try:
        client.read()
    except ApiError as error:
        return error.status
    return 0


def token(api: Api, account: str) -> tuple[str, str]:
    """A token of the service account, and the secret that ends it when it is deleted."""
    secret = f"{account}-{uuid4().hex[:8]}"
    api.kubectl("create", "secret", "generic", secret)
    uid = api.kubectl("get", "secret", secret, "--output=jsonpath={.metadata.uid}")
    bound = ["--bound-object-kind=Secret", f"--bound-object-name={secret}", f"--bound-object-uid={uid}"]
    return api.kubectl("create", "token", account, *bound).strip(), secret


def test_a_rotated_token_is_read_again(
    api: Api,
    name: str,
    tmp_path: Path,
    client_for: Callable[..., LeaseClient],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = json.loads(api.kubeconfig.read_text())["clusters"][0]["cluster"]
    host, port = cluster["server"].removeprefix("https://").split(":")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    api.kubectl("create", "serviceaccount", name)
    api.kubectl("create", "role", name, "--verb=get,create,update", "--resource=leases.coordination.k8s.io")
    api.kubectl("create", "rolebinding", name, f"--role={name}", f"--serviceaccount=default:{name}")
    (tmp_path / "ca.crt").write_bytes((api.kubeconfig.parent / "ca.crt").read_bytes())
    first, secret = token(api, name)
    (tmp_path / "token").write_text(first)
    client = client_for(service_account=tmp_path)
    client.write(fresh(name))

    second, _ = token(api, name)
    api.kubectl("delete", "secret", secret)
    (tmp_path / "token").write_text(second)

    # The API server itself remembers for ten seconds that a token was good.
    wait_until("the first token's end", lambda: refused(client) == 401, timeout_seconds=60)
    assert client.read() is not None


def test_a_context_that_does_not_exist_is_said(api: Api, client_for: Callable[..., LeaseClient]) -> None:
    with pytest.raises(NoAccessError, match="elsewhere"):
        client_for(api.kubeconfig, context="elsewhere").read()
