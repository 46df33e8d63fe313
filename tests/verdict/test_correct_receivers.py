"""Correct receivers: nothing is found against them, whatever they verify."""

import flask
import pytest
from svix.webhooks import Webhook, WebhookVerificationError

from mock_sendpilot.domain.contracts import named_contract
from mock_sendpilot.domain.errors import InvalidInput
from mock_sendpilot.testing.receiver_check import check_receiver
from mock_sendpilot.verdict.checks import checks_under
from tests.support import SECRET
from tests.verdict import receivers as r
from tests.verdict.test_planted_faults import LIVE, NO_ROTATION, blemishes

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
    ("contract", "points", "verify", "schemes", "expected"),
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
    points: dict[str, str],
    verify: r.Verify,
    schemes: tuple[str, ...],
    expected: dict[str, str],
) -> None:
    receiver = r.Receiver(verify)

    report = check_receiver(
        receiver,
        secret=SECRET,
        contract=named_contract(contract, points.items()),
        probe=lambda: receiver.effects,
    )

    assert blemishes(report) == expected
    assert report.schemes == schemes
    assert report.passed


def test_a_flask_app_passes_everything() -> None:
    report = check_receiver(_flask_app(), secret=SECRET, contract=LIVE)

    assert blemishes(report) == {}


def test_a_scheme_can_be_chosen_in_place_of_the_contracts() -> None:
    report = check_receiver(
        r.Receiver(r.by_standardwebhooks), secret=SECRET, contract=LIVE, scheme="standardwebhooks"
    )

    assert blemishes(report) == {}
    assert report.schemes == ("standardwebhooks",)


def test_a_receiver_that_says_when_it_knows_an_event_is_idempotent() -> None:
    report = check_receiver(r.SaysWhenItKnowsTheEvent(), secret=SECRET, contract=LIVE)

    assert blemishes(report) == {}
    assert "answers repetitions otherwise" in report.result("idempotent").seen


@pytest.mark.parametrize(
    ("contract", "count"),
    [pytest.param("documented", 11, id="without tags"), pytest.param("live", 12, id="with tags")],
)
def test_each_event_of_the_contract_is_a_check(contract: str, count: int) -> None:
    checks = checks_under(named_contract(contract))

    assert sum(check.id.startswith("event:") for check in checks) == count


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
