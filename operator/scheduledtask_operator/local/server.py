"""The embedded server as a supervised program, and the wait until it answers."""

import asyncio
import socket
from pathlib import Path

from scheduledtask_operator.local.embedded_server import (
    EmbeddedServerError,
    ServerAddress,
    find_server,
    held_port,
    new_address,
    server_arguments,
)
from scheduledtask_operator.local.errors import ServerStartError
from scheduledtask_operator.local.state_folder import StateFolder
from scheduledtask_operator.local.supervisor import Program, Supervised, Supervisor

NAME = "server"
START_TIMEOUT_SECONDS = 30.0  # an append-only file of some hundred MB is read in that
POLL_SECONDS = 0.02


async def start_server(supervisor: Supervisor, folder: StateFolder, environment: dict[str, str]) -> str:
    """Start it and wait until it answers; its URL. Raises ServerStartError with the reason that it gave."""
    with held_port() as port:
        address = new_address(port)
        await _start(supervisor, folder, environment, address)
    return address.url


async def _start(
    supervisor: Supervisor, folder: StateFolder, environment: dict[str, str], address: ServerAddress
) -> None:
    try:
        arguments = await asyncio.to_thread(server_arguments, find_server(), address, folder.server_data)
        child = await supervisor.start(Program(NAME, tuple(arguments), environment))
    except EmbeddedServerError as error:
        raise ServerStartError(str(error)) from error
    except OSError as error:
        raise ServerStartError(f"the embedded server can't be started: {error}") from error
    try:
        await _await_answer(child, address)
    except ServerStartError as error:
        fix = f"to start without what it knew, move {folder.server_data} away, or name another --state"
        raise ServerStartError(f"{error}; {fix}") from error


async def _await_answer(child: Supervised, address: ServerAddress) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + START_TIMEOUT_SECONDS
    first_pid = child.pid
    while loop.time() < deadline:
        if child.pid != first_pid:
            raise ServerStartError(f"the embedded server ended at its start: {last_log_line(child.log_file)}")
        if await asyncio.to_thread(_answers, address):
            return
        await asyncio.sleep(POLL_SECONDS)
    raise ServerStartError(
        f"the embedded server gave no answer within {START_TIMEOUT_SECONDS:g} s: {last_log_line(child.log_file)}"
    )


def _answers(address: ServerAddress) -> bool:
    """PONG, said without a client: only the data plane has one."""
    question = f"AUTH {address.password}\r\nPING\r\n".encode()
    try:
        with socket.create_connection(("127.0.0.1", address.port), timeout=1.0) as connection:
            connection.sendall(question)
            answer = b""
            while b"+PONG" not in answer and (part := connection.recv(1024)):
                answer += part
    except OSError:
        return False
    return b"+PONG" in answer


def last_log_line(file: Path) -> str:
    """What a program said last, and where the rest of it is."""
    lines = [line for line in file.read_text(errors="replace").splitlines() if line.strip()] if file.exists() else []
    return f"{lines[-1].strip() if lines else 'it said nothing'} (see {file})"
