"""`mock-sendpilot fault` and `faults`, against a server that runs."""

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from mock_sendpilot.cli import main
from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.traffic.effects import WORDS
from mock_sendpilot.traffic.faults import Faults
from tests.support import DEMO_KEY, over_a_socket


@pytest.fixture
def server(emulator: Emulator) -> Iterator[EmulatorServer]:
    with EmulatorServer(emulator) as running:
        yield running


@pytest.fixture
def faults(server: EmulatorServer) -> Faults:
    return server.emulator.keys.open(DEMO_KEY).faults


def run(server: EmulatorServer, *arguments: str) -> Result:
    options = [*arguments, "--url", server.origin]
    return CliRunner().invoke(main, options, prog_name="mock-sendpilot")


def test_a_fault_is_armed_for_the_next_request(server: EmulatorServer, faults: Faults) -> None:
    result = run(server, "fault", "status=503", "latency=0.1")
    (armed,) = faults.all()

    assert (result.exit_code, result.stdout) == (0, f"{armed.id}: status=503 latency=0.1 armed\n")
    assert armed.effects[0].json == {"status": 503, "latencySeconds": 0.1}
    assert (armed.times, armed.probability) == (1, 1.0)


def test_options_narrow_a_fault(server: EmulatorServer, faults: Faults) -> None:
    options = ["--method", "PATCH", "--path", "/v1/leads/{id}/status"]
    run(server, "fault", "hang", *options, "--times", "3", "--probability", "0.5")
    run(server, "fault", "empty", "--operation", "leads.list", "--times", "always")
    first, second = faults.all()

    assert (first.pattern.method, first.pattern.path) == ("PATCH", "/v1/leads/{id}/status")
    assert (first.times, first.probability) == (3, 0.5)
    assert (second.pattern.operation, second.times) == ("leads.list", None)


def test_chaos_is_printed_with_its_seed(server: EmulatorServer, faults: Faults) -> None:
    result = run(server, "fault", "chaos", "--random-seed", "42")
    (armed,) = faults.all()
    assert result.stdout == f"{armed.id}: chaos armed, random seed 42\n"
    assert (armed.times, armed.probability) == (None, 0.2)


def test_an_unknown_effect_is_refused_with_a_guess(server: EmulatorServer) -> None:
    result = run(server, "fault", "statsu=503")
    assert result.exit_code == 2
    assert "did you mean 'status'?" in result.stderr


def test_an_unknown_operation_is_refused_by_the_server(server: EmulatorServer) -> None:
    result = run(server, "fault", "hang", "--operation", "leads.lst")
    assert (result.exit_code, "did you mean 'leads.list'?" in result.stderr) == (1, True)


@pytest.mark.parametrize("word", WORDS)
def test_every_word_is_in_the_help(word: str) -> None:
    help_text = CliRunner().invoke(main, ["fault", "--help"]).stdout
    assert word in help_text


def test_faults_are_listed_with_the_requests_they_hit(server: EmulatorServer) -> None:
    armed = json.loads(
        run(server, "fault", "status=503", "--operation", "leads.list", "--json").stdout
    )
    over_a_socket(server.origin)("GET", "/v1/leads")
    first, match = run(server, "faults", "list").stdout.splitlines()

    assert first == (
        f'{armed["id"]}: {{"status":503}}, consumed, 1 of 1; for {{"operation":"leads.list"}}'
    )
    assert match.endswith('GET /v1/leads: {"status":503}')


def test_chaos_is_listed_with_its_chance(server: EmulatorServer) -> None:
    run(server, "fault", "chaos", "--random-seed", "42")
    assert "chaos, armed, always; probability 0.2, random seed 42" in (
        run(server, "faults", "list").stdout
    )


def test_an_empty_list_says_so(server: EmulatorServer) -> None:
    assert run(server, "faults", "list").stderr == "no faults\n"


def test_a_fault_is_removed(server: EmulatorServer, faults: Faults) -> None:
    run(server, "fault", "hang")
    (armed,) = faults.all()
    assert run(server, "faults", "remove", armed.id).stdout == f"{armed.id}: removed\n"
    assert faults.all() == []


def test_all_faults_are_removed(server: EmulatorServer, faults: Faults) -> None:
    run(server, "fault", "hang")
    (armed,) = faults.all()
    result = run(server, "faults", "remove", "--all", "--json")
    assert json.loads(result.stdout) == {"removed": [armed.id]}
    assert faults.all() == []


@pytest.mark.parametrize("arguments", [[], ["fault_1", "--all"]])
def test_removing_takes_an_id_or_all(server: EmulatorServer, arguments: list[str]) -> None:
    assert run(server, "faults", "remove", *arguments).exit_code == 2
