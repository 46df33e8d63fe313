"""`sendpilot.fail_next`, `fault` and `api_chaos`."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from mock_sendpilot import InvalidInput, Sandbox, UnconsumedFault
from tests.testing.strangers import run


@pytest.fixture
def get(sendpilot: Sandbox) -> Callable[..., int]:
    """Makes a request with the key of the test, and returns the status."""

    def make(path: str = "/leads", **options: Any) -> int:
        url = f"{sendpilot.base_url}{path}"
        return requests.get(url, headers=sendpilot.headers, timeout=5, **options).status_code

    return make


def test_the_next_requests_fail(sendpilot: Sandbox, get: Callable[..., int]) -> None:
    fault = sendpilot.fail_next(503, times=2, retry_after=1)
    assert [get() for _ in range(3)] == [503, 503, 200]
    (after,) = sendpilot.faults
    assert (after.id, after.state, after.match_count) == (fault.id, "consumed", 2)


def test_only_the_named_operation_fails(sendpilot: Sandbox, get: Callable[..., int]) -> None:
    sendpilot.fail_next(500, "leads.list")
    assert [get("/me"), get("/leads")] == [200, 500]


def test_a_fault_lasts_for_its_block(sendpilot: Sandbox, get: Callable[..., int]) -> None:
    with sendpilot.fault("GET", "/v1/leads", status=502, query={"limit": 1}) as fault:
        assert [get("/leads?limit=1"), get("/leads?limit=2")] == [502, 200]
        assert fault.state == "armed"
    assert get("/leads?limit=1") == 200
    assert sendpilot.faults == []


def test_a_latency_is_a_timeout_of_the_client(sendpilot: Sandbox) -> None:
    with sendpilot.fault("leads.list", latency=30.0), pytest.raises(requests.Timeout):
        requests.get(f"{sendpilot.base_url}/leads", headers=sendpilot.headers, timeout=0.1)


@pytest.mark.parametrize("effect", [{"reset": True}, {"empty": True}, {"truncate": True}])
def test_a_broken_connection_is_an_error_of_the_client(
    sendpilot: Sandbox, get: Callable[..., int], effect: dict[str, Any]
) -> None:
    with (
        sendpilot.fault(**effect),
        pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)),
    ):
        get()


@pytest.mark.parametrize("times", [None, 2])
def test_a_block_whose_fault_hits_too_few_requests_fails(
    sendpilot: Sandbox, get: Callable[..., int], times: int | None
) -> None:
    get("/me")
    with (
        pytest.raises(UnconsumedFault) as caught,
        sendpilot.fault("leads.list", status=503, times=times),
    ):
        pass
    first, nearest, *_ = str(caught.value).splitlines()
    count = "no request" if times is None else "0 of 2"
    assert first == f"the fault status=503 for leads.list hit {count}"
    assert nearest == "  nearest miss: GET /v1/me -> 200"


def test_a_request_before_the_fault_is_named(sendpilot: Sandbox, get: Callable[..., int]) -> None:
    get("/leads")
    sendpilot.clock.advance(minutes=1)
    sendpilot.fail_next(503, "leads.list")
    with pytest.raises(UnconsumedFault, match="GET /v1/leads -> 200: came before it was armed"):
        sendpilot.check_faults()
    sendpilot.backend.view().faults.remove_all()


def test_a_request_that_another_fault_hit_is_named(
    sendpilot: Sandbox, get: Callable[..., int]
) -> None:
    sendpilot.fail_next(500)
    with (
        pytest.raises(UnconsumedFault, match=r"GET /v1/leads -> 500 .*: was hit instead"),
        sendpilot.fault("leads.list", status=503),
    ):
        get("/leads")


def test_all_unconsumed_faults_are_reported_at_once(sendpilot: Sandbox) -> None:
    sendpilot.fail_next(503, "leads.list")
    sendpilot.fail_next(429)
    with pytest.raises(UnconsumedFault) as caught:
        sendpilot.check_faults()
    headlines = [line for line in str(caught.value).splitlines() if line.startswith("the fault ")]
    assert headlines == [
        "the fault status=503 for leads.list hit 0 of 1",
        "the fault status=429 for any request hit 0 of 1",
    ]
    sendpilot.backend.view().faults.remove_all()


def test_a_block_may_reset_the_workspace(sendpilot: Sandbox) -> None:
    with sendpilot.fault("leads.list", status=503):
        sendpilot.reset()
    assert sendpilot.faults == []


def test_the_report_of_a_block_shows_the_block_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_it(sendpilot):
            with sendpilot.fault("leads.list", status=503, times=2):
                pass
        """
    )
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*UnconsumedFault: the fault status=503 for leads.list hit 0*"])
    result.stdout.no_fnmatch_line("*contextlib*")


