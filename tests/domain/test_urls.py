"""URLs that webhooks can be sent to: link-local addresses in every spelling are none."""

import pytest

from mock_sendpilot.domain.urls import is_link_local, url_problems


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.0.1",
        "2852039166",
        "0xa9fea9fe",
        "0xa9.0xfe.0xa9.0xfe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "[fe80::1]",
        "[::ffff:169.254.169.254]",
    ],
)
def test_a_link_local_address_is_refused_in_every_spelling(host: str) -> None:
    (problem,) = url_problems(f"http://{host}/latest")
    assert problem.startswith("must not be a link-local address")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",
        "169.253.1.1",
        "169",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
        "169.254.169.254.example",
        "a" * 200,
        "ü.example",
    ],
)
def test_any_other_host_is_taken(host: str) -> None:
    assert url_problems(f"http://{host}/hooks") == []


@pytest.mark.parametrize("address", ["fe80::1%eth0", "fe80::1", "169.254.9.9"])
def test_the_address_of_a_connection_is_known_as_link_local(address: str) -> None:
    assert is_link_local(address)
