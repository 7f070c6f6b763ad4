"""The children there are: born ahead of need, kept to a namespace, replaced when they leave or die."""

import asyncio
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from scheduledtask_workloads.runners.errors import NurseryLostError
from scheduledtask_workloads.runners.lines import Birth, ChildWord, NurseryWord
from scheduledtask_workloads.runners.nursery_link import NurseryLink
from scheduledtask_workloads.runners.place import Place

logger = logging.getLogger(__name__)

BIRTH_SECONDS = 10.0  # a fork takes milliseconds: a nursery that has not answered by then hangs
KEPT_PER_PROCESS = 2  # children alive for each that may be busy, so that alternating namespaces need no fork a run
REBIRTH_SECONDS = 1.0  # pause after one that died without having run anything: the next may do the same


@dataclass(frozen=True, slots=True)
class CrewListener:
    """`on_death` comes with waitpid's status, after all that the child said, and when all it started is gone.

    `on_room`: there is a child again that can take an order.
    """

    on_word: Callable[[Place, ChildWord], None]
    on_nonsense: Callable[[Place], None]
    on_death: Callable[[Place, int], None]
    on_room: Callable[[], None]


class Crew:
    """Must be made in a running loop, in a process with a single thread. `folder` holds the children's output."""

    def __init__(self, processes: int, folder: Path, listener: CrewListener) -> None:
        self._processes = processes
        self._folder = folder
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._serials = count(1)
        self._places: dict[int, Place] = {}  # by serial, the one used longest ago first
        self._nursery: NurseryLink | None = None
        self._ready_at_monotonic: float | None = None
        self._open_nursery()

    async def opened(self) -> None:
        """Until the catalog is loaded. Raises NurseryLostError when the nursery dies of that."""
        await self._opened

    def in_order(self) -> bool:
        """There is a nursery, it has loaded task code, and bears the children that it is asked for."""
        ready_at = self._ready_at_monotonic
        if self._nursery is None or ready_at is None:
            return False
        born_since = self._loop.time() - BIRTH_SECONDS
        return all(
            place.pid is not None or max(place.asked_at_monotonic, ready_at) > born_since
            for place in self._places.values()
        )

    def busy(self) -> Iterator[Place]:
        return (place for place in list(self._places.values()) if place.run is not None)

    def place_for(self, namespace: str) -> Place | None:
        """A child that may run this namespace's bodies, borne if need be; None while as many as may be are busy.

        Of several, the one used last: pages that a run has made its own are not made by the next child again.
        """
        if sum(1 for _ in self.busy()) >= self._processes:
            return None
        idle = [place for place in self._places.values() if place.idle]
        for wanted in (namespace, None):
            for place in reversed(idle):
                if place.namespace == wanted:
                    return self._latest(place)
        if idle and self._serving() >= self._processes * KEPT_PER_PROCESS:
            self.end(idle[0])  # kept to another namespace, and used longest ago
        return self._bear()

    def ask(self, place: Place) -> None:
        """Ask its body to stop; it takes no run after this one."""
        place.doomed = True
        if self._nursery is not None:
            self._nursery.ask(place.serial)

    def end(self, place: Place) -> None:
        """Kill it with all it started."""
        place.doomed = True
        if self._nursery is not None:
            self._nursery.end(place.serial)

    def refill(self) -> None:
        """Bear what is missing, so that it is there when an order comes."""
        while self._nursery is not None and self._serving() < self._processes:
            self._bear()
        self._listener.on_room()

    def close(self) -> None:
        """End all children at once."""
        if self._nursery is not None:
            self._nursery.close()
            self._nursery = None
        for place in self._places.values():
            place.close()

    def _latest(self, place: Place) -> Place:
        self._places[place.serial] = self._places.pop(place.serial)
        return place

    def _serving(self) -> int:
        return sum(not place.doomed or place.run is not None for place in self._places.values())

    def _bear(self) -> Place | None:
        if self._nursery is None:
            return None
        place = Place(next(self._serials), self._folder, self._listener.on_word, self._listener.on_nonsense)
        self._places[place.serial] = place
        self._nursery.bear(Birth(serial=place.serial, output=str(place.output)), place.childs_channel)
        place.childs_channel.close()
        return place

    def _open_nursery(self) -> None:
        self._nursery = NurseryLink(self._folder, self._on_nursery_word, self._on_nursery_lost)
        self.refill()

    def _on_nursery_word(self, word: NurseryWord) -> None:
        if word.ready:
            self._ready_at_monotonic = self._loop.time()
        if word.ready and not self._opened.done():
            self._opened.set_result(None)
        if word.pid is not None and word.serial in self._places:
            self._places[word.serial].pid = word.pid
        if word.problem:
            logger.error("no child could be started: %s", word.problem)
        if word.problem or word.status is not None:
            self._bury(word.serial, word.status or os.EX_OSERR << 8)

    def _bury(self, serial: int, status: int) -> None:
        place = self._places.pop(serial)
        place.read()
        unused = place.namespace is None
        self._listener.on_death(place, status)
        place.close()
        if unused:
            self._loop.call_later(REBIRTH_SECONDS, self.refill)
        else:
            self.refill()

    def _on_nursery_lost(self, status: int) -> None:
        """Every child died with it."""
        self._nursery = self._ready_at_monotonic = None
        exit_code = os.waitstatus_to_exitcode(status)
        logger.error("the nursery died, and all children with it", extra={"exit_code": exit_code})
        if not self._opened.done():
            problem = f"the process that loads task code died (exit code {exit_code}); see what it logged before"
            self._opened.set_exception(NurseryLostError(problem))
            return
        for serial in list(self._places):
            self._bury(serial, status)
        self._loop.call_later(REBIRTH_SECONDS, self._open_nursery)
