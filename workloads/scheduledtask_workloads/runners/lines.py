"""Lines between the program, the nursery and the children, over sockets that are read as they come."""

from pydantic import TypeAdapter

from scheduledtask_workloads.contract import AttemptReport
from scheduledtask_workloads.contract.framing import LINE_LIMIT_BYTES
from scheduledtask_workloads.contract.model import Message


class ChildWord(Message):
    """What a child says: that the body begins, and how it ended. One that is `leaving` takes no further run."""

    started_at: float | None = None
    report: AttemptReport | None = None
    leaving: str = ""


class Birth(Message):
    """Comes with one descriptor, the child's socket. A serial is never used twice."""

    serial: int
    output: str  # path of the file for what bodies print


class NurseryOrder(Message):
    """One of the three: fork a child, ask its body to stop (SIGTERM), end it with all it started (SIGKILL)."""

    bear: Birth | None = None
    ask: int | None = None
    end: int | None = None


class NurseryWord(Message):
    """`pid` at birth, `status` (waitpid's) at death, `problem` when no child could be born."""

    ready: bool = False
    serial: int = 0
    pid: int | None = None
    status: int | None = None
    problem: str = ""


child_word = TypeAdapter(ChildWord)
nursery_order = TypeAdapter(NurseryOrder)
nursery_word = TypeAdapter(NurseryWord)


class LineTooLongError(Exception):
    """The peer does not speak in lines."""


class LineSplitter:
    """Bytes in, whole lines out."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Raises LineTooLongError above LINE_LIMIT_BYTES."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LINE_LIMIT_BYTES:
            raise LineTooLongError(f"a line of more than {LINE_LIMIT_BYTES} bytes")
        return lines


def to_line(message: Message) -> bytes:
    return message.model_dump_json(exclude_defaults=True).encode() + b"\n"
