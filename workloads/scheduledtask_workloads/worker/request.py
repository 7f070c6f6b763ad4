"""A message of ours on its way through Celery's consumer: it goes to the desk, not straight to the pool."""

from collections.abc import Callable
from typing import Any

from celery.exceptions import InvalidTaskError
from celery.worker.request import Request
from celery.worker.state import task_ready, task_reserved

from scheduledtask_workloads.contract import RunOrder
from scheduledtask_workloads.worker.desk import Desk


class HeavyRequest(Request):  # type: ignore[misc]  # celery has no types
    """Raises ValueError, TypeError or LookupError for a message that holds no order."""

    def __init__(self, message: Any, *, consumer: Any, desk: Desk, **options: Any) -> None:
        super().__init__(message, **options)
        self._consumer = consumer
        self._connection_number = consumer.restart_count
        self._desk = desk
        self.order = RunOrder.model_validate(self.args[0])
        self.delivery_tag: str = message.delivery_tag

    @property
    def outdated(self) -> bool:
        """Its connection is gone: the message is in the queue again, or will be."""
        return bool(self._consumer.restart_count != self._connection_number)

    def execute_using_pool(self, pool: Any, **_: Any) -> None:
        self._desk.receive(self)

    def again_in(self, seconds: float, then: Callable[["HeavyRequest"], None]) -> None:
        self._consumer.timer.call_after(seconds, then, (self,))

    def acknowledge(self) -> None:
        super().acknowledge()
        task_ready(self)

    def put_back(self) -> None:
        """To the far end of the queue."""
        self.reject(requeue=True)
        task_ready(self)


def receive_orders(desk: Desk, task: Any, app: Any, consumer: Any) -> Callable[..., None]:
    """Celery's strategy for our task: what is done with each message. What is no order is logged and dropped."""

    def on_message(message: Any, body: Any, ack: Any, reject: Any, callbacks: Any) -> None:
        try:
            request = HeavyRequest(
                message,
                consumer=consumer,
                desk=desk,
                on_ack=ack,
                on_reject=reject,
                app=app,
                hostname=consumer.hostname,
                task=task,
                connection_errors=consumer.connection_errors,
            )
        except (ValueError, TypeError, LookupError) as error:  # Celery would end the worker, and the next one
            raise InvalidTaskError(f"a message is not an order: {error}") from error
        task_reserved(request)
        for callback in callbacks:
            callback(request)
        consumer.on_task_request(request)

    return on_message
