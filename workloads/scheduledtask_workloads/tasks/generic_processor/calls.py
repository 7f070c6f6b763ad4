"""An HTTP call."""

import aiohttp

from scheduledtask_workloads.tasks.generic_processor.settings import Http, Retry
from scheduledtask_workloads.tasks.generic_processor.tries import State, Tail, Try

ANSWER_LIMIT_BYTES = 16 * 1024**2  # of which the end is kept; what is longer is not read on


async def call(http: Http, session: aiohttp.ClientSession, key: str, retry: Retry, timeout_seconds: float) -> Try:
    """`key` is the same in each try. Raises nothing but CancelledError."""
    tail = Tail()
    try:
        async with session.request(
            http.method,
            http.url,
            json=http.json_body,
            data=http.body,
            headers={"Idempotency-Key": key, **http.headers},
            timeout=aiohttp.ClientTimeout(total=timeout_seconds),
        ) as response:
            await _read(response, tail)
            return _judged(http, response.status, tail.text(), retry)
    except TimeoutError:
        return Try(State.TIMED_OUT, f"not done within {timeout_seconds:g} s", output=tail.text(), again=retry.timeouts)
    except aiohttp.InvalidURL:
        return Try(State.FAILED, "its url cannot be read")
    except (aiohttp.ClientError, OSError) as error:
        return Try(State.FAILED, f"no answer: {error or type(error).__name__}", again=retry.connections)


async def _read(response: aiohttp.ClientResponse, tail: Tail) -> None:
    read_bytes = 0
    async for part in response.content.iter_chunked(65_536):
        tail.add(part)
        read_bytes += len(part)
        if read_bytes > ANSWER_LIMIT_BYTES:
            return


def _judged(http: Http, status: int, output: str, retry: Retry) -> Try:
    if status in http.expect or (not http.expect and 200 <= status < 300):
        return Try(State.SUCCEEDED, status=status, output=output)
    return Try(State.FAILED, f"HTTP {status}", status=status, output=output, again=status in retry.statuses)
