"""python -m tests.cluster VERB: a cluster for the tests, from a shell."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from images.engines import ImageError
from tests.cluster import ladder
from tests.cluster.binaries import build
from tests.cluster.demo import demo
from tests.cluster.errors import ClusterError
from tests.cluster.images import base_image
from tests.cluster.installing import install_on
from tests.cluster.packages import install_packages
from tests.cluster.places import Places, places
from tests.cluster.progress import Progress
from tests.cluster.status import status

# verb: what it does, and how. What a caller may want to read goes to standard output, the progress to standard error.
Verb = Callable[[Places, Progress, argparse.Namespace], str | None]
VERBS: dict[str, tuple[str, Verb]] = {
    "packages": (
        "install the Debian packages that the built cluster needs",
        lambda _where, progress, _given: install_packages(progress),
    ),
    "build": (
        "build its programs from their Go modules: ten minutes the first time",
        lambda where, progress, _given: build(where, progress),
    ),
    "up": (
        "start a cluster, or find the one that runs; print its kubeconfig's path",
        lambda where, progress, _given: str(ladder.up(where, progress).kubeconfig),
    ),
    "down": ("remove it; the cache stays", lambda where, progress, _given: ladder.down(where, progress)),
    "status": (
        "which cluster, whether it runs, and what it uses",
        lambda where, _progress, _given: status(where),
    ),
    "kubeconfig": (
        "print the kubeconfig's path",
        lambda where, _progress, _given: str(ladder.find(where).kubeconfig),
    ),
    "base-image": (
        "make the stand-in for python:3-slim; print its name",
        lambda _where, progress, _given: base_image(progress),
    ),
    "install": (
        "bring the operator to the cluster, built from the source as it is; what stands is brought up to date",
        lambda where, progress, _given: install_on(ladder.find(where), where, progress),
    ),
    "demo": ("all of it, with the examples", lambda where, progress, _given: demo(where, progress)),
    "load": (
        "bring an image to the nodes",
        lambda where, _progress, given: ladder.find(where).load_image(given.archive),
    ),
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, (purpose, _) in VERBS.items():
        verb = verbs.add_parser(name, help=purpose)
        if name == "load":
            verb.add_argument("archive", type=Path, help="an OCI archive")
    return parser.parse_args()


def main() -> int:
    given = _arguments()
    _, perform = VERBS[given.verb]
    try:
        answer = perform(places(), Progress(), given)
    except (ClusterError, ImageError) as error:
        print(f"tests.cluster: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("tests.cluster: interrupted; the same command goes on where this one was", file=sys.stderr)
        return 130
    if answer is not None:
        print(answer)
    return 0


sys.exit(main())
