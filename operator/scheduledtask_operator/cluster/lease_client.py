"""The requests of the election: a client of its own, so that nothing else's queue, pool or timeout delays a renewal.

Synchronous, for a thread of its own. One attempt a request: the election knows better when to try again.
"""

import json
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import client, config
from kubernetes.config.incluster_config import InClusterConfigLoader

from scheduledtask_operator.cluster.client import refusal
from scheduledtask_operator.cluster.errors import ApiError, NoAccessError, UnreachableError
from scheduledtask_operator.cluster.lease_object import Lease

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class LeaseClient:
    """Reads and writes one Lease. Whom it asks, and by which credentials, is read at the first request, and again when
    it was not let in: a token may have been rotated.

    `context` names one of the kubeconfig's; without, a pod's service account comes first, then the current context.
    """

    def __init__(
        self,
        namespace: str,
        name: str,
        *,
        timeout_seconds: float,
        context: str | None = None,
        service_account: Path = SERVICE_ACCOUNT,
    ) -> None:
        self._leases = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._path = f"{self._leases}/{name}"
        self._timeout_seconds = timeout_seconds
        self._context = context
        self._service_account = service_account
        self._api: client.ApiClient | None = None

    def read(self) -> Lease | None:
        """None where there is none. Raises NoAccessError, UnreachableError, ApiError."""
        try:
            return self._ask("GET", self._path)
        except ApiError as error:
            if error.is_missing:
                return None
            raise

    def write(self, lease: Lease) -> Lease:
        """Over the version it was read from, or as a new one where it has no version; as the API then has it.

        Raises:
            ApiError: among others a conflict: another version is there, or the one that was read was deleted.
            NoAccessError, UnreachableError: it may have been written, or not.
        """
        is_new = "resourceVersion" not in lease["metadata"]
        return self._ask("POST", self._leases, lease) if is_new else self._ask("PUT", self._path, lease)

    def close(self) -> None:
        if self._api is not None:
            self._api.rest_client.close()
            self._api = None

    def _ask(self, method: str, path: str, body: Lease | None = None) -> Lease:
        try:
            return self._request(method, path, body)
        except (NoAccessError, UnreachableError):
            self.close()
            raise
        except ApiError as error:
            if error.status == 401:
                self.close()
            raise

    def _request(self, method: str, path: str, body: Lease | None) -> Lease:
        api = self._connect()
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        try:
            call = api.param_serialize(method, path, None, None, headers, body, auth_settings=["BearerToken"])
            response: Any = api.call_api(*call, _request_timeout=self._timeout_seconds)
            data: bytes = response.read()
        except (urllib3.exceptions.HTTPError, client.ApiException, config.ConfigException, OSError) as error:
            raise UnreachableError(f"no answer from the API server {api.configuration.host}: {error}") from error
        if response.status >= 300:
            raise refusal(response.status, response.reason or "", data)
        try:
            lease: Lease = json.loads(data)
        except ValueError as error:
            raise UnreachableError(f"no API server at {api.configuration.host}: it answers {data[:80]!r}") from error
        return lease

    def _connect(self) -> client.ApiClient:
        if self._api is None:
            configuration = client.Configuration()
            configuration.retries = False
            self._load(configuration)
            self._api = client.ApiClient(configuration)
            self._api.user_agent = "scheduledtask-operator/leadership"
        return self._api

    def _load(self, configuration: client.Configuration) -> None:
        try:
            if self._context is None and self._load_service_account(configuration):
                return
            load: Any = config.load_kube_config
            load(context=self._context, client_configuration=configuration, persist_config=False)
        except (config.ConfigException, OSError) as error:
            fix = "run in a pod with a service account, or set KUBECONFIG"
            raise NoAccessError(f"no API server to talk to: {error}; {fix}") from error

    def _load_service_account(self, configuration: client.Configuration) -> bool:
        loader: Any = InClusterConfigLoader
        token, authority = (str(self._service_account / file) for file in ("token", "ca.crt"))
        try:
            loader(token_filename=token, cert_filename=authority).load_and_set(configuration)
        except config.ConfigException:
            return False
        return True
