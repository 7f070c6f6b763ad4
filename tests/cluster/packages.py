"""The Debian packages that the built cluster needs; this is their only list."""

import shutil

from tests.cluster.commands import run
from tests.cluster.errors import NoClusterError
from tests.cluster.progress import Progress

# package: the program by which its presence is known
PACKAGES = {
    "buildah": "buildah",
    "busybox-static": "busybox",
    "containerd": "containerd",
    "containernetworking-plugins": "/usr/lib/cni/bridge",
    "iproute2": "ip",
    "iptables": "iptables",
    "mmdebstrap": "mmdebstrap",
    "openssl": "openssl",
    "runc": "runc",
}


def missing_packages() -> list[str]:
    return [package for package, program in PACKAGES.items() if shutil.which(program) is None]


def install_packages(progress: Progress) -> None:
    """Install what is missing; a no-op when nothing is.

    Raises:
        NoClusterError: something is missing and this machine has no apt-get.
        CommandFailedError: apt-get could not.
    """
    missing = missing_packages()
    if not missing:
        return
    apt_get = shutil.which("apt-get")
    if apt_get is None:
        raise NoClusterError(f"install these yourself, there is no apt-get here: {' '.join(missing)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    with progress.step(f"installing {' '.join(missing)}"):
        run([apt_get, "update", "-qq"], environment=quiet)
        run([apt_get, "install", "-y", "-qq", "--no-install-recommends", *missing], environment=quiet)
