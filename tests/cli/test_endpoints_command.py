"""`mock-sendpilot endpoints`, with a running server."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mock_sendpilot.cli import main
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.webhooks.endpoints import Endpoint
from mock_sendpilot.webhooks.outbox import Outbox
from mock_sendpilot.world.endpoint_settings import EndpointSettings
from tests.cli.commands import invoke
from tests.support import SECRET

URL = "http://127.0.0.1:9000/webhooks"
NEW_SECRET = "whsec_dGhlIHNlY3JldCBhZnRlciBhIHJvdGF0aW9u"


@pytest.fixture
def endpoint(outbox: Outbox) -> Endpoint:
    return outbox.endpoints.add(URL, secret=SECRET)


def run(server: EmulatorServer, *arguments: str) -> Result:
    return invoke("endpoints", *arguments, "--url", server.origin)


def test_an_added_endpoint_is_printed_with_its_secret(
    server: EmulatorServer, outbox: Outbox
) -> None:
    result = run(server, "add", URL)
    (endpoint,) = outbox.endpoints.all()

    expected = f"{endpoint.id}: {URL}  all events\nsecret: {endpoint.secret}\n"
    assert (result.exit_code, result.stdout, result.stderr) == (0, expected, "")


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        pytest.param(
            ["--event", "message.sent", "--event", "campaign.paused"],
            {"events": ["message.sent", "campaign.paused"]},
            id="events",
        ),
        pytest.param(["--secret", SECRET], {"secret": SECRET}, id="secret"),
        pytest.param(
            ["--retry-delay", "0.5", "--retry-delay", "2"],
            {"retryDelaysSeconds": [0.5, 2]},
            id="schedule",
        ),
        pytest.param(["--timeout", "1.5"], {"timeoutSeconds": 1.5}, id="timeout"),
        pytest.param(
            ["--signature", "svix", "--signature", "standardwebhooks"],
            {"signatures": ["svix", "standardwebhooks"]},
            id="signatures",
        ),
        pytest.param(["--concurrency", "8"], {"concurrency": 8}, id="concurrency"),
        pytest.param(["--signature-clock", "virtual"], {"signatureClock": "virtual"}, id="clock"),
        pytest.param(
            ["--header", "X-Env: a: b", "--header", "Authorization:Basic aHVudGVyMg=="],
            {"headers": {"X-Env": "a: b", "Authorization": "Basic aHV…"}},
            id="headers",
        ),
        pytest.param([], {"events": None, "retryDelaysSeconds": None}, id="nothing"),
    ],
)
def test_options_set_the_fields_of_an_endpoint(
    server: EmulatorServer, arguments: list[str], fields: dict[str, Any]
) -> None:
    result = run(server, "add", URL, *arguments, "--json")
    reply = json.loads(result.stdout)

    assert (result.exit_code, result.stdout.count("\n")) == (0, 1)
    assert {key: reply[key] for key in fields} == fields


def test_endpoints_are_listed_a_line_each(server: EmulatorServer, outbox: Outbox) -> None:
    first = outbox.endpoints.add(URL, event_types=["message.sent", "campaign.paused"])
    second = outbox.endpoints.add(URL, is_enabled=False)
    outbox.endpoints.update(second.id, {"disabled_reason": "410"})
    result = run(server, "list")

    assert result.stdout.splitlines() == [
        f"{first.id}: {URL}  message.sent, campaign.paused",
        f"{second.id}: {URL}  all events, disabled (410)",
    ]


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        pytest.param([], "", id="as usual"),
        pytest.param(["--retry-delay", "0.5", "--retry-delay", "60"], "retries after 0.5, 60 s"),
        pytest.param(["--timeout", "1.5"], "timeout 1.5 s", id="timeout"),
        pytest.param(["--signature", "svix"], "signatures svix", id="signatures"),
        pytest.param(["--concurrency", "8"], "concurrency 8", id="concurrency"),
        pytest.param(["--signature-clock", "virtual"], "signature clock virtual", id="clock"),
        pytest.param(["--header", "X-Env: ci"], "headers X-Env: ci", id="headers"),
        pytest.param(["--timeout", "2", "--concurrency", "3"], "timeout 2 s; concurrency 3"),
    ],
)
def test_the_list_has_settings_that_are_not_the_default(
    server: EmulatorServer, options: list[str], settings: str
) -> None:
    run(server, "add", URL, *options)
    line = run(server, "list").stdout

    assert line.endswith(f"  all events  [{settings}]\n" if settings else "  all events\n")


@pytest.mark.parametrize(
    ("changes", "settings"),
    [
        pytest.param({"settings": EndpointSettings(retry_delays_seconds=())}, "retries none"),
        pytest.param({"is_forwarded": True}, "forwarded", id="forwarded"),
    ],
)
def test_the_list_has_settings_without_an_option(
    server: EmulatorServer, outbox: Outbox, changes: dict[str, Any], settings: str
) -> None:
    outbox.endpoints.add(URL, **changes)

    assert run(server, "list").stdout.endswith(f"  [{settings}]\n")


def test_show_prints_every_setting(server: EmulatorServer, outbox: Outbox) -> None:
    settings = EndpointSettings(retry_delays_seconds=(1.0, 5.0), signatures=("svix",))
    endpoint = outbox.endpoints.add(URL, secret=SECRET, settings=settings, is_enabled=False)
    outbox.endpoints.rotate(endpoint.id, NEW_SECRET)
    outbox.endpoints.update(endpoint.id, {"disabled_reason": "410"})
    result = run(server, "show", endpoint.id)
    rows = dict(line.split(": ", 1) for line in result.stdout.splitlines())
    until = rows.pop("older secrets").partition(" until ")
    made_at = rows.pop("created at")

    assert (result.exit_code, result.stderr) == (0, "")
    assert (until[0], until[2] > made_at) == (f"{SECRET[:10]}…", True)
    assert rows == {
        "id": endpoint.id,
        "url": URL,
        "events": "all events",
        "state": "disabled (410)",
        "secret": f"{NEW_SECRET[:10]}…",
        "retries": "after 1, 5 s",
        "timeout": "from the server",
        "signatures": "svix",
        "concurrency": "1",
        "signature clock": "wall",
        "headers": "none",
        "passes traceparent": "no",
        "forwarded": "no",
    }


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "JSON"])
def test_show_prints_the_secret_in_full_with_the_option(
    server: EmulatorServer, endpoint: Endpoint, options: list[str]
) -> None:
    without = run(server, "show", endpoint.id, *options)
    asked = run(server, "show", endpoint.id, "--print-secret", *options)

    assert (SECRET in without.stdout, SECRET in asked.stdout) == (False, True)


def test_show_prints_json_with_the_option(server: EmulatorServer, endpoint: Endpoint) -> None:
    reply = json.loads(run(server, "show", endpoint.id, "--json").stdout)

    assert (reply["id"], reply["signatureClock"]) == (endpoint.id, "wall")


def test_the_list_is_json_with_the_option(server: EmulatorServer, endpoint: Endpoint) -> None:
    result = run(server, "list", "--json")

    assert [one["id"] for one in json.loads(result.stdout)["endpoints"]] == [endpoint.id]
    assert SECRET not in result.stdout


def test_an_endpoint_is_disabled_and_enabled(
    server: EmulatorServer, outbox: Outbox, endpoint: Endpoint
) -> None:
    disabled = run(server, "disable", endpoint.id)
    was_enabled = outbox.endpoints.get(endpoint.id).is_enabled
    enabled = run(server, "enable", endpoint.id)

    line = f"{endpoint.id}: {URL}  all events"
    assert (disabled.stdout, enabled.stdout) == (f"{line}, disabled\n", f"{line}\n")
    assert not was_enabled
    assert outbox.endpoints.get(endpoint.id).is_enabled


@pytest.mark.parametrize(("command", "enabled"), [("disable", False), ("enable", True)])
def test_disable_and_enable_print_json_with_the_option(
    server: EmulatorServer, endpoint: Endpoint, command: str, enabled: bool
) -> None:
    assert json.loads(run(server, command, endpoint.id, "--json").stdout)["enabled"] is enabled


def test_a_rotated_secret_is_printed(
    server: EmulatorServer, outbox: Outbox, endpoint: Endpoint
) -> None:
    result = run(server, "rotate-secret", endpoint.id)
    after = outbox.endpoints.get(endpoint.id)
    (retired,) = after.retired_secrets

    secret, until = result.stdout.splitlines()
    assert after.secret != SECRET
    assert secret == f"secret: {after.secret}"
    time = retired.valid_until.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert until == f"the old one is valid until {time}"


def test_an_option_sets_the_new_secret(
    server: EmulatorServer, outbox: Outbox, endpoint: Endpoint
) -> None:
    reply = json.loads(
        run(server, "rotate-secret", endpoint.id, "--secret", NEW_SECRET, "--json").stdout
    )

    assert reply["secret"] == outbox.endpoints.get(endpoint.id).secret == NEW_SECRET


@pytest.mark.parametrize(
    ("arguments", "event_type"),
    [
        pytest.param([], "lead.status.changed", id="by default"),
        pytest.param(["--event", "reply.received"], "message.received", id="chosen"),
    ],
)
def test_a_test_sends_an_event_and_prints_it(
    server: EmulatorServer,
    outbox: Outbox,
    endpoint: Endpoint,
    arguments: list[str],
    event_type: str,
) -> None:
    result = run(server, "test", endpoint.id, *arguments)
    (event,) = outbox.events.all()

    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        [
            f"{event.event_id}: {event_type}",
            f"  see the outcome with: mock-sendpilot events show {event.event_id}",
        ],
    )
    assert (event.origin, event.event_type) == ("test", event_type)


def test_a_test_prints_json_with_the_option(
    server: EmulatorServer, outbox: Outbox, endpoint: Endpoint
) -> None:
    reply = json.loads(run(server, "test", endpoint.id, "--json").stdout)

    assert reply["body"] == outbox.events.all()[0].json


def test_an_endpoint_is_deleted(server: EmulatorServer, outbox: Outbox, endpoint: Endpoint) -> None:
    result = run(server, "delete", endpoint.id)

    assert (result.exit_code, result.stdout) == (0, f"{endpoint.id}: deleted\n")
    assert outbox.endpoints.all() == []


def test_delete_prints_json_with_the_option(server: EmulatorServer, endpoint: Endpoint) -> None:
    assert json.loads(run(server, "delete", endpoint.id, "--json").stdout) == {
        "deleted": [endpoint.id]
    }


@pytest.mark.parametrize(
    "command", ["show", "disable", "enable", "rotate-secret", "test", "delete"]
)
def test_an_unknown_id_is_exit_code_1(server: EmulatorServer, command: str) -> None:
    result = run(server, command, "a/b?c")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "Webhook endpoint not found" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param(["add", "nope"], "absolute http or https URL", id="url"),
        pytest.param(["add", URL, "--event", "lead.update"], "did you mean", id="event"),
        pytest.param(["add", URL, "--secret", "abc"], "secret: expected 'whsec_'", id="secret"),
        pytest.param(["add", URL, "--retry-delay", "-1"], "seconds from 0 to", id="delay"),
        pytest.param(["add", URL, "--timeout", "0"], "seconds from 0.1 to", id="timeout"),
        pytest.param(
            ["add", URL, "--signature", "hmac"], "svix, standardwebhooks, got", id="signature"
        ),
        pytest.param(["add", URL, "--concurrency", "0"], "from 1 to 64", id="concurrency"),
        pytest.param(["add", URL, "--signature-clock", "real"], "wall, virtual", id="clock"),
    ],
)
def test_a_refusal_of_the_server_is_exit_code_1_with_the_reason(
    server: EmulatorServer, outbox: Outbox, arguments: list[str], reason: str
) -> None:
    result = run(server, *arguments)

    assert (result.exit_code, result.stdout) == (1, "")
    assert reason in result.stderr
    assert outbox.endpoints.all() == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["add"],
        ["rotate-secret"],
        ["add", URL, "--timeout", "soon"],
        ["add", URL, "--concurrency", "1.5"],
    ],
    ids=["no url", "no id", "timeout", "concurrency"],
)
def test_invalid_arguments_are_exit_code_2(server: EmulatorServer, arguments: list[str]) -> None:
    assert run(server, *arguments).exit_code == 2


# --- the secret alone ---------------------------------------------------------------------------


def test_show_prints_the_secret_alone_with_the_option(
    server: EmulatorServer, endpoint: Endpoint
) -> None:
    result = run(server, "show", endpoint.id, "--secret-only")

    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{SECRET}\n", "")


def test_add_prints_the_secret_alone_with_the_option(
    server: EmulatorServer, outbox: Outbox
) -> None:
    result = run(server, "add", URL, "--secret-only")
    (endpoint,) = outbox.endpoints.all()

    assert (result.exit_code, result.stdout) == (0, f"{endpoint.secret}\n")


def test_rotate_secret_prints_the_secret_alone_with_the_option(
    server: EmulatorServer, endpoint: Endpoint
) -> None:
    result = run(server, "rotate-secret", endpoint.id, "--secret", NEW_SECRET, "--secret-only")

    assert (result.exit_code, result.stdout) == (0, f"{NEW_SECRET}\n")


def test_the_secret_alone_is_an_object_in_json(server: EmulatorServer, endpoint: Endpoint) -> None:
    result = run(server, "show", endpoint.id, "--secret-only", "--json")

    assert json.loads(result.stdout) == {"secret": SECRET}


def test_an_unknown_endpoint_prints_no_secret(server: EmulatorServer) -> None:
    result = run(server, "show", "ep_x", "--secret-only")

    assert (result.exit_code, result.stdout) == (1, "")


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        pytest.param(["hunter2"], 'expected "NAME: VALUE", with a colon', id="no colon"),
        pytest.param([": hunter2"], 'expected "NAME: VALUE", with a colon', id="no name"),
        pytest.param(["X-Env: hunter2", "X-Env: b"], "X-Env is given twice", id="twice"),
    ],
)
def test_an_invalid_header_is_exit_code_2_and_is_not_printed(texts: list[str], reason: str) -> None:
    options = [word for text in texts for word in ("--header", text)]
    result = CliRunner().invoke(main, ["endpoints", "add", URL, *options])

    assert (result.exit_code, reason in result.stderr) == (2, True), result.stderr
    assert "hunter2" not in result.output


def test_a_reserved_header_is_exit_code_1(server: EmulatorServer) -> None:
    result = run(server, "add", URL, "--header", "Host: hunter2")

    assert (result.exit_code, "headers.Host is reserved" in result.stderr) == (1, True)
