"""What a worker's Redis user is let do, tried from inside of its pod: a try or more of each category of ACL CAT."""

import json
from typing import Any

# A body can read its worker's environment: what counts is how little the user in it may do. A connection each, since
# some commands change what their connection is for.
_PROGRAM = """
import json, os, sys
import redis

def answer(commands):
    url = os.environ["SCHEDULEDTASK_REDIS_URL"]
    client = redis.Redis.from_url(url, socket_timeout=5, single_connection_client=True)
    try:
        answers = [client.execute_command(*each) for each in commands]
    except redis.RedisError as error:
        return f"{type(error).__name__}: {error}"
    finally:
        client.close()
    return repr(answers[-1])

print(json.dumps({name: answer(commands) for name, commands in json.load(sys.stdin).items()}))
"""
COMMAND = ("python", "-c", _PROGRAM)
Tries = dict[str, list[list[str]]]
"""By name the commands that one connection sends, of which the last is the try."""


def tries_input(tries: Tries) -> str:
    return json.dumps(tries)


def refused(answer: str) -> bool:
    """By the user's rules, and not because the command failed in another way."""
    return answer.startswith(("NoPermissionError:", "ResponseError: NOPERM")) or "ACL failure in script" in answer


def tries_at(mine: str, theirs: str, hash_key: str) -> Tries:
    """At keys that begin with `theirs`, of which `hash_key` is a hash that exists; `mine` begins one's own.

    A list per category; what takes two keys moves data between the two, both ways.
    """
    own, other, channel = f"{mine}:tried", f"{theirs}:tried", f"{theirs}:told"
    categories: dict[str, list[list[str]]] = {
        "keyspace": [
            ["KEYS", "*"],
            ["KEYS", f"{theirs}:*"],
            ["SCAN", "0", "MATCH", f"{theirs}:*"],
            ["RANDOMKEY"],
            ["DBSIZE"],
            ["EXISTS", hash_key],
            ["TYPE", hash_key],
            ["TTL", hash_key],
            ["DEL", hash_key],
            ["UNLINK", hash_key],
            ["EXPIRE", hash_key, "1"],
            ["RENAME", hash_key, own],
            ["RENAME", own, hash_key],
            ["COPY", hash_key, own],
            ["COPY", own, other],
            ["MOVE", hash_key, "1"],
            ["DUMP", hash_key],
            ["RESTORE", other, "0", "x"],
            ["OBJECT", "ENCODING", hash_key],
            ["SWAPDB", "0", "1"],
            ["MIGRATE", "127.0.0.1", "6379", hash_key, "1", "10"],
        ],
        "read": [["HGETALL", hash_key], ["HSCAN", hash_key, "0"], ["MEMORY", "USAGE", hash_key], ["SORT_RO", other]],
        "write": [["HSET", hash_key, "a", "b"], ["HDEL", hash_key, "a"], ["SORT", own, "STORE", other]],
        "string": [
            ["GET", other],
            ["SET", other, "x"],
            ["APPEND", other, "x"],
            ["GETDEL", other],
            ["MGET", own, other],
        ],
        "hash": [["HKEYS", hash_key], ["HINCRBY", hash_key, "a", "1"]],
        "list": [["LPUSH", other, "x"], ["LRANGE", other, "0", "-1"], ["LMOVE", own, other, "LEFT", "LEFT"]],
        "set": [["SADD", other, "x"], ["SMEMBERS", other], ["SUNIONSTORE", own, other], ["SSCAN", other, "0"]],
        "sortedset": [["ZADD", other, "1", "x"], ["ZRANGE", other, "0", "-1"], ["ZUNIONSTORE", own, "1", other]],
        "stream": [["XADD", other, "*", "a", "b"], ["XRANGE", other, "-", "+"], ["XREAD", "STREAMS", other, "0"]],
        "bitmap": [["SETBIT", other, "1", "1"], ["BITCOUNT", other], ["BITOP", "OR", own, other]],
        "hyperloglog": [["PFADD", other, "x"], ["PFCOUNT", other], ["PFMERGE", own, other]],
        "geo": [["GEOADD", other, "1", "1", "x"], ["GEOPOS", other, "x"]],
        "blocking": [
            ["BLPOP", other, "1"],
            ["BZPOPMIN", other, "1"],
            ["BLMOVE", other, own, "LEFT", "LEFT", "1"],
            ["XREAD", "BLOCK", "1", "STREAMS", other, "$"],
        ],
        "pubsub": [
            ["SUBSCRIBE", channel],
            ["PSUBSCRIBE", "*"],
            ["PSUBSCRIBE", f"{theirs}:*"],
            ["SSUBSCRIBE", channel],
            ["PUBLISH", channel, "x"],
            ["SPUBLISH", channel, "x"],
            ["PUBSUB", "CHANNELS"],
            ["SUBSCRIBE", "__keyspace@0__:x"],
        ],
        "scripting": [
            ["EVAL", "return redis.call('GET', KEYS[1])", "1", other],
            ["EVAL", f"return redis.call('HGETALL', '{hash_key}')", "0"],
            ["EVAL", f"return redis.call('SET', '{other}', 'x')", "0"],
            ["EVAL", "return redis.call('KEYS', '*')", "0"],
            ["EVAL", "return redis.call('FLUSHALL')", "0"],
            ["EVAL_RO", "return redis.call('GET', KEYS[1])", "1", other],
            ["SCRIPT", "FLUSH"],
            ["SCRIPT", "KILL"],
            ["FUNCTION", "LIST"],
            ["FUNCTION", "FLUSH"],
            ["FCALL", "any", "1", other],
        ],
        "dangerous": [["FLUSHALL"], ["FLUSHDB"], ["FLUSHALL", "ASYNC"], ["SHUTDOWN", "NOSAVE"], ["SORT", other]],
        "admin": [
            ["ACL", "LIST"],
            ["ACL", "GETUSER", "default"],
            ["ACL", "SETUSER", "mine", "on", "nopass", "~*", "+@all"],
            ["ACL", "DELUSER", "default"],
            ["ACL", "LOAD"],
            ["CONFIG", "GET", "*"],
            ["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"],
            ["CONFIG", "REWRITE"],
            ["CLIENT", "LIST"],
            ["CLIENT", "KILL", "TYPE", "normal"],
            ["CLIENT", "PAUSE", "1"],
            ["MONITOR"],
            ["SLOWLOG", "GET"],
            ["LATENCY", "RESET"],
            ["SAVE"],
            ["BGSAVE"],
            ["BGREWRITEAOF"],
            ["LASTSAVE"],
            ["MODULE", "LIST"],
        ],
        "replication and cluster": [
            ["REPLICAOF", "127.0.0.1", "6380"],
            ["REPLICAOF", "NO", "ONE"],
            ["ROLE"],
            ["SYNC"],
            ["PSYNC", "?", "-1"],
            ["REPLCONF", "listening-port", "6380"],
            ["FAILOVER"],
            ["CLUSTER", "RESET"],
        ],
        "connection": [["CLIENT", "TRACKING", "ON", "BCAST"]],
    }
    tries: Tries = {
        f"{category}: {' '.join(command)}": [command]
        for category, commands in categories.items()
        for command in commands
    }
    tries["transaction: MULTI, then GET"] = [["MULTI"], ["GET", other]]
    tries["transaction: WATCH"] = [["WATCH", other]]
    tries["connection: SELECT, then FLUSHDB"] = [["SELECT", "1"], ["FLUSHDB"]]
    tries["the installation's own: the fence"] = [["GET", "scheduledtask:fence"]]
    tries["the installation's own: the epoch"] = [["SET", "scheduledtask:epoch", "x"]]
    return tries


def answers_of(text: str) -> dict[str, str]:
    found: dict[str, Any] = json.loads(text)
    return {name: str(answer) for name, answer in found.items()}
