"""Whose a bearer token is, and what they may: the API server is asked both, each time."""

from dataclasses import dataclass
from typing import Any

from scheduledtask_operator.api import GROUP, PLURAL
from scheduledtask_operator.cluster.client import Client, object_path
from scheduledtask_operator.manifests.installation_names import READ_API_AUDIENCE
from scheduledtask_workloads.contract import TaskKey

LOG_SUBRESOURCE = "log"
_TOKEN_REVIEWS = object_path("authentication.k8s.io/v1", "tokenreviews")
_ACCESS_REVIEWS = object_path("authorization.k8s.io/v1", "subjectaccessreviews")


@dataclass(frozen=True, slots=True)
class Asker:
    """As the API server knows them; `extra` and `groups` are what its authorizers may judge by."""

    name: str
    uid: str
    groups: tuple[str, ...]
    extra: dict[str, list[str]]


class AccessReviews:
    """Raises ClusterError where the API server does not answer, or lets the operator not ask."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def asker(self, token: str) -> Asker | None:
        """None when the token is nobody's. One of this audience alone is taken, and one for the API server itself."""
        return await self._review(token, [READ_API_AUDIENCE]) or await self._review(token, [])

    async def may_read_log(self, asker: Asker, key: TaskKey) -> bool:
        """Whether they may `get scheduledtasks/log` of that ScheduledTask."""
        wanted = {
            "namespace": key.namespace,
            "verb": "get",
            "group": GROUP,
            "resource": PLURAL,
            "subresource": LOG_SUBRESOURCE,
            "name": key.name,
        }
        who: dict[str, Any] = {"user": asker.name, "uid": asker.uid, "groups": list(asker.groups), "extra": asker.extra}
        spec = {**who, "resourceAttributes": wanted}
        answer = await self._client.create(
            _ACCESS_REVIEWS, {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
        )
        return (answer.get("status") or {}).get("allowed") is True

    async def _review(self, token: str, audiences: list[str]) -> Asker | None:
        spec: dict[str, Any] = {"token": token, **({"audiences": audiences} if audiences else {})}
        answer = await self._client.create(
            _TOKEN_REVIEWS, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec}
        )
        status = answer.get("status") or {}
        if status.get("authenticated") is not True or not set(audiences) <= set(status.get("audiences") or audiences):
            return None
        user = status.get("user") or {}
        groups, extra = tuple(user.get("groups") or ()), dict(user.get("extra") or {})
        return Asker(str(user.get("username", "")), str(user.get("uid", "")), groups, extra)
