"""Correct receivers: nothing is found against them, whatever they verify."""

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
from mock_sendpilot.http_server import HttpServer
from mock_sendpilot.receiver_check.checks import checks_under
from mock_sendpilot.testing.receiver_check import check_receiver
from tests.receiver_check import receivers as r
from tests.receiver_check.test_planted_faults import LIVE, NO_PROBE, NO_ROTATION, blemishes
from tests.support import SECRET

STANDARD = {"signatures": "standardwebhooks"}


def _flask_app() -> flask.Flask:
    """As short as the README's, and with a 401."""
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
        pytest.param("documented", {}, r.by_svix, ("svix",), {}, id="documented, svix"),
        pytest.param(
            "documented", {}, r.by_documents, ("documented",), NO_ROTATION, id="documented, its own"
        ),
        pytest.param(
            "documented", {}, r.by_either, ("documented", "svix"), {}, id="documented, either"
        ),
        pytest.param(
            "documented",
            {},
            r.by_both,
            ("documented and svix",),
            NO_ROTATION,
            id="documented, both at once",
        ),
        pytest.param("example", {}, r.by_documents, ("documented",), NO_ROTATION, id="example"),
        pytest.param("schema", {}, r.by_svix, ("svix",), {}, id="schema, svix"),
        pytest.param("schema", {}, r.by_documents, ("documented",), NO_ROTATION, id="schema, own"),
        pytest.param("live", {}, r.by_svix, ("svix",), {}, id="live"),
        pytest.param(
            "live",
            STANDARD,
            r.by_standardwebhooks,
            ("standardwebhooks",),
            {},
            id="standardwebhooks",
        ),
    ],
)
def test_a_correct_receiver_passes_everything(
    contract: str,
    options: dict[str, str],
    verify: r.Verify,
    schemes: tuple[str, ...],
    expected: dict[str, str],
) -> None:
    receiver = r.Receiver(verify)

    report = check_receiver(
        receiver,
        secret=SECRET,
        contract=named_contract(contract, options.items()),
        probe=lambda: receiver.effects,
    )

    assert blemishes(report) == expected
    assert report.schemes == schemes
    assert report.passed


def test_a_flask_app_passes_everything() -> None:
    report = check_receiver(_flask_app(), secret=SECRET, contract=LIVE)

    assert blemishes(report) == NO_PROBE


def test_a_scheme_can_be_chosen_in_place_of_the_contracts() -> None:
    report = check_receiver(
        r.Receiver(r.by_standardwebhooks), secret=SECRET, contract=LIVE, scheme="standardwebhooks"
    )

    assert blemishes(report) == NO_PROBE
    assert report.schemes == ("standardwebhooks",)


def test_a_receiver_that_says_when_it_knows_an_event_is_idempotent() -> None:
    report = check_receiver(r.SaysWhenItKnowsTheEvent(), secret=SECRET, contract=LIVE)

    assert blemishes(report) == {}
    assert "answers repetitions otherwise" in report.result("idempotent").seen


def test_without_a_probe_one_effect_looks_like_several() -> None:
    report = check_receiver(r.ActsOnEveryDelivery(), secret=SECRET, contract=LIVE)

    assert blemishes(report) == NO_PROBE
    assert report.result("idempotent").seen == (
        "the answers are alike; a probe would show what was done"
    )


@pytest.mark.parametrize(
    ("contract", "count"),
    [pytest.param("documented", 11, id="without tags"), pytest.param("live", 12, id="with tags")],
)
def test_each_event_of_the_contract_is_a_check(contract: str, count: int) -> None:
    checks = checks_under(named_contract(contract))

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
@pytest.mark.parametrize("verify", [r.by_svix, r.by_documents])
def test_in_a_test_that_stops_the_time_an_app_is_sent_what_its_clock_says(
    frozen: Callable[[], AbstractContextManager[object]], verify: r.Verify
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
def test_an_app_of_the_process_behind_a_url_is_sent_what_its_clock_says(
    options: dict[str, str], passes: bool
) -> None:
    with HttpServer(r.Receiver(r.by_svix)) as server, freezegun.freeze_time("2001-02-03"):
        report = check_receiver(
            f"{server.origin}/webhooks",
            secret=SECRET,
            contract=LIVE,
            **options,  # type: ignore[arg-type]
        )

    assert report.passed is passes


def test_the_older_event_comes_right_after_the_newer_one() -> None:
    times: list[datetime] = []

    class Noting(r.Receiver):
        def act(self, event: dict[str, str]) -> None:
            times.append(datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00")))

    check_receiver(Noting(), secret=SECRET, contract=LIVE)

    (place,) = [place for place, one in enumerate(times) if one < times[0]]
    older = times.pop(place)
    assert times[place - 1] - older == timedelta(minutes=1)
    assert times == sorted(times)


def test_the_events_are_about_the_lead_that_is_named() -> None:
    seen: set[str] = set()

    class Noting(r.Receiver):
        def act(self, event: dict[str, dict[str, str]]) -> None:
            seen.add(event["data"].get("leadId", "none"))

    check_receiver(Noting(), secret=SECRET, contract=LIVE, lead_id="lead_7")

    assert seen == {"lead_7", "none"}


def test_every_event_has_an_id_of_its_own_in_the_vendors_form() -> None:
    receiver = r.Receiver()

    check_receiver(receiver, secret=SECRET, contract=LIVE)

    assert len(receiver.effects) == len(set(receiver.effects)) > 20
    assert all(len(one.split("_")[2]) == 9 for one in receiver.effects)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        pytest.param({"secret": "s3cret"}, "the secret must be 'whsec_'", id="secret"),
        pytest.param({"path": "webhooks"}, "the path must begin with /", id="path"),
        pytest.param({"scheme": "hmac"}, "must be one of documented, svix", id="scheme"),
        pytest.param({"probe": "effects"}, "the probe must be an absolute", id="probe"),
        pytest.param(
            {"probe": "/webhooks"}, "the probe answered 401, not 200; no event was sent", id="401"
        ),
        pytest.param(
            {"signature_clock": "virtual"}, "expected process or wall, got 'virtual'", id="clock"
        ),
        pytest.param({"lead_id": "\udcff"}, "the lead id must be UTF-8", id="lead id"),
        pytest.param(
            {"scheme": ("documented", "standardwebhooks")}, "cannot be sent together", id="header"
        ),
    ],
)
def test_what_cannot_be_examined_is_refused(options: dict[str, str], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        check_receiver(r.Receiver(), **{"secret": SECRET, "contract": LIVE, **options})  # type: ignore[arg-type]


def test_a_url_that_webhooks_cannot_go_to_is_refused() -> None:
    with pytest.raises(InvalidInput, match="the URL must be an absolute http or https URL"):
        check_receiver("ftp://127.0.0.1/webhooks", secret=SECRET, contract=LIVE)
