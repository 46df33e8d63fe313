"""URLs that webhooks can be sent to: link-local addresses in every spelling are none."""

import pytest

from mock_sendpilot.urls import is_link_local, url_problems


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
        "169.254.169.254.",
        "0XA9FEA9FE",
        "%31%36%39.254.169.254",
        "%31%36%39%2e%32%35%34%2e169%2E254",
        "%30xa9fea9fe",
        "\N{FULLWIDTH DIGIT ONE}69.254.169.254",
        "①⑥⑨.254.169.254",
        "169。254。169。254",
        "169\N{FULLWIDTH FULL STOP}254.169.254",
        "1\N{VARIATION SELECTOR-16}69.254.169.254",
        "[fe80::1%25eth0]",
        "[FE80:0:0::1]",
        "[febf::1]",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[::169.254.169.254]",
        "[::ffff:0:169.254.169.254]",
        "[64:ff9b::169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b:1::169.254.169.254]",
        "[64:ff9b:1:a9fe:a9:fe00::]",
        "[2002:a9fe:a9fe::1]",
        "[2001:0:a9fe:a9fe::1]",
        "[2001:0:1:2:3:4:5601:5601]",
        "[2001:db8::5efe:169.254.169.254]",
        "[2001:db8::200:5efe:a9fe:a9fe]",
    ],
)
def test_a_link_local_address_is_refused_in_every_spelling(host: str) -> None:
    (problem,) = url_problems(f"http://{host}/latest")
    assert problem.startswith("expected no link-local address")


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254\\x.example",
        "127.0.0.1\\169.254.169.254",
        "169.254.169.254%5cx.example",
        "169.254.169.254%2fx.example",
        "x%40169.254.169.254",
        "169.254.169.254%23.example",
        "169.254.169.254|x",
    ],
)
def test_a_host_that_clients_parse_differently_is_refused(host: str) -> None:
    (problem,) = url_problems(f"http://{host}/latest")
    assert problem.startswith("expected an absolute http or https URL")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",
        "169.253.1.1",
        "169",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[2002:7f00:1::1]",
        "[64:ff9b::8.8.8.8]",
        "[64:ff9b:1::8.8.8.8]",
        "[2001:db8::1]",
        "[fd00::1]",
        "%6cocalhost",
        "localhost",
        "169.254.169.254.example",
        "a" * 200,
        "ü.example",
    ],
)
def test_any_other_host_is_accepted(host: str) -> None:
    assert url_problems(f"http://{host}/hooks") == []


@pytest.mark.parametrize("address", ["fe80::1%eth0", "fe80::1", "169.254.9.9"])
def test_a_link_local_address_with_a_zone_is_recognized(address: str) -> None:
    assert is_link_local(address)
