"""What a Redis URL may say, and what each mistake in it is answered by."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduledtask_workloads.contract.redis_endpoint import Credentials, Host, RedisEndpoint, RedisEndpointError

HOSTS = st.builds(Host, st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?", fullmatch=True), st.integers(1, 65535))
LOGINS = st.builds(Credentials, st.text(max_size=10), st.text(max_size=20))


@given(HOSTS, LOGINS, st.integers(0, 15), st.booleans())
def test_a_server_is_what_its_url_says(host: Host, login: Credentials, database: int, tls: bool) -> None:
    endpoint = RedisEndpoint((host,), database, login, tls=tls)

    assert RedisEndpoint.parse(endpoint.url) == endpoint


@given(st.lists(HOSTS, min_size=1, max_size=4), LOGINS, LOGINS, st.text(min_size=1, max_size=20), st.booleans())
def test_sentinels_are_what_their_url_says(
    hosts: list[Host], login: Credentials, sentinel_login: Credentials, master: str, tls: bool
) -> None:
    endpoint = RedisEndpoint(tuple(hosts), 3, login, master, sentinel_login, tls)

    assert RedisEndpoint.parse(endpoint.url) == endpoint


@given(st.text(max_size=60))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    for url in (text, f"redis://{text}", f"sentinel://{text}?master=m"):
        try:
            RedisEndpoint.parse(url)
        except RedisEndpointError:
            continue


def test_ports_and_database_have_their_usual_numbers() -> None:
    assert RedisEndpoint.parse("redis://one").hosts == (Host("one", 6379),)
    assert RedisEndpoint.parse("sentinel://one,[::1]:2?master=m").hosts == (Host("one", 26379), Host("::1", 2))
    assert RedisEndpoint.parse("rediss://one").database == 0


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://host", "begins with 'http'"),
        ("host:6379", "begins with 'host:6379'"),
        ("redis://", "has the host ''"),
        ("redis://:hidden@ho st", "has the host 'ho st'"),
        ("redis://host:0", "the port 0; give one from 1 to 65535"),
        ("redis://host:70000", "the port 70000"),
        ("redis://host/two", "the database 'two'; give its number"),
        ("redis://one,two", "names 2 hosts, which only sentinel"),
        ("sentinel://one,two", "names no master"),
        ("redis://host?ssl_cert_reqs=none", "parameter 'ssl_cert_reqs'"),
        ("sentinel://host?master=m&passwd=hidden", "parameter 'passwd'"),
    ],
)
def test_a_bad_url_is_told_by_its_part_and_its_fix(url: str, message: str) -> None:
    with pytest.raises(RedisEndpointError, match=message.replace("?", r"\?")) as raised:
        RedisEndpoint.parse(url)

    assert "hidden" not in str(raised.value)


def test_a_ca_file_must_be_readable_hold_a_certificate_and_be_of_use(tmp_path: Path) -> None:
    empty = tmp_path / "ca.crt"
    empty.write_text("not a certificate")

    with pytest.raises(RedisEndpointError, match="cannot be read: No such file"):
        RedisEndpoint.parse("rediss://host", tmp_path / "absent.crt")
    with pytest.raises(RedisEndpointError, match="holds no certificate in PEM"):
        RedisEndpoint.parse("rediss://host", empty)
    with pytest.raises(RedisEndpointError, match="write rediss://"):
        RedisEndpoint.parse("redis://host", empty)


def test_nobody_sees_a_password_who_prints_an_endpoint() -> None:
    endpoint = RedisEndpoint.parse("sentinel://user:hidden@one/0?master=m&sentinel_password=hidden")

    assert "hidden" not in f"{endpoint} {endpoint!r}"
