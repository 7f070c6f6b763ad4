"""The definitions of the prometheus-operator, from its Go module: they judge our PodMonitor and PrometheusRule."""

import json
from pathlib import Path

from tests.cluster.commands import run
from tests.cluster.places import places

MODULE = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
HASH = "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s="
KINDS = ("podmonitors", "prometheusrules")


def definitions() -> list[Path]:
    """Raises CommandFailedError where there is no Go, or the module could not be fetched."""
    cache = {"GOMODCACHE": str(places().cache / "modules"), "GOFLAGS": "-mod=mod -modcacherw"}
    module = json.loads(run(["go", "mod", "download", "-json", MODULE], environment=cache))
    assert module["Sum"] == HASH, f"{MODULE} is not what it was: {module['Sum']}"
    folder = Path(module["Dir"]) / "example" / "prometheus-operator-crd"
    return [folder / f"monitoring.coreos.com_{kind}.yaml" for kind in KINDS]
