"""`mock-sendpilot disrupt` and `disruptions`, with a running server."""

import json
from typing import Any

import pytest
from click.testing import Result

from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.webhooks.disruption_kinds import CHAOS, KINDS
from mock_sendpilot.webhooks.disruptions import Disruptions
from tests.cli.commands import invoke

EVENT = "lead.status.changed"


def run(server: EmulatorServer, *arguments: str) -> Result:
    return invoke(*arguments, "--url", server.origin)


def known(server: EmulatorServer) -> Disruptions:
    return server.emulator.outbox(server.emulator.workspaces()[0]).disruptions


def test_it_knows_every_kind_of_the_server() -> None:
    assert (*KINDS, CHAOS) == (*KINDS, CHAOS)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_armed_for_the_next_delivery(server: EmulatorServer, kind: str) -> None:
    result = run(server, "disrupt", kind)
    (armed,) = known(server).all()

    assert (result.exit_code, result.stdout) == (0, f"{armed.id}: {kind} armed\n")
    assert (armed.kind, armed.times, armed.state) == (kind, 1, "armed")


def test_chaos_is_printed_with_its_random_seed(server: EmulatorServer) -> None:
    result = run(server, "disrupt", "chaos")
    (armed,) = known(server).all()

    assert result.stdout == f"{armed.id}: chaos armed, random seed {armed.random_seed}\n"
    assert armed.times is None


def test_disrupt_prints_json_with_the_option(server: EmulatorServer) -> None:
    result = run(server, "disrupt", "duplicate", "--json")
    reply = json.loads(result.stdout)

    assert result.stdout.count("\n") == 1
    assert (reply["kind"], reply["state"]) == ("duplicate", "armed")


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        pytest.param(["delay", "--seconds", "0.5"], {"options": {"seconds": 0.5}}, id="seconds"),
        pytest.param(["duplicate", "--copies", "3"], {"options": {"copies": 3}}, id="copies"),
        pytest.param(
            ["wrong_secret", "--attempts", "2"], {"options": {"attempts": 2}}, id="attempts"
        ),
        pytest.param(
            ["huge_body", "--bytes", "5000"],
            {"options": {"bytes": 5000, "attempts": 1}},
            id="bytes",
        ),
        pytest.param(["drop", "--times", "3"], {"times": 3}, id="times"),
        pytest.param(["drop", "--times", "always"], {"times": None}, id="always"),
        pytest.param(["drop", "--event", EVENT], {"eventType": EVENT}, id="event"),
        pytest.param(
            ["drop", "--match", "leadId=lead_1", "--match", "sequenceStep=2"],
            {"match": {"leadId": "lead_1", "sequenceStep": 2}},
            id="match",
        ),
        pytest.param(
            [
                "chaos",
                "--rate",
                "0.5",
                "--random-seed",
                "7",
                "--chaos-kind",
                "drop",
                "--chaos-kind",
                "delay",
            ],
            {"options": {"rate": 0.5}, "randomSeed": "7", "kinds": ["drop", "delay"]},
            id="chaos",
        ),
        pytest.param(["chaos", "--times", "4"], {"times": 4}, id="chaos, so often"),
    ],
)
def test_options_set_the_fields_of_a_disruption(
    server: EmulatorServer, arguments: list[str], fields: dict[str, Any]
) -> None:
    reply = json.loads(run(server, "disrupt", *arguments, "--json").stdout)

    assert {key: reply[key] for key in fields} == fields


def test_a_disruption_may_be_for_one_endpoint(server: EmulatorServer) -> None:
    outbox = server.emulator.outbox(server.emulator.workspaces()[0])
    endpoint = outbox.endpoints.add("http://127.0.0.1:9/")
    run(server, "disrupt", "drop", "--endpoint", endpoint.id)

    assert known(server).all()[0].endpoint_id == endpoint.id


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param(["drop", "--seconds", "3"], "seconds is no option of 'drop'", id="option"),
        pytest.param(["drop", "--rate", "0.5"], "rate is for chaos alone", id="rate"),
        pytest.param(["drop", "--endpoint", "ep_x"], "Webhook endpoint not found", id="endpoint"),
        pytest.param(["drop", "--event", "lead.update"], "did you mean", id="event"),
        pytest.param(["duplicate", "--copies", "11"], "copies: expected", id="copies"),
    ],
)
def test_a_refusal_of_the_server_is_exit_code_1_with_the_reason(
    server: EmulatorServer, arguments: list[str], reason: str
) -> None:
    result = run(server, "disrupt", *arguments)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("mock-sendpilot: ")
    assert reason in result.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param(["disrupt"], "Missing argument", id="no kind"),
        pytest.param(
            ["disrupt", "explode"],
            "unknown value 'explode'; expected duplicate, reorder, ",
            id="kind",
        ),
        pytest.param(["disrupt", "drop", "--times", "never"], "not a valid integer", id="times"),
        pytest.param(["disrupt", "drop", "--times", "0"], "--times", id="no times"),
        pytest.param(["disrupt", "chaos", "--rate", "2"], "--rate", id="rate"),
        pytest.param(["disrupt", "drop", "--match", "leadId"], "expected KEY=VALUE", id="match"),
        pytest.param(
            ["disruptions", "remove"], "expected the ID of a disruption, or --all", id="none"
        ),
        pytest.param(["disruptions", "remove", "dis_1", "--all"], "or --all", id="id and all"),
    ],
)
def test_invalid_arguments_are_exit_code_2(
    server: EmulatorServer, arguments: list[str], reason: str
) -> None:
    result = run(server, *arguments)

    assert (result.exit_code, reason in result.stderr) == (2, True), result.stderr
    assert known(server).all() == []


