"""A run's order as a message of Celery's protocol 2, in the envelope that kombu keeps in a Redis list.

https://docs.celeryq.dev/en/stable/internals/protocol.html
"""

import base64
import json
import uuid
from typing import Any

from scheduledtask_workloads.broker.profile import TASK_NAME
from scheduledtask_workloads.contract import AttemptRef, RunOrder

SENT_AT = "scheduledtask_sent_at"
"""The header of when a message was sent, in Unix seconds."""

_EMBEDDED: dict[str, None] = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


def encode_order(order: RunOrder, pool: str, sent_at: float) -> str:
    """The order travels as JSON in the only argument; its attempt stands in the headers too, and when it was sent."""
    body = json.dumps([[order.model_dump(mode="json", exclude={"secrets"})], {}, _EMBEDDED])
    envelope = {
        "body": base64.b64encode(body.encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {**_headers(order), SENT_AT: sent_at},
        "properties": _properties(order.ref.attempt_id, pool),
    }
    return json.dumps(envelope)


def attempt_id_of(message: bytes) -> str:
    """The Celery id of a message in a queue."""
    envelope: dict[str, Any] = json.loads(message)
    return str(envelope["headers"]["id"])


def ref_of(message: bytes) -> AttemptRef | None:
    """The attempt of a message in a queue; None when it is not one of ours."""
    ref = json.loads(message)["headers"].get("scheduledtask")
    return None if ref is None else AttemptRef.model_validate(ref)


def sent_at_of(message: bytes) -> float | None:
    """None when it is not one of ours, or of a version that did not say."""
    sent_at = json.loads(message)["headers"].get(SENT_AT)
    return None if sent_at is None else float(sent_at)


def _headers(order: RunOrder) -> dict[str, Any]:
    ref = order.ref
    return {
        "lang": "py",
        "task": TASK_NAME,
        "id": ref.attempt_id,
        "root_id": ref.attempt_id,
        "parent_id": None,
        "group": None,
        "eta": None,
        "expires": None,
        "retries": 0,
        "timelimit": [None, None],
        "argsrepr": f"({order.task},)",
        "kwargsrepr": "{}",
        "origin": "scheduledtask",
        "ignore_result": True,
        "scheduledtask": ref.model_dump(mode="json"),
    }


def _properties(attempt_id: str, pool: str) -> dict[str, Any]:
    return {
        "correlation_id": attempt_id,
        "reply_to": None,
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": pool},
        "priority": 0,
        "body_encoding": "base64",
        "delivery_tag": str(uuid.uuid4()),
    }
