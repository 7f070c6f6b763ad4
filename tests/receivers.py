"""A mail server and a web server that keep what they get, and answer as a test says."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

Answers = Callable[["Request"], tuple[int, dict[str, str]]]


@dataclass
class Mails:
    """`refuse` is given each recipient; what it returns is the server's answer to it, empty for a welcome."""

    refuse: Callable[[str], str] = lambda recipient: ""
    got: list[EmailMessage] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802  aiosmtpd's name
        refusal = self.refuse(address)
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.got.append(message)
        return "250 taken"


class _AnyPort(Controller):
    """It knocks at its own door when it has started, and takes the port to be the one that was asked for."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server() -> Iterator[Mails]:
    mails = Mails()
    controller = _AnyPort(mails, hostname="127.0.0.1", port=0)
    controller.start()
    mails.port = controller.port
    try:
        yield mails
    finally:
        controller.stop()


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Web:
    """`answer` gets each request, in a thread of its own, and says status and headers."""

    answer: Answers = lambda request: (200, {})
    got: list[Request] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    url: str = ""

    def paths(self) -> list[str]:
        return sorted(request.path for request in self.got)


@contextmanager
def web_server() -> Iterator[Web]:
    web, lock = Web(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _take(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            body = json.loads(raw) if raw[:1] in (b"{", b"[", b'"') else raw.decode()
            request = Request(self.command, self.path, dict(self.headers), body)
            with lock:
                web.got.append(request)
                web.at_once += 1
                web.most_at_once = max(web.most_at_once, web.at_once)
            status, headers = web.answer(request)
            with lock:
                web.at_once -= 1
            self._say(status, headers)

        def _say(self, status: int, headers: dict[str, str]) -> None:
            said = f"said {status}".encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(said)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _take  # noqa: N815

        def log_message(self, *args: object) -> None:
            """Nothing: a client that was killed is part of the tests."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request, client_address) -> None:
            """As above."""

    server = Server(("127.0.0.1", 0), Handler)
    web.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
