"""Receivers with one fault each: it is found, and nothing else is found."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from werkzeug.serving import BaseWSGIServer, make_server

from mock_sendpilot.contracts.contract import named_contract
from mock_sendpilot.http_server import HttpServer
from mock_sendpilot.receiver_check.deliverer import event_names
from mock_sendpilot.receiver_check.report import Report
from mock_sendpilot.testing.receiver_check import check_receiver
from tests.receiver_check import receivers as r
from tests.support import SECRET

FAILED, WARNED, INCONCLUSIVE = "failed", "warned", "inconclusive"
LIVE = named_contract("live")
FORGERIES = ("missing_signature", "wrong_secret", "altered_body", "stale_timestamp")
REFUSALS = (*FORGERIES, "future_timestamp", "malformed_signature")


def blemishes(report: Report) -> dict[str, str]:
    """Every check that did not pass, and how it came out."""
    return {one.id: one.outcome for one in report.results if one.outcome != "passed"}


def examined(receiver: r.Receiver) -> Report:
    """Under the live contract, with a probe."""
    return check_receiver(receiver, secret=SECRET, contract=LIVE, probe=lambda: receiver.effects)


NO_ROTATION = dict.fromkeys(("rotation_first", "rotation_second"), INCONCLUSIVE)
NOTHING_TO_SEE = {"raw_body": INCONCLUSIVE, **NO_ROTATION}
NOTHING_VERIFIED = {
    **dict.fromkeys((*FORGERIES, "malformed_signature", "scheme"), FAILED),
    "future_timestamp": WARNED,
    **NOTHING_TO_SEE,
}
LOOKS_AT_THE_TIME = {
    **dict.fromkeys(("wrong_secret", "altered_body", "malformed_signature"), FAILED),
    **NOTHING_TO_SEE,
}
IGNORES_WHAT_IS_MISSING = dict.fromkeys(("missing_signature", "malformed_signature"), FAILED)
NO_PROBE = {"idempotent": INCONCLUSIVE}
DOES_IT_TWICE = dict.fromkeys(("idempotent", "concurrent_duplicate"), FAILED)


@pytest.mark.parametrize(
    ("receiver", "expected"),
    [
        pytest.param(r.VerifiesNothing, NOTHING_VERIFIED, id="verifies nothing"),
        pytest.param(
            r.IgnoresMissingSignature, IGNORES_WHAT_IS_MISSING, id="ignores a missing one"
        ),
        pytest.param(r.LooksAtTheTimeAlone, LOOKS_AT_THE_TIME, id="looks at the time alone"),
        pytest.param(r.TakesAnotherSecretToo, {"wrong_secret": FAILED}, id="takes a wrong secret"),
        pytest.param(
            r.HasNoTolerance,
            {"stale_timestamp": FAILED, "future_timestamp": WARNED},
            id="has no tolerance",
        ),
        pytest.param(r.TrustsTheFuture, {"future_timestamp": WARNED}, id="trusts the future"),
        pytest.param(
            r.VerifiesTheBodyWrittenAgain,
            {"raw_body": FAILED, "altered_body": FAILED},
            id="verifies a body that was written again",
        ),
        pytest.param(
            r.VerifiesTheBodyAsExpressHasIt,
            {"raw_body": FAILED, "altered_body": FAILED},
            id="verifies a body without its blanks",
        ),
        pytest.param(
            r.VerifiesTheBodyReadAsLatin1, {"raw_body": FAILED}, id="verifies a body in Latin-1"
        ),
        pytest.param(
            r.LooksAtTheFirstSignature, {"rotation_second": FAILED}, id="looks at the first one"
        ),
        pytest.param(
            r.LooksAtTheLastSignature, {"rotation_first": FAILED}, id="looks at the last one"
        ),
        pytest.param(r.RefusesByCrashing, dict.fromkeys(REFUSALS, WARNED), id="refuses with 500"),
        pytest.param(r.RefusesByRedirect, dict.fromkeys(REFUSALS, WARNED), id="refuses with 302"),
        pytest.param(r.CrashesOnGarbage, {"malformed_signature": WARNED}, id="crashes on garbage"),
        pytest.param(
            r.CrashesOnAGarbledTime, {"malformed_signature": WARNED}, id="crashes on a garbled time"
        ),
        pytest.param(
            r.TakesWhatHasAGarbledTime, {"malformed_signature": FAILED}, id="takes a garbled time"
        ),
        pytest.param(r.TakesWhatHasNoId, {"malformed_signature": FAILED}, id="needs no id"),
        pytest.param(
            r.LimitsTheRateOfForgeries, dict.fromkeys(REFUSALS, INCONCLUSIVE), id="limits the rate"
        ),
    ],
)
def test_a_fault_of_the_verification_is_found(
    receiver: type[r.Receiver], expected: dict[str, str]
) -> None:
    assert blemishes(examined(receiver())) == expected


@pytest.mark.parametrize(
    ("contract", "options", "verify", "expected"),
    [
        pytest.param(
            "example",
            {},
            r.by_documents_at_any_time,
            {"stale_timestamp": FAILED, "future_timestamp": WARNED, **NO_ROTATION},
            id="documented, no tolerance",
        ),
        pytest.param(
            "documented",
            {},
            r.by_svix_if_it_is_there,
            IGNORES_WHAT_IS_MISSING,
            id="documented and svix, ignores a missing one",
        ),
        pytest.param(
            "documented",
            {},
            r.by_svix_or_the_time,
            {"wrong_secret": FAILED, "altered_body": FAILED, "malformed_signature": FAILED},
            id="documented and svix, one of them is not verified",
        ),
        pytest.param(
            "example",
            {},
            r.by_documents_but_any_time,
            {"malformed_signature": FAILED, **NO_ROTATION},
            id="documented, takes a garbled time",
        ),
        pytest.param(
            "example",
            {},
            r.by_documents_if_it_is_there,
            {"malformed_signature": FAILED, **NO_ROTATION},
            id="documented, takes a time without a signature",
        ),
        pytest.param(
            "live",
            {"signatures": "standardwebhooks"},
            r.by_standardwebhooks_the_first,
            {"rotation_second": FAILED},
            id="standardwebhooks, looks at the first one",
        ),
    ],
)
def test_a_fault_of_the_verification_is_found_under_other_schemes(
    contract: str, options: dict[str, str], verify: r.Verify, expected: dict[str, str]
) -> None:
    report = check_receiver(
        r.Receiver(verify), secret=SECRET, contract=named_contract(contract, options.items())
    )

    assert blemishes(report) == {**expected, **NO_PROBE}


@pytest.mark.parametrize(
    ("receiver", "seen"),
    [
        pytest.param(r.VerifiesTheBodyAsExpressHasIt, "svix, blanks: 401", id="blanks that go"),
        pytest.param(
            r.VerifiesTheBodyReadAsLatin1,
            "svix, other letters: 401",
            id="letters that change",
        ),
    ],
)
def test_it_is_told_which_bytes_come_out_otherwise(receiver: type[r.Receiver], seen: str) -> None:
    assert seen in examined(receiver()).result("raw_body").seen


@pytest.mark.parametrize(
    ("receiver", "expected"),
    [
        pytest.param(r.KnowsStatusesAlone, {}, id="statuses"),
        pytest.param(r.KnowsMessagesAlone, {}, id="messages"),
        pytest.param(
            r.KnowsStatusesAloneAndLimitsTheBody, {"large_event": WARNED}, id="a small body"
        ),
    ],
)
def test_who_refuses_other_types_of_events_is_told_of_that_alone(
    receiver: type[r.KnowsStatusesAlone], expected: dict[str, str]
) -> None:
    found = blemishes(examined(receiver()))

    types = map(LIVE.event_type, event_names(LIVE))
    unknown = {f"event:{one}": FAILED for one in types if one not in receiver.known}
    others = {"unknown_event": FAILED, "missing_fields": INCONCLUSIVE}
    assert found == {**unknown, **others, **expected}


def test_what_is_refused_for_its_words_is_inconclusive_for_its_bytes() -> None:
    report = examined(r.IsStrictAboutUrls())

    assert blemishes(report) == {"raw_body": INCONCLUSIVE}
    assert "422 in" in report.result("raw_body").seen
    assert "a plain one is refused, too" in report.result("raw_body").seen


def test_where_another_type_is_acknowledged_that_is_what_is_used() -> None:
    report = examined(r.KnowsMessagesAlone())

    assert report.result("acknowledges").seen.startswith("reply.received: 204")


@pytest.mark.parametrize(
    ("receiver", "expected"),
    [
        pytest.param(r.CrashesOnUnknownEvents, {"unknown_event": FAILED}, id="unknown event"),
        pytest.param(r.HasAClosedSchema, {"extra_fields": FAILED}, id="closed schema"),
        pytest.param(r.NeedsTheWorkspace, {"missing_fields": FAILED}, id="needs workspaceId"),
        pytest.param(r.NeedsTheNote, {"missing_fields": FAILED}, id="needs the note"),
        pytest.param(r.CrashesOnOneEvent, {"event:campaign.paused": FAILED}, id="one known event"),
        pytest.param(r.ActsOnEveryDelivery, DOES_IT_TWICE, id="acts on every delivery"),
        pytest.param(
            r.LooksUpBeforeItActs, {"concurrent_duplicate": FAILED}, id="looks up before it acts"
        ),
        pytest.param(r.RefusesDuplicates, DOES_IT_TWICE, id="409 for duplicates"),
        pytest.param(r.RefusesOlderEvents, {"out_of_order": FAILED}, id="409 for older events"),
        pytest.param(r.LimitsTheBody, {"large_event": WARNED}, id="limits the body"),
    ],
)
def test_a_fault_with_events_is_found(receiver: type[r.Receiver], expected: dict[str, str]) -> None:
    assert blemishes(examined(receiver())) == expected


def test_a_number_that_is_new_each_time_tells_of_a_second_effect() -> None:
    report = check_receiver(r.CountsInItsAnswers(), secret=SECRET, contract=LIVE)

    assert blemishes(report) == {"idempotent": FAILED}


def test_a_slow_answer_to_one_type_of_event_is_a_warning_that_names_it() -> None:
    report = check_receiver(r.IsSlow(), secret=SECRET, contract=LIVE, max_latency=0.5)

    assert blemishes(report) == {"latency": WARNED, **NO_PROBE}
    assert report.result("latency").seen.startswith("message.sent in ")
    assert "in more than 0.5 s" in report.result("latency").seen


def test_a_first_answer_that_is_slow_is_forgiven() -> None:
    report = check_receiver(r.WakesUpSlowly(), secret=SECRET, contract=LIVE, max_latency=0.5)

    assert blemishes(report) == NO_PROBE
    assert report.result("latency").seen.startswith("the first in ")


@pytest.mark.parametrize(
    ("receiver", "seen", "fix"),
    [
        pytest.param(r.Redirects(), "308 in", "It leads to /webhooks/.", id="redirect"),
        pytest.param(r.HasNoSuchRoute(), "404 in", "is the route and takes POST", id="no route"),
        pytest.param(r.Receiver(lambda *_: False), "401 in", "the same secret", id="refused"),
        pytest.param(
            r.Receiver(r.by_standardwebhooks), "401 in", "--scheme standardwebhooks", id="scheme"
        ),
    ],
)
def test_without_an_acknowledgement_nothing_else_is_tried(
    receiver: r.Receiver, seen: str, fix: str
) -> None:
    report = examined(receiver)

    assert report.result("acknowledges").outcome == FAILED
    assert seen in report.result("acknowledges").seen
    assert fix in report.result("acknowledges").fix
    assert {one.outcome for one in report.results[1:]} == {INCONCLUSIVE}
    assert not any(one.is_tried for one in report.results[1:])


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        pytest.param("http://127.0.0.1:1/webhooks", "refused", id="nobody listens"),
        pytest.param("http://receiver.invalid/webhooks", "", id="no such host"),
    ],
)
def test_a_receiver_that_is_not_there_is_told_of(url: str, seen: str) -> None:
    report = check_receiver(url, secret=SECRET, contract=LIVE, timeout=2)

    assert seen in report.result("acknowledges").seen
    assert "See that the receiver runs" in report.result("acknowledges").fix


@pytest.fixture
def hanging(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a receiver that hangs until the end of the test."""
    receiver: r.Hangs = request.param()
    with HttpServer(receiver) as server:
        yield f"{server.origin}/webhooks"
        receiver.may_answer.set()


