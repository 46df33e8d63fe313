"""Correct receivers: no check blames them, whichever signatures they verify."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import flask
import freezegun
import pytest
import time_machine
from svix.webhooks import Webhook, WebhookVerificationError

from mock_sendpilot.contracts.contract import named_contract
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.http_server.server import HttpServer
from mock_sendpilot.receiver_check.checks import checks_for
from mock_sendpilot.testing.receiver_check import check_receiver
from tests.receiver_check import receivers as r
from tests.receiver_check.test_planted_faults import LIVE, NO_PROBE, NO_ROTATION, check, problems
from tests.receiver_check.verification import (
    Verify,
    by_both,
    by_documents,
    by_either,
    by_standardwebhooks,
    by_svix,
)
from tests.support import SECRET

STANDARD = {"signatures": "standardwebhooks"}


def _flask_app() -> flask.Flask:
    """Return a receiver as short as that of the README, with a 401."""
    receiver = flask.Flask(__name__)

    @receiver.post("/webhooks")
    def receive() -> tuple[str, int]:
        body = flask.request.get_data()
        try:
            Webhook(SECRET).verify(body, dict(flask.request.headers))
        except (WebhookVerificationError, ValueError):
            return "", 401
        return "", 204

    return receiver


@pytest.mark.parametrize(
    ("contract", "options", "verify", "schemes", "expected"),
    [
        pytest.param("documented", {}, by_svix, ("svix",), {}, id="documented, svix"),
        pytest.param(
            "documented", {}, by_documents, ("documented",), NO_ROTATION, id="documented, its own"
        ),
        pytest.param(
            "documented", {}, by_either, ("documented", "svix"), {}, id="documented, either"
        ),
        pytest.param(
            "documented",
            {},
            by_both,
            ("documented and svix",),
            NO_ROTATION,
            id="documented, both at once",
        ),
        pytest.param("example", {}, by_documents, ("documented",), NO_ROTATION, id="example"),
        pytest.param("schema", {}, by_svix, ("svix",), {}, id="schema, svix"),
        pytest.param("schema", {}, by_documents, ("documented",), NO_ROTATION, id="schema, own"),
        pytest.param("live", {}, by_svix, ("svix",), {}, id="live"),
        pytest.param(
            "live",
            STANDARD,
            by_standardwebhooks,
            ("standardwebhooks",),
            {},
            id="standardwebhooks",
        ),
    ],
)
def test_a_correct_receiver_passes_whatever_it_verifies(
    contract: str,
    options: dict[str, str],
    verify: Verify,
    schemes: tuple[str, ...],
    expected: dict[str, str],
) -> None:
    report = check_receiver(
        r.Receiver(verify), secret=SECRET, contract=named_contract(contract, options.items())
    )

    assert problems(report) == {**expected, **NO_PROBE}
    assert report.schemes == schemes
    assert report.passed


def test_without_a_probe_only_effects_are_inconclusive() -> None:
    report = check_receiver(_flask_app(), secret=SECRET, contract=LIVE)

    assert problems(report) == NO_PROBE


def test_a_scheme_can_replace_those_of_the_contract() -> None:
    report = check_receiver(
        r.Receiver(by_standardwebhooks), secret=SECRET, contract=LIVE, scheme="standardwebhooks"
    )

    assert problems(report) == NO_PROBE
    assert report.schemes == ("standardwebhooks",)


def test_a_receiver_whose_response_reports_duplicates_passes() -> None:
    receiver = r.ReportsDuplicates()

    assert problems(check(receiver)) == {}


@pytest.mark.parametrize(
    ("contract", "count"),
    [pytest.param("documented", 11, id="without tags"), pytest.param("live", 12, id="with tags")],
)
def test_each_event_of_the_contract_is_a_check(contract: str, count: int) -> None:
    checks = checks_for(named_contract(contract))

    assert sum(check.id.startswith("event:") for check in checks) == count


@pytest.mark.parametrize(
    "frozen",
    [
        pytest.param(lambda: freezegun.freeze_time("2001-02-03"), id="freezegun, past"),
        pytest.param(lambda: freezegun.freeze_time("2101-02-03"), id="freezegun, future"),
        pytest.param(lambda: time_machine.travel(4e9, tick=False), id="time-machine, still"),
        pytest.param(lambda: time_machine.travel(1e9, tick=True), id="time-machine, ticking"),
    ],
)
@pytest.mark.parametrize("verify", [by_svix, by_documents])
def test_an_app_in_frozen_time_gets_signatures_of_its_clock(
    frozen: Callable[[], AbstractContextManager[object]], verify: Verify
) -> None:
    receiver = r.Receiver(verify)

    with frozen():
        report = check_receiver(
            receiver,
            secret=SECRET,
            contract=named_contract("documented"),
            probe=lambda: receiver.effects,
        )

    assert (report.failed, report.warned) == ((), ())
    assert report.result("idempotent").outcome == "passed"


@pytest.mark.parametrize(
    ("options", "passes"), [({}, True), ({"signature_clock": "wall"}, False)], ids=str
)
def test_a_url_of_the_same_process_gets_signatures_of_its_clock(
    options: dict[str, str], passes: bool
) -> None:
    with HttpServer(r.Receiver(by_svix)) as server, freezegun.freeze_time("2001-02-03"):
        report = check_receiver(
            f"{server.origin}/webhooks",
            secret=SECRET,
            contract=LIVE,
            **options,  # type: ignore[arg-type]
        )

    assert report.passed is passes


def test_an_older_event_follows_right_after_a_newer_one() -> None:
    times: list[datetime] = []

    class Noting(r.Receiver):
        def act(self, event: dict[str, str]) -> None:
            times.append(datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00")))

    check_receiver(Noting(), secret=SECRET, contract=LIVE)

    (place,) = [place for place, one in enumerate(times) if one < times[0]]
    older = times.pop(place)
    assert times[place - 1] - older == timedelta(minutes=1)
    assert times == sorted(times)


def test_the_events_are_about_the_lead_of_the_target() -> None:
    lead_ids: set[str] = set()

    class Noting(r.Receiver):
        def act(self, event: dict[str, dict[str, str]]) -> None:
            lead_ids.add(event["data"].get("leadId", "none"))

    check_receiver(Noting(), secret=SECRET, contract=LIVE, lead_id="lead_7")

    assert lead_ids == {"lead_7", "none"}


def test_every_event_has_its_own_id_in_the_format_of_the_vendor() -> None:
    receiver = r.Receiver()

    check_receiver(receiver, secret=SECRET, contract=LIVE)

    assert len(receiver.effects) == len(set(receiver.effects)) > 20
    assert all(len(one.split("_")[2]) == 9 for one in receiver.effects)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        pytest.param({"secret": "s3cret"}, "the secret: expected 'whsec_'", id="secret"),
        pytest.param({"path": "webhooks"}, "path: expected a path that begins", id="path"),
        pytest.param({"scheme": "hmac"}, "different schemes out of documented, svix", id="scheme"),
        pytest.param({"probe": "effects"}, "the probe: expected an absolute", id="probe"),
        pytest.param(
            {"probe": "/webhooks"},
            "status 200 from the probe, got 401; no event was sent",
            id="401",
        ),
        pytest.param(
            {"signature_clock": "virtual"}, "expected process or wall, got 'virtual'", id="clock"
        ),
        pytest.param({"lead_id": "\udcff"}, "the lead id: expected UTF-8", id="lead id"),
        pytest.param(
            {"scheme": ("documented", "standardwebhooks")},
            "both need Webhook-Signature",
            id="header",
        ),
    ],
)
def test_an_invalid_argument_is_refused(options: dict[str, str], problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        check_receiver(r.Receiver(), **{"secret": SECRET, "contract": LIVE, **options})  # type: ignore[arg-type]


def test_an_invalid_url_is_refused() -> None:
    with pytest.raises(InvalidInput, match="the URL: expected an absolute http or https URL"):
        check_receiver("ftp://127.0.0.1/webhooks", secret=SECRET, contract=LIVE)
