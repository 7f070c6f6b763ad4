"""Redis servers and Sentinels as processes of a test, with TLS or without, each killed at its end."""

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import redis
from tests.services.certificates import Certificates
from tests.services.packages import Programs

from scheduledtask_workloads.broker import connect
from scheduledtask_workloads.contract.redis_endpoint import Credentials, Host, RedisEndpoint

MASTER = "tasks"
START_SECONDS = 60.0  # a loaded machine takes its time
DOWN_AFTER_MILLISECONDS = 1000


@dataclass
class Node:
    """One process. `options` are lines of its configuration, over those that every node has."""

    programs: Programs
    folder: Path
    port: int
    password: str
    certificates: Certificates | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    is_sentinel: bool = False
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> RedisEndpoint:
        """This server itself, as its administrator."""
        tls = self.certificates
        login = Credentials(password=self.password)
        hosts = (Host("127.0.0.1", self.port),)
        return RedisEndpoint(hosts, credentials=login, tls=tls is not None, ca_file=tls.ca if tls else None)

    @property
    def url(self) -> str:
        return self.endpoint.url

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        configuration = self.folder / "node.conf"
        if not configuration.exists():  # a Sentinel writes into its own what it has learned, a server its role
            lines = {**self._address(), **self._common(), **self.options}
            configuration.write_text("".join(f"{name} {value}\n" for name, value in lines.items()))
        program = self.programs.path("redis-sentinel" if self.is_sentinel else "redis-server")
        with (self.folder / "node.log").open("ab") as log:
            self.process = subprocess.Popen(
                [program, str(configuration)], stdout=log, stderr=log, env=self.programs.environment
            )
        await_true(self.answers, lambda: (self.folder / "node.log").read_text()[-3000:], START_SECONDS)

    def answers(self) -> bool:
        try:
            with self.client() as client:
                client.ping()
        except redis.RedisError:
            return False
        return True

    def client(self) -> redis.Redis:
        return connect(self.endpoint, socket_timeout=2, socket_connect_timeout=2, decode_responses=True)

    def role(self) -> str:
        with self.client() as client:
            return str(client.info("replication")["role"])

    def follows(self) -> bool:
        """Whether it is a replica that hears its master."""
        with self.client() as client:
            return client.info("replication").get("master_link_status") == "up"

    def users(self) -> list[str]:
        with self.client() as client:
            return [str(user) for user in client.acl_users()]

    def kill(self) -> None:
        """As a power cut would: SIGKILL. Nothing, when it does not run."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGCONT)

    def _address(self) -> dict[str, str]:
        tls = self.certificates
        if tls is None:
            return {"port": str(self.port)}
        return {
            "port": "0",
            "tls-port": str(self.port),
            "tls-cert-file": str(tls.certificate),
            "tls-key-file": str(tls.key),
            "tls-ca-cert-file": str(tls.ca),
            "tls-auth-clients": "no",
            "tls-replication": "yes",
        }

    def _common(self) -> dict[str, str]:
        ours = {"bind": "127.0.0.1", "dir": str(self.folder), "requirepass": self.password}
        if self.is_sentinel:
            return ours
        durable = {"appendonly": "yes", "save": '""', "maxmemory-policy": "noeviction", "repl-diskless-sync-delay": "0"}
        return {**ours, **durable, "masterauth": self.password}


class Sentinels:
    """A master, its replica, and three Sentinels that watch them."""

    def __init__(self, programs: Programs, folder: Path, certificates: Certificates | None) -> None:
        self._certificates = certificates
        password, self.sentinel_password = secrets.token_urlsafe(12), secrets.token_urlsafe(12)
        master, replica, *watchers = free_ports(5)
        follow = {"replicaof": f"127.0.0.1 {master}"}
        self.servers = [
            Node(programs, folder / "one", master, password, certificates),
            Node(programs, folder / "two", replica, password, certificates, follow),
        ]
        watch = {
            f"sentinel monitor {MASTER}": f"127.0.0.1 {master} 2",
            f"sentinel auth-pass {MASTER}": password,
            f"sentinel down-after-milliseconds {MASTER}": str(DOWN_AFTER_MILLISECONDS),
            f"sentinel failover-timeout {MASTER}": "5000",
            "sentinel sentinel-pass": self.sentinel_password,
        }
        self.sentinels = [
            Node(programs, folder / f"sentinel-{port}", port, self.sentinel_password, certificates, watch, True)
            for port in watchers
        ]

    @property
    def endpoint(self) -> RedisEndpoint:
        return RedisEndpoint(
            hosts=tuple(Host("127.0.0.1", node.port) for node in self.sentinels),
            credentials=Credentials(password=self.servers[0].password),
            master=MASTER,
            sentinel_credentials=Credentials(password=self.sentinel_password),
            tls=self._certificates is not None,
            ca_file=self._certificates.ca if self._certificates else None,
        )

    @property
    def url(self) -> str:
        return self.endpoint.url

    def start(self) -> None:
        """Until a failover would succeed: the replica follows, and the Sentinels know it and each other."""
        for node in (*self.servers, *self.sentinels):
            node.start()
        await_true(self.are_complete, self.describe, START_SECONDS)

    def are_complete(self) -> bool:
        for node in self.sentinels:
            with node.client() as client:
                found = client.sentinel_masters()[MASTER]
            if (found["num-other-sentinels"], found["num-slaves"]) != (2, 1):
                return False
        return any(node.follows() for node in self.servers)  # whichever: they may have changed places

    def describe(self) -> str:
        """What each says of the others, and its log's end."""
        roles = [node.role() for node in self.servers]
        logs = [(node.folder / "node.log").read_text()[-1500:] for node in self.sentinels]
        return "\n".join([f"the Sentinels do not know each other; the servers are {roles}", *logs])

    def stop(self) -> None:
        for node in (*self.sentinels, *self.servers):
            node.kill()


def free_ports(count: int) -> list[int]:
    """Free at this moment."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def await_true(condition: Callable[[], object], explain: Callable[[], str], deadline_seconds: float = 30.0) -> None:
    end = time.monotonic() + deadline_seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_seconds:g} s: {explain()}")
        time.sleep(0.05)