@pytest.mark.parametrize("hanging", [r.Hangs], indirect=True)
def test_a_receiver_that_hangs_is_given_up(hanging: str) -> None:
    report = check_receiver(hanging, secret=SECRET, contract=LIVE, timeout=0.1)

    assert report.result("acknowledges").seen == "no response within 0.1 s"
    assert "Answer first and work afterwards" in report.result("acknowledges").fix
    assert {one.outcome for one in report.results[1:]} == {INCONCLUSIVE}


@pytest.mark.parametrize("hanging", [r.HangsOnForgeries], indirect=True)
def test_after_two_requests_that_hung_nothing_more_is_tried(hanging: str) -> None:
    report = check_receiver(hanging, secret=SECRET, contract=LIVE, timeout=0.4)

    assert report.result("missing_signature").outcome == WARNED
    assert report.result("wrong_secret").outcome == WARNED
    assert not report.result("altered_body").is_tried
    assert "two requests had no whole answer within 0.4 s" in report.result("altered_body").seen
    assert report.passed


@contextmanager
def trickling_receiver() -> Iterator[str]:
    """Begins every answer at once, and never ends it."""

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


def test_an_answer_that_never_ends_acknowledges_nothing() -> None:
    with trickling_receiver() as url:
        report = check_receiver(url, secret=SECRET, contract=LIVE, timeout=0.2)

    assert report.result("acknowledges").outcome == FAILED
    assert report.result("acknowledges").seen == "200, but no end of the answer within 0.2 s"
    assert not report.results[1].is_tried


@pytest.fixture
def streaming_server() -> Iterator[BaseWSGIServer]:
    """A server that calls its app before the body is there, unlike ours."""
    server = make_server("127.0.0.1", 0, r.BreaksWithTheConnection(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_receiver_that_a_broken_connection_breaks_is_found(
    streaming_server: BaseWSGIServer,
) -> None:
    url = f"http://127.0.0.1:{streaming_server.port}/webhooks"

    report = check_receiver(url, secret=SECRET, contract=LIVE)

    assert blemishes(report) == {"broken_connection": FAILED, **NO_PROBE}
