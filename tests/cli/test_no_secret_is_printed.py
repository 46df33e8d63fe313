"""A secret in a wrong place is printed by no command, and in no response of the server."""

import json
import socket
import threading

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from tests.cli.commands import invoke
from tests.support import Api, read_request

SECRET = "hunter2hunter2"
WITH_PASSWORD = f"http://me:{SECRET}@127.0.0.1:9/"


@pytest.mark.parametrize(
    "world",
    [
        pytest.param({"apiKeys": [SECRET]}, id="a text for a key"),
        pytest.param({"apiKeys": SECRET}, id="a text for the keys"),
        pytest.param({"apiKeys": {"key": SECRET}}, id="a key for the keys"),
        pytest.param({"apiKeys": [[SECRET]]}, id="a list for a key"),
        pytest.param({"apiKeys": [{"key": [SECRET]}]}, id="a list for the text of a key"),
        pytest.param({"apiKeys": [{"key": {"key": SECRET}}]}, id="an object for it"),
        pytest.param({"apiKeys": [{"key": "k"}], "name": {"key": SECRET}}, id="a key for a name"),
        pytest.param(
            {"apiKeys": [{"key": "k"}], "endpoints": [{"url": f"ftp://me:{SECRET}@h/"}]},
            id="a URL with a password",
        ),
    ],
)
def test_the_refusal_of_a_seed_has_no_secret(world: dict[str, object]) -> None:
    seed = json.dumps({"workspaces": [{"id": "w", "name": "W", **world}]})
    result = invoke("seed", "check", "-", stdin=seed)

    assert result.exit_code == 1
    assert "$.workspaces[0]." in result.stderr
    assert SECRET not in result.output


def test_a_key_that_is_a_text_is_refused_with_an_example() -> None:
    seed = '{"workspaces": [{"id": "w", "name": "W", "apiKeys": ["sp_live_x"]}]}'
    result = invoke("seed", "check", "-", stdin=seed)

    assert result.stderr == (
        '$.workspaces[0].apiKeys[0]: expected a JSON object such as {"key": "sp_live_…"}, '
        "got a string\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(["ready", "--url", WITH_PASSWORD], 1, id="ready"),
        pytest.param(["ready", "--url", f"ftp://me:{SECRET}@h"], 2, id="ready, another scheme"),
        pytest.param(["events", "list", "--url", WITH_PASSWORD], 1, id="a control command"),
        pytest.param(["events", "list", "--url", f"http://me:{SECRET}@["], 2, id="a broken URL"),
        pytest.param(["check-receiver", WITH_PASSWORD, "--secret", "whsec_MTIz"], 2, id="receiver"),
        pytest.param(
            ["check-receiver", f"me:{SECRET}@h", "--secret", "whsec_MTIz"], 2, id="no URL"
        ),
        pytest.param(["start", "--cors-origin", WITH_PASSWORD], 2, id="an origin"),
        pytest.param(["disrupt", f"sp_live_{SECRET}"], 2, id="a key for a kind"),
        pytest.param([f"sp_live_{SECRET}"], 2, id="a key for a command"),
        pytest.param(["trigger", "x", "--set", f"whsec_{SECRET}"], 2, id="a secret for a pair"),
    ],
)
def test_a_failed_command_prints_no_secret(arguments: list[str], code: int) -> None:
    result = invoke(*arguments)

    assert (result.exit_code, SECRET in result.output) == (code, False), result.output


def test_a_url_with_a_password_works_and_is_printed_without_it(
    emulator: Emulator,
) -> None:
    with EmulatorServer(emulator) as server:
        url = server.origin.replace("://", f"://me:{SECRET}@")
        result = invoke("ready", "--url", url)

    assert (result.exit_code, result.output) == (0, f"{server.origin} is ready\n")


def test_a_redirect_is_printed_without_its_password() -> None:
    answer = f"HTTP/1.1 302 Found\r\nLocation: {WITH_PASSWORD}\r\nContent-Length: 0\r\n\r\n"

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            read_request(connection)
            connection.sendall(answer.encode())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        result = invoke("events", "list", "--url", f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread.join()

    assert "to http://…@127.0.0.1:9/" in result.stderr


@pytest.mark.parametrize("url", [f"ftp://me:{SECRET}@h/", f"http://me:{SECRET}@h/"])
def test_the_refusal_of_a_url_has_no_password(api: Api, url: str) -> None:
    for path, body in (
        ("/_emulate/endpoints", {"url": url}),
        (
            "/v1/lead-database/searches",
            {"name": "S", "limit": 1, "filters": {}, "webhook_url": url},
        ),
    ):
        reply = api("POST", path, json=body)

        assert reply.status == 400
        assert SECRET not in f"{reply.body!r} {reply.headers}"