def test_disruptions_are_listed_with_the_deliveries_they_matched(server: EmulatorServer) -> None:
    workspace = server.emulator.workspaces()[0]
    workspace.scheduler.freeze()
    server.emulator.outbox(workspace).endpoints.add("http://127.0.0.1:9/")
    used = known(server).arm("drop", times=2)
    unused = known(server).arm("delay", times=None)
    workspace.store.set_lead_status("lead_abc123", status="DONE")
    (match,) = known(server).get(used.id).matches
    result = run(server, "disruptions", "list")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"{used.id}: drop, armed, 1 of 2",
        f"  drop: {match.event_id}, {match.delivery_id}",
        f"{unused.id}: delay, armed, always; seconds=5",
    ]


@pytest.mark.parametrize(
    ("arguments", "terms"),
    [
        pytest.param(["drop"], "", id="nothing"),
        pytest.param(["drop", "--event", EVENT], f"; of {EVENT}", id="event"),
        pytest.param(
            ["drop", "--match", "leadId=lead_1", "--match", "sequenceStep=2"],
            '; where leadId="lead_1", sequenceStep=2',
            id="match",
        ),
        pytest.param(["huge_body", "--bytes", "5000"], "; attempts=1, bytes=5000", id="options"),
        pytest.param(
            [
                "chaos",
                "--random-seed",
                "x",
                "--chaos-kind",
                "drop",
                "--chaos-kind",
                "delay",
                "--times",
                "1",
            ],
            "; rate=0.2; random seed x; kinds: drop, delay",
            id="chaos",
        ),
    ],
)
def test_the_list_has_the_filters_and_options_of_each_disruption(
    server: EmulatorServer, arguments: list[str], terms: str
) -> None:
    run(server, "disrupt", *arguments)
    line = run(server, "disruptions", "list").stdout.rstrip("\n")

    assert line.partition(", 0 of 1")[2] == terms


def test_the_list_has_the_endpoint_of_a_disruption(server: EmulatorServer) -> None:
    outbox = server.emulator.outbox(server.emulator.workspaces()[0])
    endpoint = outbox.endpoints.add("http://127.0.0.1:9/")
    known(server).arm("drop", endpoint_id=endpoint.id)

    assert f"; to {endpoint.id}\n" in run(server, "disruptions", "list").stdout


def test_the_list_is_json_with_the_option(server: EmulatorServer) -> None:
    armed = known(server).arm("drop")
    reply = json.loads(run(server, "disruptions", "list", "--json").stdout)

    assert [one["id"] for one in reply["disruptions"]] == [armed.id]


def test_a_disruption_is_removed_by_its_id(server: EmulatorServer) -> None:
    gone, stays = known(server).arm("drop"), known(server).arm("delay")
    result = run(server, "disruptions", "remove", gone.id)

    assert (result.exit_code, result.stdout) == (0, f"{gone.id}: removed\n")
    assert [one.id for one in known(server).all()] == [stays.id]


def test_all_disruptions_are_removed_with_the_option(server: EmulatorServer) -> None:
    known(server).arm("drop")
    known(server).arm("delay")
    result = run(server, "disruptions", "remove", "--all")

    assert (result.exit_code, result.stdout) == (0, "all removed\n")
    assert known(server).all() == []


@pytest.mark.parametrize("which", ["one", "all"])
def test_remove_prints_json_with_the_option(server: EmulatorServer, which: str) -> None:
    first, second = known(server).arm("drop").id, known(server).arm("delay").id
    target = first if which == "one" else "--all"
    reply = json.loads(run(server, "disruptions", "remove", target, "--json").stdout)

    assert reply == {"removed": [first] if which == "one" else [first, second]}


def test_an_empty_id_removes_nothing(server: EmulatorServer) -> None:
    armed = known(server).arm("drop")
    result = run(server, "disruptions", "remove", "")

    assert result.exit_code == 2
    assert [one.id for one in known(server).all()] == [armed.id]


def test_an_unknown_id_is_exit_code_1(server: EmulatorServer) -> None:
    result = run(server, "disruptions", "remove", "a/b?c")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "Disruption not found" in result.stderr
