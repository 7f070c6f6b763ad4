"""Small real servers in threads, each on a free port, for probes to meet."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Handle = Callable[[socket.socket], None]


class Pages(BaseHTTPRequestHandler):
    """`/STATUS` answers with that status; `/moved` leads to /200; `/key` wants the right header; `/drip` never ends."""

    def do_GET(self) -> None:
        if self.path == "/drip":
            self._drip()
            return
        status = 301 if self.path == "/moved" else int(self.path.strip("/").replace("key", self._for_key()))
        body = b"" if status == 204 else b"all is well, version 12\n"
        self.send_response(status)
        if status == 301:
            self.send_header("Location", "/200")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815

    def _for_key(self) -> str:
        return "200" if self.headers.get("X-Key") == "opens" else "401"

    def _drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):
            while not self.server.ended.wait(0.05):  # type: ignore[attr-defined]
                self.wfile.write(b".")

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        return


@contextmanager
def web_server(tls: ssl.SSLContext | None = None) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        server.ended = threading.Event()  # type: ignore[attr-defined]
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.ended.set()  # type: ignore[attr-defined]
            server.shutdown()
            thread.join()


@contextmanager
def socket_server(handle: Handle) -> Iterator[int]:
    """Each connection is handled in a thread and then closed."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        thread = threading.Thread(target=_serve, args=(listening, handle))
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listening: socket.socket, handle: Handle) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=_handle, args=(connection, handle), daemon=True).start()


def _handle(connection: socket.socket, handle: Handle) -> None:
    with suppress(OSError), connection:
        handle(connection)


def silent(connection: socket.socket) -> None:
    """Takes what comes and never answers, until the other side goes."""
    while connection.recv(1024):
        pass


def make_certificate(folder: Path, days: int, name: str = "localhost") -> tuple[Path, Path]:
    """Self-signed, its own CA: certificate and key in PEM."""
    certificate, key = folder / f"{name}-{days}.crt", folder / f"{name}-{days}.key"
    request = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}"]
    _openssl(*request, "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1", "-keyout", str(key), "-out", f"{key}.csr")
    signing = ["x509", "-req", "-in", f"{key}.csr", "-signkey", str(key), "-days", str(days)]
    _openssl(*signing, "-copy_extensions", "copy", "-out", str(certificate))  # x509 takes days that are over
    return certificate, key


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], capture_output=True, check=True)  # noqa: S607


def server_tls(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