def test_the_timeline_tells_the_effect_of_a_fault_that_is_gone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import requests

        def test_it(sendpilot):
            with sendpilot.fault("leads.list", status=503):
                requests.get(f"{sendpilot.base_url}/leads", headers=sendpilot.headers, timeout=5)
                assert False
        """
    )
    result = run(pytester)
    result.stdout.fnmatch_lines(["*req_1 GET /v1/leads -> 503 (fault status=503)*"])


def test_an_exception_in_a_block_is_not_hidden(sendpilot: Sandbox) -> None:
    with pytest.raises(KeyError), sendpilot.fault(status=503):
        raise KeyError
    assert sendpilot.faults == []


def test_chaos_hits_alike_with_the_same_seed(sendpilot: Sandbox) -> None:
    def outcomes() -> list[object]:
        found: list[object] = []
        for _ in range(15):
            try:
                url = f"{sendpilot.base_url}/leads"
                found.append(requests.get(url, headers=sendpilot.headers, timeout=5).status_code)
            except requests.RequestException as error:
                found.append(type(error).__name__)
        return found

    runs = []
    for seed in ("one", "one"):
        sendpilot.api_chaos(0.5, random_seed=seed)
        runs.append(outcomes())
        sendpilot.backend.view().faults.remove_all()
    assert runs[0] == runs[1]
    assert set(runs[0]) > {200}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        pytest.param({"latncy": 1}, "did you mean 'latency'", id="effect"),
        pytest.param({"status": 200}, "^status: expected", id="status"),
        pytest.param({"latency": "1"}, "^latency: expected", id="latency"),
        pytest.param({"retry_after": -1}, "^retry_after: expected", id="retry after"),
        pytest.param({"target": "leads.lst"}, "did you mean 'leads.list'", id="operation"),
        pytest.param({"times": 0}, "times: expected", id="times"),
    ],
)
def test_a_fault_that_is_not_valid_is_refused(
    sendpilot: Sandbox, options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidInput, match=problem):
        sendpilot.fail_next(**options)
    assert sendpilot.faults == []


def test_a_test_with_an_unconsumed_fault_fails_at_its_end(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_it(sendpilot):
            sendpilot.fail_next(503, times=2)
        """
    )
    result = run(pytester)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["E*UnconsumedFault: the fault status=503 for any request hit 0 of 2"]
    )


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("sendpilot.fail_next(503, times=None)", id="all requests"),
        pytest.param("sendpilot.api_chaos()", id="chaos"),
        pytest.param("sendpilot.fail_next(503); sendpilot.close()", id="closed"),
    ],
)
def test_other_faults_may_hit_nothing(pytester: pytest.Pytester, line: str) -> None:
    pytester.makepyfile(f"def test_it(sendpilot):\n    {line}\n")
    run(pytester).assert_outcomes(passed=1)


def test_a_failed_test_has_no_second_failure(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(sendpilot):\n    sendpilot.fail_next(503)\n    assert False\n")
    run(pytester).assert_outcomes(failed=1)
