"""`mock_sendpilot.sandbox`, without the fixtures."""

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
import requests

import mock_sendpilot
from mock_sendpilot import InvalidInput, Sandbox, UnconsumedFault

WITHOUT_PYTEST = """
import sys
sys.modules["pytest"] = sys.modules["_pytest"] = None
import mock_sendpilot
with mock_sendpilot.sandbox() as sendpilot:
    sendpilot.trigger("message.sent", lead_id=sendpilot.add_lead())
    print(sendpilot.events.wait_for("message.sent").event_type)
"""


def status_of(sendpilot: Sandbox) -> int:
    url = f"{sendpilot.base_url}/leads"
    return requests.get(url, headers=sendpilot.headers, timeout=10).status_code


def test_a_sandbox_answers_within_its_block_alone() -> None:
    with mock_sendpilot.sandbox() as sendpilot:
        assert status_of(sendpilot) == 200

    with pytest.raises(requests.ConnectionError):
        status_of(sendpilot)


def test_a_sandbox_takes_the_options_of_the_marker() -> None:
    with mock_sendpilot.sandbox(
        "live",
        patch_reply="example",
        seed={"leads": []},
        starts_at="2026-03-01",
        frozen=True,
        random_seed="7",
        faults=[{"effect": {"status": 503}}],
    ) as sendpilot:
        assert sendpilot.workspace.contract.name == "live+patch_reply=example"
        assert sendpilot.clock.now.isoformat() == "2026-03-01T00:00:00+00:00"
        assert sendpilot.clock.is_frozen
        assert sendpilot.random_seed == "7"
        assert status_of(sendpilot) == 503


def test_two_sandboxes_do_not_know_each_other() -> None:
    with mock_sendpilot.sandbox() as one, mock_sendpilot.sandbox() as other:
        one.add_lead(lead_id="lead_1")

        assert other.leads() == []
        assert other.origin != one.origin


def test_chance_gives_the_same_ids_in_every_run() -> None:
    ids = set()
    for _ in range(2):
        with mock_sendpilot.sandbox() as sendpilot:
            ids.add(sendpilot.add_lead().id)

    assert len(ids) == 1


def test_a_fault_that_hits_nothing_fails_the_block() -> None:
    with pytest.raises(UnconsumedFault), mock_sendpilot.sandbox() as sendpilot:
        sendpilot.fail_next(503)


def test_an_error_of_the_block_is_not_hidden_by_a_fault_that_hits_nothing() -> None:
    def fail() -> None:
        with mock_sendpilot.sandbox() as sendpilot:
            sendpilot.fail_next(503)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"contract": "life"}, "did you mean 'live'", id="contract"),
        pytest.param({"start_at": "x"}, "did you mean 'starts_at'", id="option"),
        pytest.param({"seed": "no.json"}, "cannot read no.json", id="seed"),
    ],
)
def test_an_invalid_option_is_refused(options: Mapping[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message), mock_sendpilot.sandbox(**options):
        pass


def test_a_sandbox_needs_no_pytest() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_PYTEST],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("message.sent\n", "")
