"""`sendpilot.check_client`: functions, their end, and the workspace of the test."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import requests

from mock_sendpilot import InvalidInput, Sandbox
from mock_sendpilot.client_check.report import ClientReport
from mock_sendpilot.client_check.runs import Lab
from mock_sendpilot.client_check.sync import Limits
from mock_sendpilot.client_check.world import small_seed, state_of
from mock_sendpilot.contracts.contract import named_contract
from mock_sendpilot.testing.client_check import FunctionSync


def failing(_base_url: str, _api_key: str) -> None:
    raise KeyError("leads")


def leads(base_url: str, api_key: str) -> Any:
    reply = requests.get(f"{base_url}/leads", headers={"X-API-Key": api_key}, timeout=1)
    return reply.json()["leads"]


def lab_of(sync: Callable[..., Any], *, max_seconds: float = 0.3) -> Lab:
    state = state_of(small_seed(named_contract("documented")))
    return Lab(FunctionSync(sync), state, Limits(max_seconds=max_seconds))


def completes(report: ClientReport) -> tuple[str, str]:
    result = report.result("completes")
    return result.outcome, result.observed


def test_an_exception_of_the_sync_is_named(sendpilot: Sandbox) -> None:
    report = sendpilot.check_client(failing)

    assert completes(report) == (
        "failed",
        "made no request; it ended with an error: KeyError: 'leads'",
    )
    assert {one.observed for one in report.results[1:]} == {"not tried, since no sync completed"}


def test_the_world_is_that_of_the_test(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()
    found: list[str] = []

    def sync(base_url: str, api_key: str) -> None:
        found.extend(one["id"] for one in leads(base_url, api_key))
        raise KeyError

    sendpilot.check_client(sync)

    assert found == [lead.id]


def test_the_workspace_of_the_test_stays_as_it_is(sendpilot: Sandbox) -> None:
    lead = sendpilot.add_lead()

    def sync(base_url: str, api_key: str) -> None:
        url = f"{base_url}/leads/{lead.id}/status"
        requests.patch(url, headers={"X-API-Key": api_key}, json={"status": "DONE"}, timeout=1)
        raise KeyError

    sendpilot.check_client(sync)

    assert sendpilot.lead(lead).status == "PENDING"
    assert len(sendpilot.requests) == 0


def test_the_sync_runs_in_the_thread_of_the_test() -> None:
    threads = []

    lab_of(lambda _base_url, _api_key: threads.append(threading.get_ident())).run()

    assert threads == [threading.get_ident()]


def test_an_asynchronous_sync_is_awaited() -> None:
    async def sync(base_url: str, api_key: str) -> None:
        leads(base_url, api_key)

    assert len(lab_of(sync).run().entries) == 1


def test_a_sync_that_swallows_exceptions_is_ended() -> None:
    def sync(_base_url: str, _api_key: str) -> None:
        while True:
            with suppress(Exception):
                time.sleep(0.01)

    run = lab_of(sync).run()

    assert run.was_ended
    assert run.seconds < 5


def test_a_sync_that_ends_in_time_is_not_ended() -> None:
    run = lab_of(lambda _base_url, _api_key: None).run()

    assert (run.was_ended, run.error) == (False, None)


TRACED_AFTERWARDS = """
import sys
from tests.client_check.test_function_syncs import lab_of, leads

assert not lab_of(leads).run().was_ended
sys.settrace(lambda *_: None)
print(sum(range(3)), (lambda: "done")())
"""


def test_a_program_can_be_traced_after_a_check() -> None:
    run = [sys.executable, "-c", TRACED_AFTERWARDS]

    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout == "3 done\n"


@pytest.mark.parametrize(
    ("code", "error"),
    [pytest.param(0, None, id="0"), pytest.param("no key", "SystemExit: no key", id="a text")],
)
def test_an_exit_of_the_sync_is_its_result(code: object, error: str | None) -> None:
    def sync(_base_url: str, _api_key: str) -> None:
        raise SystemExit(code)

    assert lab_of(sync).run().error == error


def test_another_api_key_is_named(sendpilot: Sandbox) -> None:
    report = sendpilot.check_client(lambda base_url, _api_key: leads(base_url, "sp_wrong"))

    outcome, observed = completes(report)
    assert outcome == "failed"
    assert observed.startswith("came without the API key of this check: GET /v1/leads")


@pytest.mark.parametrize("sync", [lambda one: one, "sync.py"], ids=["one argument", "a text"])
def test_another_kind_of_sync_is_refused(sendpilot: Sandbox, sync: Any) -> None:
    with pytest.raises(InvalidInput, match=r"sync: expected a function sync\(base_url, api_key\)"):
        sendpilot.check_client(sync)


@pytest.mark.parametrize("limit", ["max_duration", "max_hang"])
def test_a_limit_has_to_be_a_number_of_seconds(sendpilot: Sandbox, limit: str) -> None:
    with pytest.raises(InvalidInput, match=f"{limit}: expected a number of seconds"):
        sendpilot.check_client(failing, **{limit: -1})  # type: ignore[arg-type]


@pytest.mark.anyio
async def test_the_check_can_be_awaited(sendpilot: Sandbox) -> None:
    report = await sendpilot.aio.check_client(failing)

    assert report.client == "failing"


def test_a_large_page_or_an_unknown_filter_costs_no_more_than_three_pages() -> None:
    def sync(base_url: str, api_key: str) -> None:
        query = {"limit": "9" * 30, "campaignId": "camp_unknown", "status": "UNKNOWN"}
        headers = {"X-API-Key": api_key}
        requests.get(f"{base_url}/leads", headers=headers, params=query, timeout=1)

    lab = lab_of(sync, max_seconds=5)

    assert lab.paged.error is None
    assert len(lab.paged.entries) == 1


def by_name(*, base_url: str, api_key: str) -> None:
    raise KeyError(base_url.startswith("http://127.0.0.1:"), api_key)


def by_position(url: str, key: str) -> None:
    by_name(base_url=url, api_key=key)


def any_number(*arguments: str) -> None:
    by_position(*arguments)


def with_other_defaults(limit: int = 100, verbose: bool = False) -> None:
    raise KeyError(limit, verbose)


@pytest.mark.parametrize(
    ("sync", "error"),
    [
        pytest.param(by_name, "KeyError: (True, 'sp_check_client')", id="by name"),
        pytest.param(by_position, "KeyError: (True, 'sp_check_client')", id="by position"),
        pytest.param(
            any_number,
            "KeyError: (True, 'sp_check_client')",
            id="any number",
        ),
        pytest.param(with_other_defaults, "KeyError: (100, False)", id="other defaults"),
    ],
)
def test_a_sync_gets_the_address_as_it_takes_it(sync: Callable[..., Any], error: str) -> None:
    assert lab_of(sync).run().error == error
