"""What the scheduler is told of a leadership: a grant again and again, none that outlasts it, its end at once."""

from scheduledtask_operator.control.grants import DURATION_SECONDS, RENEWAL_SECONDS, is_revoked, next_grant
from scheduledtask_operator.control.ports import Standing
from scheduledtask_workloads.contract.messages import Grant

NOW = 1000.0
STANDING = Standing(fence=7, valid_until_boottime_seconds=NOW + 5)
GRANT = Grant(fence=7, deadline_boottime_seconds=NOW + 4)
REVOKED = Grant(fence=7, deadline_boottime_seconds=0.0)


def test_a_grant_ends_with_the_leadership() -> None:
    grant = next_grant(STANDING, None, NOW, NOW)

    assert grant == Grant(fence=7, deadline_boottime_seconds=NOW + 5)


def test_under_a_leadership_without_an_end_a_grant_still_has_one() -> None:
    grant = next_grant(Standing(7, float("inf")), None, NOW, NOW)

    assert grant == Grant(fence=7, deadline_boottime_seconds=NOW + DURATION_SECONDS)


def test_it_is_renewed_when_it_is_due_and_not_before() -> None:
    assert next_grant(STANDING, GRANT, RENEWAL_SECONDS / 2, NOW) is None
    assert next_grant(STANDING, GRANT, RENEWAL_SECONDS, NOW) is not None


def test_a_new_leadership_is_granted_at_once() -> None:
    grant = next_grant(Standing(8, NOW + 5), GRANT, 0.0, NOW)

    assert grant is not None
    assert grant.fence == 8


def test_a_leadership_that_ended_is_taken_back_once_and_at_once() -> None:
    grant = next_grant(None, GRANT, 0.0, NOW)

    assert grant == REVOKED
    assert is_revoked(grant)
    assert next_grant(None, grant, 10.0, NOW) is None


def test_a_leadership_that_is_valid_again_is_granted_at_once() -> None:
    assert next_grant(STANDING, REVOKED, 0.0, NOW) is not None


def test_who_never_led_says_nothing() -> None:
    assert next_grant(None, None, NOW, NOW) is None
