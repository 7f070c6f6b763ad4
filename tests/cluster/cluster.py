"""What tests are given: a cluster, of whichever kind."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.commands import run
from tests.cluster.errors import NotOnThisClusterError

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Api:
    """An API server to talk to: `program` is the kubectl, `kubeconfig` and `context` say to whom.

    With a `discovery_cache` of its own, what kubectl remembers of an API server goes away with it.
    """

    program: str
    kubeconfig: Path
    context: str
    discovery_cache: Path | None = None

    def kubectl(self, *arguments: str, stdin: str = "", timeout_seconds: float = 120) -> str:
        """What kubectl wrote to standard output.

        Raises:
            CommandFailedError: with what it wrote, as a user would read it.
        """
        return run(self.command(*arguments), stdin=stdin, timeout_seconds=timeout_seconds)

    def apply(self, objects: Iterable[Manifest], *options: str) -> None:
        """All of them in one call, with `options` of kubectl apply. Raises CommandFailedError."""
        items = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", *options, "--filename=-", stdin=json.dumps(items))

    def command(self, *arguments: str) -> list[str]:
        """The program and its arguments, for those who run it themselves."""
        whom = [f"--kubeconfig={self.kubeconfig}", f"--context={self.context}"]
        if self.discovery_cache is not None:
            whom.append(f"--cache-dir={self.discovery_cache}")
        return [self.program, *whom, *arguments]


class Cluster(ABC):
    """A cluster that runs pods. What a kind of cluster cannot do raises NotOnThisClusterError."""

    kind: str

    def __init__(self, api: Api) -> None:
        self.api = api

    @property
    def kubeconfig(self) -> Path:
        return self.api.kubeconfig

    @property
    def context(self) -> str:
        return self.api.context

    def kubectl(self, *arguments: str, stdin: str = "", timeout_seconds: float = 120) -> str:
        """As Api.kubectl."""
        return self.api.kubectl(*arguments, stdin=stdin, timeout_seconds=timeout_seconds)

    def apply(self, objects: Iterable[Manifest], *options: str) -> None:
        """As Api.apply."""
        self.api.apply(objects, *options)

    @abstractmethod
    def load_image(self, archive: Path) -> None:
        """Bring an archive's image, OCI's or docker's, to the nodes; pods name it with `imagePullPolicy: Never`."""

    def has_image(self, image: str, image_id: str) -> bool:
        """Whether that name stands for that very image on the nodes: `remember_image` said so."""
        lines = self._containerd("images", "list").splitlines()[1:]
        digests = {name: digest for name, _, digest, *_ in map(str.split, lines)}
        return image in digests and digests[image] == digests.get(_remembered(image, image_id))

    def remember_image(self, image: str, image_id: str) -> str:
        """What was loaded under that name has this id in the engine's store; the node's own is of another form.

        The answer is another name of it on the nodes, by which pods can run it too.
        """
        remembered = _remembered(image, image_id)
        self.tag_image(image, remembered)
        return remembered

    def tag_image(self, image: str, other: str) -> None:
        """Another name of an image that is on the nodes."""
        self._containerd("images", "tag", "--force", image, other)

    def signal_container(self, namespace: str, pod: str, container: str, signal_name: str) -> None:
        """Send KILL, STOP, CONT… to every process of a running container, from outside of it."""
        statuses = f'jsonpath={{.status.containerStatuses[?(@.name=="{container}")].containerID}}'
        container_id = self.kubectl("get", "pod", pod, f"--namespace={namespace}", f"--output={statuses}")
        self._containerd("tasks", "kill", "--all", "--signal", signal_name, container_id.removeprefix("containerd://"))

    def stop_api_server(self) -> None:
        """Pods go on; nothing can be read or written until `start_api_server`."""
        raise NotOnThisClusterError(f"the API server of {self.kind} is not ours to stop")

    def start_api_server(self) -> None:
        """Returns when the API server answers again."""
        raise NotOnThisClusterError(f"the API server of {self.kind} is not ours to start")

    def _containerd(self, *arguments: str) -> str:
        """containerd's own client, on the node."""
        raise NotOnThisClusterError(f"there is no way to the node's containers on {self.kind}: {' '.join(arguments)}")


def _remembered(image: str, image_id: str) -> str:
    return f"{image}-{image_id.removeprefix('sha256:')[:12]}"
