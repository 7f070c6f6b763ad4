"""Opens and closes the way in: a worker that is asked to drain takes no more messages until nobody asks any more."""

import logging
from typing import Any

from celery.worker import state as celery_state

from scheduledtask_workloads.worker.presence import Presence

logger = logging.getLogger(__name__)


class Intake:
    """Of the main loop. `consumer` is Celery's."""

    def __init__(self, consumer: Any, pool: str, presence: Presence) -> None:
        self._consumer = consumer
        self._pool = pool
        self._presence = presence
        self._open = True  # over reconnections: Celery consumes again only from what was not cancelled

    def adjust(self) -> None:
        """Bring the consumer to what was asked."""
        if celery_state.should_stop is not None:
            return
        wanted = not self._presence.asked_to_drain
        if self._open and not wanted:
            logger.info("asked to drain; takes no new runs", extra={"pool": self._pool})
            self._consumer.cancel_task_queue(self._pool)
        elif wanted and not self._open:
            logger.info("takes runs again", extra={"pool": self._pool})
            self._consumer.add_task_queue(self._pool)
        self._open = wanted
        self._presence.closed = not wanted and not self._message_under_way()

    def _message_under_way(self) -> bool:
        """kombu has asked the server for a message, which may be popped already: it comes, or none within a second.

        One that comes now goes back to the queue, from which others take it.
        """
        return bool(self._consumer.task_consumer.channel._in_poll)
