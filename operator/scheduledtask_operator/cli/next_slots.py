"""`scheduledtask next`: the coming slots of a schedule, one a line."""

import json
from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import click

from scheduledtask_operator.cli.problems import CommandProblem
from scheduledtask_workloads.contract.identity import TaskKey
from scheduledtask_workloads.schedule import (
    DstPolicy,
    Rule,
    ScheduleError,
    ZoneError,
    check_zone,
    parse_rule,
    slots_between,
)

END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)
MAX_COUNT = 100_000  # some seconds of output


@click.command(name="next")
@click.argument("expression", metavar="EXPR")
@click.option("--timezone", "time_zone", default="UTC", show_default=True, metavar="ZONE", help="IANA time zone.")
@click.option("--after", metavar="TIME", help="List slots strictly after this time (RFC 3339; default: now).")
@click.option("--count", type=click.IntRange(1, MAX_COUNT), default=5, show_default=True, help="How many slots.")
@click.option(
    "--dst-policy",
    type=click.Choice([policy.value for policy in DstPolicy]),
    default=DstPolicy.RUN_ONCE.value,
    show_default=True,
    help="What becomes of fixed times that a clock change removes or doubles.",
)
@click.option("--name", default="", metavar="NS/NAME", help="The resource, which picks the values of H.")
@click.option("--anchor", metavar="TIME", help="Where @every counts from: the creation time (default: --after).")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    expression: str,
    time_zone: str,
    after: str | None,
    count: int,
    dst_policy: str,
    name: str,
    anchor: str | None,
    output: str,
) -> None:
    """List the coming slots of the schedule EXPR, in the zone's own time.

    EXPR is a cron expression of 5 fields (or 6, seconds first), @daily and the like, @every 5m, or @at TIME.
    """
    zone = _zone(time_zone)
    start = _time("--after", after, zone) if after else datetime.now(UTC)
    created = _time("--anchor", anchor, zone) if anchor else start
    rule = _rule(expression, time_zone, DstPolicy(dst_policy), _identity(name), created)
    if not name and "H" in expression.upper() and rule != _rule(expression, time_zone, rule.dst_policy, "?", created):
        click.echo("note: without --name, the values of H are not those of a resource", err=True)
    lines = [_written(slot, zone) for slot in islice(slots_between(rule, start, END_OF_TIME), count)]
    _print(lines, output)
    if not lines:
        click.echo(f"no slot of {expression!r} after {_written(start, zone)}", err=True)


def _print(lines: list[str], output: str) -> None:
    if output == "json":
        click.echo(json.dumps(lines))
    elif lines:
        click.echo("\n".join(lines))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(check_zone(name))
    except ZoneError as error:
        raise CommandProblem(f"--timezone: {error}") from error


def _rule(expression: str, time_zone: str, policy: DstPolicy, identity: str, anchor: datetime) -> Rule:
    try:
        return parse_rule(expression, time_zone=time_zone, dst_policy=policy, identity=identity, anchor=anchor)
    except ScheduleError as error:
        raise CommandProblem(f"EXPR: {error}") from error


def _identity(name: str) -> str:
    try:
        return str(TaskKey.parse(name)) if name else ""
    except ValueError as error:
        raise CommandProblem(f"--name: {error}; write it as in default/nightly-report") from error


def _time(option: str, text: str, zone: ZoneInfo) -> datetime:
    """A time without an offset is the zone's own."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandProblem(f"{option}: {text!r} is not a time: write it as in 2026-12-01T09:00:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _written(moment: datetime, zone: ZoneInfo) -> str:
    """RFC 3339 with the zone's offset; Z for UTC itself."""
    text = moment.astimezone(zone).isoformat(timespec="seconds")
    return text.replace("+00:00", "Z") if zone.key in {"UTC", "Etc/UTC"} else text
