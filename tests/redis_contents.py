"""All that a Redis holds, as text."""

from collections.abc import Iterator

import redis


def contents(url: str) -> Iterator[tuple[str, str]]:
    """Each key, with itself and all below it."""
    client = redis.Redis.from_url(url, decode_responses=True)
    read = {
        "string": client.get,
        "hash": client.hgetall,
        "list": lambda key: client.lrange(key, 0, -1),
        "set": client.smembers,
        "zset": lambda key: client.zrange(key, 0, -1),
        "stream": client.xrange,
    }
    for key in client.scan_iter():
        yield key, f"{key} {read[client.type(key)](key)}"
    client.close()
