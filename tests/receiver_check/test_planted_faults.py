"""Receivers with one fault each: the fault is found, and no other."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from werkzeug.serving import BaseWSGIServer, make_server

from mock_sendpilot.contracts.contract import named_contract
from mock_sendpilot.http_server.server import HttpServer
from mock_sendpilot.receiver_check.client import event_types
from mock_sendpilot.receiver_check.report import ReceiverReport
from mock_sendpilot.receiver_check.target import Probe
from mock_sendpilot.testing.receiver_check import check_receiver
from tests.receiver_check import receivers as r
from tests.receiver_check.verification import (
    Verify,
    by_documents_at_any_time,
    by_documents_but_any_time,
    by_documents_if_it_is_there,
    by_standardwebhooks,
    by_standardwebhooks_the_first,
    by_svix_if_it_is_there,
    by_svix_or_the_time,
)
from tests.support import SECRET

FAILED, WARNED, INCONCLUSIVE = "failed", "warned", "inconclusive"
LIVE = named_contract("live")
FORGERIES = ("missing_signature", "wrong_secret", "altered_body", "stale_timestamp")
REFUSALS = (*FORGERIES, "future_timestamp", "malformed_signature")


NO_ROTATION = dict.fromkeys(("rotation_first", "rotation_second"), INCONCLUSIVE)
NO_VERIFICATION = {"raw_body": INCONCLUSIVE, **NO_ROTATION}
VERIFIES_NOTHING = {
    **dict.fromkeys((*FORGERIES, "malformed_signature", "scheme"), FAILED),
    "future_timestamp": WARNED,
    **NO_VERIFICATION,
}
VERIFIES_THE_TIME_ALONE = {
    **dict.fromkeys(("wrong_secret", "altered_body", "malformed_signature"), FAILED),
    **NO_VERIFICATION,
}
IGNORES_A_MISSING_SIGNATURE = dict.fromkeys(("missing_signature", "malformed_signature"), FAILED)
NO_PROBE = dict.fromkeys(("idempotent", "concurrent_duplicate"), INCONCLUSIVE)
ACTS_TWICE = dict.fromkeys(("idempotent", "concurrent_duplicate"), FAILED)


def problems(report: ReceiverReport) -> dict[str, str]:
    """Return the outcome of every check that did not pass."""
    return {one.id: one.outcome for one in report.results if one.outcome != "passed"}


def check(
    receiver: r.Receiver, probe: str | Probe | None = None, *, max_latency: float = 5
) -> ReceiverReport:
    """Check a receiver under the live contract, by default with its effects as the probe."""
    return check_receiver(
        receiver,
        secret=SECRET,
        contract=LIVE,
        probe=probe or (lambda: receiver.effects),
        max_latency=max_latency,
    )


def check_without_probe(receiver: r.Receiver | str, **options: float) -> ReceiverReport:
    """Check a receiver under the live contract, without a probe."""
    return check_receiver(receiver, secret=SECRET, contract=LIVE, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("receiver", "expected"),
    [
        pytest.param(r.VerifiesNothing, VERIFIES_NOTHING, id="verifies nothing"),
        pytest.param(
            r.IgnoresMissingSignature, IGNORES_A_MISSING_SIGNATURE, id="ignores a missing one"
        ),
        pytest.param(r.VerifiesTheTimeAlone, VERIFIES_THE_TIME_ALONE, id="verifies the time alone"),
        pytest.param(r.AcceptsAnotherSecret, {"wrong_secret": FAILED}, id="accepts a wrong secret"),
        pytest.param(
            r.HasNoTolerance,
            {"stale_timestamp": FAILED, "future_timestamp": WARNED},
            id="has no tolerance",
        ),
        pytest.param(r.TrustsTheFuture, {"future_timestamp": WARNED}, id="trusts the future"),
        pytest.param(
            r.VerifiesTheBodyOfJsonDumps,
            {"raw_body": FAILED, "altered_body": FAILED},
            id="verifies the body of json.dumps",
        ),
        pytest.param(
            r.VerifiesTheBodyOfJsonStringify,
            {"raw_body": FAILED, "altered_body": FAILED},
            id="verifies the body of JSON.stringify",
        ),
        pytest.param(
            r.VerifiesTheBodyAsLatin1, {"raw_body": FAILED}, id="verifies a body in Latin-1"
        ),
        pytest.param(
            r.VerifiesTheFirstSignature, {"rotation_second": FAILED}, id="verifies the first one"
        ),
        pytest.param(
            r.VerifiesTheLastSignature, {"rotation_first": FAILED}, id="verifies the last one"
        ),
        pytest.param(r.RejectsByCrashing, dict.fromkeys(REFUSALS, WARNED), id="rejects with 500"),
        pytest.param(r.RejectsByRedirect, dict.fromkeys(REFUSALS, WARNED), id="rejects with 302"),
        pytest.param(r.CrashesOnGarbage, {"malformed_signature": WARNED}, id="crashes on garbage"),
        pytest.param(
            r.CrashesOnAMalformedTime,
            {"malformed_signature": WARNED},
            id="crashes on the time",
        ),
        pytest.param(
            r.AcceptsAMalformedTime, {"malformed_signature": FAILED}, id="accepts a malformed time"
        ),
        pytest.param(r.AcceptsAMissingId, {"malformed_signature": FAILED}, id="needs no id"),
        pytest.param(
            r.LimitsTheRateOfForgeries, dict.fromkeys(REFUSALS, INCONCLUSIVE), id="limits the rate"
        ),
    ],
)
def test_a_fault_of_the_verification_is_found(
    receiver: type[r.Receiver], expected: dict[str, str]
) -> None:
    assert problems(check_without_probe(receiver())) == {**expected, **NO_PROBE}


@pytest.mark.parametrize(
    ("contract", "options", "verify", "expected"),
    [
        pytest.param(
            "example",
            {},
            by_documents_at_any_time,
            {"stale_timestamp": FAILED, "future_timestamp": WARNED, **NO_ROTATION},
            id="documented, no tolerance",
        ),
        pytest.param(
            "documented",
            {},
            by_svix_if_it_is_there,
            IGNORES_A_MISSING_SIGNATURE,
            id="documented and svix, ignores a missing one",
        ),
        pytest.param(
            "documented",
            {},
            by_svix_or_the_time,
            {"wrong_secret": FAILED, "altered_body": FAILED, "malformed_signature": FAILED},
            id="documented and svix, one is not verified",
        ),
        pytest.param(
            "example",
            {},
            by_documents_but_any_time,
            {"malformed_signature": FAILED, **NO_ROTATION},
            id="documented, accepts a malformed time",
        ),
        pytest.param(
            "example",
            {},
            by_documents_if_it_is_there,
            {"malformed_signature": FAILED, **NO_ROTATION},
            id="documented, accepts a time without a signature",
        ),
        pytest.param(
            "live",
            {"signatures": "standardwebhooks"},
            by_standardwebhooks_the_first,
            {"rotation_second": FAILED},
            id="standardwebhooks, verifies the first one",
        ),
    ],
)
def test_a_fault_of_the_verification_is_found_under_other_schemes(
    contract: str, options: dict[str, str], verify: Verify, expected: dict[str, str]
) -> None:
    report = check_receiver(
        r.Receiver(verify), secret=SECRET, contract=named_contract(contract, options.items())
    )

    assert problems(report) == {**expected, **NO_PROBE}


@pytest.mark.parametrize(
    ("receiver", "observed"),
    [
        pytest.param(
            r.VerifiesTheBodyOfJsonStringify, "svix, extra whitespace: 401", id="whitespace"
        ),
        pytest.param(
            r.VerifiesTheBodyAsLatin1,
            "svix, letters beyond ASCII: 401",
            id="letters",
        ),
    ],
)
def test_the_finding_names_the_bytes_that_change(receiver: type[r.Receiver], observed: str) -> None:
    assert observed in check_without_probe(receiver()).result("raw_body").observed


@pytest.mark.parametrize(
    ("receiver", "expected"),
    [
        pytest.param(r.KnowsStatuses, {}, id="statuses"),
        pytest.param(r.KnowsMessages, {}, id="messages"),
        pytest.param(r.KnowsStatusesAndLimitsTheBody, {"large_event": WARNED}, id="a small body"),
    ],
)
def test_a_receiver_of_one_event_type_fails_only_the_other_types(
    receiver: type[r.KnowsStatuses], expected: dict[str, str]
) -> None:
    outcomes = problems(check_without_probe(receiver()))

    types = map(LIVE.event_type, event_types(LIVE))
    unknown = {f"event:{one}": FAILED for one in types if one not in receiver.known}
    others = {"unknown_event": FAILED, "missing_fields": INCONCLUSIVE}
    assert outcomes == {**unknown, **others, **expected, **NO_PROBE}


def test_a_rejection_of_the_content_is_inconclusive_about_the_bytes() -> None:
    report = check_without_probe(r.RejectsUrlsBeyondAscii())

    assert problems(report) == {"raw_body": INCONCLUSIVE, **NO_PROBE}
    assert "422 in" in report.result("raw_body").observed
    assert "a plain one is rejected as well" in report.result("raw_body").observed


def test_another_event_type_is_used_if_the_usual_one_is_rejected() -> None:
    report = check_without_probe(r.KnowsMessages())

    assert report.result("acknowledges").observed.startswith("reply.received: 204")


@pytest.mark.parametrize(
    ("receiver", "expected"),
    [
        pytest.param(r.CrashesOnUnknownEvents, {"unknown_event": FAILED}, id="unknown event"),
        pytest.param(r.HasAClosedSchema, {"extra_fields": FAILED}, id="closed schema"),
        pytest.param(r.NeedsTheWorkspace, {"missing_fields": FAILED}, id="needs workspaceId"),
        pytest.param(r.NeedsTheNote, {"missing_fields": FAILED}, id="needs the note"),
        pytest.param(r.CrashesOnOneEvent, {"event:campaign.paused": FAILED}, id="one known event"),
        pytest.param(r.ActsOnEveryDelivery, ACTS_TWICE, id="acts on every delivery"),
        pytest.param(r.NumbersEveryDelivery, ACTS_TWICE, id="numbers every delivery"),
        pytest.param(
            r.LooksUpBeforeItActs, {"concurrent_duplicate": FAILED}, id="looks up before it acts"
        ),
        pytest.param(r.RejectsDuplicates, ACTS_TWICE, id="409 for duplicates"),
        pytest.param(r.RejectsOlderEvents, {"out_of_order": FAILED}, id="409 for older events"),
        pytest.param(r.LimitsTheBody, {"large_event": WARNED}, id="limits the body"),
    ],
)
def test_a_fault_with_events_is_found(receiver: type[r.Receiver], expected: dict[str, str]) -> None:
    assert problems(check(receiver())) == expected


@pytest.mark.parametrize("receiver", [r.ActsOnEveryDelivery, r.NumbersEveryDelivery])
def test_a_second_effect_is_inconclusive_without_a_probe(receiver: type[r.Receiver]) -> None:
    report = check_without_probe(receiver())

    assert problems(report) == NO_PROBE
    assert report.result("idempotent").observed == "accepted; a probe would show its effects"


def test_a_rejected_duplicate_is_found_without_a_probe() -> None:
    assert problems(check_without_probe(r.RejectsDuplicates())) == ACTS_TWICE


def test_a_slow_response_to_one_event_type_is_a_warning() -> None:
    report = check_without_probe(r.IsSlow(), max_latency=0.5)

    assert problems(report) == {"latency": WARNED, **NO_PROBE}
    assert report.result("latency").observed.startswith("message.sent in ")
    assert "in more than 0.5 s" in report.result("latency").observed


def test_a_slow_first_response_is_no_warning() -> None:
    report = check_without_probe(r.WakesUpSlowly(), max_latency=0.5)

    assert problems(report) == NO_PROBE
    assert report.result("latency").observed.startswith("the first in ")


@pytest.mark.parametrize(
    ("receiver", "observed", "fix"),
    [
        pytest.param(r.Redirects(), "308 in", "It leads to /webhooks/.", id="redirect"),
        pytest.param(r.HasNoSuchRoute(), "404 in", "is the route and takes POST", id="no route"),
        pytest.param(r.Receiver(lambda *_: False), "401 in", "the same secret", id="refused"),
        pytest.param(
            r.Receiver(by_standardwebhooks), "401 in", "--scheme standardwebhooks", id="scheme"
        ),
    ],
)
def test_without_an_acknowledgement_nothing_else_is_tried(
    receiver: r.Receiver, observed: str, fix: str
) -> None:
    report = check(receiver)

    assert report.result("acknowledges").outcome == FAILED
    assert observed in report.result("acknowledges").observed
    assert fix in report.result("acknowledges").fix
    assert {one.outcome for one in report.results[1:]} == {INCONCLUSIVE}
    assert not any(one.is_tried for one in report.results[1:])


@pytest.mark.parametrize(
    ("url", "error"),
    [
        pytest.param("http://127.0.0.1:1/webhooks", "refused", id="nobody listens"),
        pytest.param("http://receiver.invalid/webhooks", "", id="no such host"),
    ],
)
def test_an_unreachable_receiver_is_a_failure_with_the_error(url: str, error: str) -> None:
    report = check_without_probe(url, timeout=2)

    assert error in report.result("acknowledges").observed
    assert "Check that the receiver runs" in report.result("acknowledges").fix


@pytest.fixture
def hanging(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a receiver that hangs until the end of the test."""
    receiver: r.Hangs = request.param()
    with HttpServer(receiver) as server:
        yield f"{server.origin}/webhooks"
        receiver.may_answer.set()


