"""The programs that Debian lacks, built from their Go modules; `modules/` pins each by version and hash."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.errors import CommandFailedError, NoClusterError
from tests.cluster.places import MODULES, Places
from tests.cluster.progress import Progress

# The newest minor whose kubelet takes cgroup v1 and Debian 12's containerd 1.6 as they are.
KUBERNETES_VERSION = "v1.34.4"
_KUBERNETES_STAMP = (
    f"-X k8s.io/component-base/version.gitVersion={KUBERNETES_VERSION} "
    "-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34"
)
HEARTBEAT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Program:
    """A program, the folder of `modules/` that pins it, and its Go package there."""

    name: str
    module: str
    package: str
    link_flags: str = ""


def _kubernetes(name: str) -> Program:
    return Program(name, "kubernetes", f"k8s.io/kubernetes/cmd/{name}", _KUBERNETES_STAMP)


# etcd: Debian's 3.4 is too old for this API server.
API_SERVER_PROGRAMS = (
    Program("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
    _kubernetes("kube-apiserver"),
    _kubernetes("kubectl"),
)
HELM = Program("helm", "helm", "helm.sh/helm/v3/cmd/helm")
ALL_PROGRAMS = (
    *API_SERVER_PROGRAMS,
    _kubernetes("kube-controller-manager"),
    _kubernetes("kube-scheduler"),
    _kubernetes("kubelet"),
    _kubernetes("kube-proxy"),
    Program("local-path-provisioner", "local-path-provisioner", "github.com/rancher/local-path-provisioner"),
    Program("coredns", "coredns", "github.com/coredns/coredns"),
    HELM,
)


def build(places: Places, progress: Progress, programs: Sequence[Program] = ALL_PROGRAMS) -> None:
    """Build what is missing or pinned anew. An interrupted build goes on where it was: compiled packages are kept.

    Raises:
        NoClusterError: there is no Go here.
        CommandFailedError: a build failed.
    """
    places.binaries.mkdir(parents=True, exist_ok=True)
    with _alone(places.cache / "build.lock", progress):
        for program in programs:
            if not _is_current(places, program):
                _build_program(places, progress, program)
        if all(_is_current(places, program) for program in ALL_PROGRAMS):
            _drop_go_caches(places, progress)


def _drop_go_caches(places: Places, progress: Progress) -> None:
    """8 GB that served to go on with an interrupted build; once all is built, only a new version would use them."""
    caches = places.cache / "go"
    if caches.exists():
        with progress.step("removing what only the build needed"):
            shutil.rmtree(caches)


def _is_current(places: Places, program: Program) -> bool:
    pin = _pin_path(places, program)
    return os.access(places.binary(program.name), os.X_OK) and pin.exists() and pin.read_text() == _pin(program)


def _pin_path(places: Places, program: Program) -> Path:
    return places.binaries / f".{program.name}.pin"


def _pin(program: Program) -> str:
    """A digest of everything that decides what is built."""
    digest = hashlib.sha256(f"{program.package} {program.link_flags}".encode())
    for name in ("go.mod", "go.sum"):
        digest.update((MODULES / program.module / name).read_bytes())
    return digest.hexdigest()


def _build_program(places: Places, progress: Progress, program: Program) -> None:
    """Built aside and moved into place, so that a program that is there is whole."""
    aside = places.cache / "part" / program.name
    aside.parent.mkdir(exist_ok=True)
    with progress.step(f"building {program.name}"):
        _go_build(places, progress, program, aside)
        aside.replace(places.binary(program.name))
        _pin_path(places, program).write_text(_pin(program))


def _go_build(places: Places, progress: Progress, program: Program, output: Path) -> None:
    command = [_go(), "build", "-v", "-trimpath", "-ldflags", f"-s -w {program.link_flags}"]
    command += ["-o", str(output), program.package]
    log = places.cache / f"build-{program.name}.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command, cwd=MODULES / program.module, env=_go_environment(places), stdout=sink, stderr=sink
        )
    try:
        exit_code = _await_end(process, progress, log)
    finally:
        process.kill()
        process.wait()
    if exit_code:
        raise CommandFailedError(command, exit_code, log.read_text()[-4000:])


def _await_end(process: "subprocess.Popen[bytes]", progress: Progress, log: Path) -> int:
    """The exit code; until then, a line every HEARTBEAT_SECONDS."""
    began = time.monotonic()
    while True:
        try:
            return process.wait(HEARTBEAT_SECONDS)
        except subprocess.TimeoutExpired:
            lines = log.read_text().splitlines()
            fetched = sum(line.startswith("go: downloading") for line in lines)
            seconds = time.monotonic() - began
            progress.say(f"  {seconds:.0f} s: {fetched} modules fetched, {len(lines) - fetched} packages compiled")


def _go() -> str:
    go = shutil.which("go")
    if go is None:
        raise NoClusterError(
            "building the cluster's programs needs Go 1.26.8 or newer on PATH, or an older one that may fetch it"
        )
    return go


def _go_environment(places: Places) -> dict[str, str]:
    """Go's own caches lie in ours unless the caller has set them, so that deleting one folder deletes all of it."""
    return {
        "GOCACHE": str(places.cache / "go" / "build"),
        "GOMODCACHE": str(places.cache / "go" / "modules"),
        **os.environ,
        "CGO_ENABLED": "0",
        "GOFLAGS": f"-buildvcs=false -modcacherw {os.environ.get('GOFLAGS', '')}".strip(),
    }


@contextmanager
def _alone(path: Path, progress: Progress) -> Iterator[None]:
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("another build is going on; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
