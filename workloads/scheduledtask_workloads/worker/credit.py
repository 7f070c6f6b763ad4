"""How many messages kombu lets this worker hold, and what is held for nobody."""

from typing import Any

from celery.worker import state as celery_state


class AcknowledgementLostError(ConnectionError):
    """A message is held that no request here stands for. Celery connects again at it, as at any lost connection."""


class Credit:
    """Of the main loop; made for each connection. `consumer` is Celery's.

    kombu asks for no message while as many as the prefetch count are unacknowledged. An acknowledgement that failed is
    one for ever: Celery logs it and goes on, and a worker of one process never asks again. The next connection begins
    with none; the message comes back by the visibility timeout, and the ledger knows its attempt.
    """

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer
        self._strays: set[str] = set()

    def check(self) -> None:
        """Raises AcknowledgementLostError for a message that was held for nobody the last time too.

        Once is not enough: what is done is acknowledged in the next round of the loop.
        """
        strays = self._held() - {request.message.delivery_tag for request in celery_state.reserved_requests}
        lost, self._strays = strays & self._strays, strays
        if lost:
            raise AcknowledgementLostError(f"not acknowledged: {', '.join(sorted(lost))}")

    def _held(self) -> set[str]:
        messages = self._consumer.task_consumer.channel.qos
        return set(messages._delivered) - set(messages._dirty)