@pytest.mark.parametrize("hanging", [r.Hangs], indirect=True)
def test_a_hanging_receiver_ends_the_check(hanging: str) -> None:
    report = check_without_probe(hanging, timeout=0.1)

    assert report.result("acknowledges").observed == "no response within 0.1 s"
    assert "Respond first and work afterwards" in report.result("acknowledges").fix
    assert {one.outcome for one in report.results[1:]} == {INCONCLUSIVE}


@pytest.mark.parametrize("hanging", [r.HangsOnForgeries], indirect=True)
def test_two_hanging_requests_end_the_check(hanging: str) -> None:
    report = check_without_probe(hanging, timeout=0.4)

    assert report.result("missing_signature").outcome == WARNED
    assert report.result("wrong_secret").outcome == WARNED
    assert not report.result("altered_body").is_tried
    assert (
        "two requests had no complete response within 0.4 s"
        in report.result("altered_body").observed
    )
    assert report.passed


@contextmanager
def trickling_receiver() -> Iterator[str]:
    """Serve a receiver that begins every response at once, and never ends it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            with suppress(OSError):
                while not done.wait(0.02):
                    self.wfile.write(b"x")

        def log_message(self, *_: object) -> None:
            pass

    done = threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/webhooks"
        done.set()
        server.shutdown()
        thread.join()


def test_an_endless_response_acknowledges_nothing() -> None:
    with trickling_receiver() as url:
        report = check_without_probe(url, timeout=0.2)

    assert report.result("acknowledges").outcome == FAILED
    assert report.result("acknowledges").observed == "200, but no complete response within 0.2 s"
    assert not report.results[1].is_tried


@pytest.fixture
def streaming_server() -> Iterator[BaseWSGIServer]:
    """A server that calls its app before the body is complete, unlike ours."""
    server = make_server("127.0.0.1", 0, r.BreaksWithTheConnection(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_receiver_that_breaks_with_a_connection_is_found(
    streaming_server: BaseWSGIServer,
) -> None:
    url = f"http://127.0.0.1:{streaming_server.port}/webhooks"

    report = check_without_probe(url)

    assert problems(report) == {"broken_connection": FAILED, **NO_PROBE}
