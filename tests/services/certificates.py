"""A certificate authority of a test's own, and a server's certificate by it."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAMES = "subjectAltName=IP:127.0.0.1,DNS:localhost"


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files; `other_ca` has signed nothing."""

    ca: Path
    certificate: Path
    key: Path
    other_ca: Path


def make_certificates(folder: Path) -> Certificates:
    folder.mkdir(parents=True, exist_ok=True)
    ca, ca_key = _authority(folder, "ca")
    other_ca, _ = _authority(folder, "other-ca")
    certificate, key = folder / "server.crt", folder / "server.key"
    request = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=server"]
    by_ca = ["-CA", str(ca), "-CAkey", str(ca_key), "-addext", NAMES, "-addext", "basicConstraints=critical,CA:FALSE"]
    _openssl(["req", "-x509", "-days", "2", *request, *by_ca, "-keyout", str(key), "-out", str(certificate)])
    return Certificates(ca, certificate, key, other_ca)


def _authority(folder: Path, name: str) -> tuple[Path, Path]:
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    request = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}"]
    usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    _openssl(["req", "-x509", "-days", "2", *request, *usage, "-keyout", str(key), "-out", str(certificate)])
    return certificate, key


def _openssl(arguments: list[str]) -> None:
    openssl = shutil.which("openssl")
    assert openssl is not None, "these tests need openssl on PATH"
    subprocess.run([openssl, *arguments], capture_output=True, text=True, check=True)
