"""The profile of a receiver: its responses, signatures and effects, known before any check."""

from dataclasses import replace

from mock_sendpilot.contracts import vocabulary as words
from mock_sendpilot.lazy_dataclass import dataclass
from mock_sendpilot.receiver_check.client import TestClient
from mock_sendpilot.receiver_check.effects import Effect, discover_effect, probe_failure
from mock_sendpilot.receiver_check.findings import ReceiverResponse, expect_accepted
from mock_sendpilot.receiver_check.target import ProbeFailed
from mock_sendpilot.verdicts.findings import PASSED, Finding
from mock_sendpilot.webhooks.disruption_kinds import FORGED_SECRET

USUAL_EVENT_TYPE = words.LEAD_UPDATED
_OTHER_EVENT_TYPES = (
    words.REPLY_RECEIVED,
    words.MESSAGE_SENT,
    words.CONNECTION_REQUEST_ACCEPTED,
    words.CONNECTION_REQUEST_SENT,
)
"""Event types a receiver may handle instead: each has a `linkedinUrl`, and is in every contract."""

SchemeSet = tuple[str, ...]
"""The signature schemes of one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The behavior of one receiver.

    Attributes:
        event_type: today's name of a type of event it acknowledges, if it acknowledges any.
        response: its response to the first event of that type.
        effect: the effect of one event, or a finding that says why it is unknown.
        unsigned_response: its response to an event without a signature.
        scheme_sets: the signature schemes it accepts, each set by itself.
        verifies_signatures: whether it rejects any event for its signature.
    """

    event_type: str
    response: ReceiverResponse
    effect: Effect | Finding
    unsigned_response: ReceiverResponse | None = None
    scheme_sets: tuple[SchemeSet, ...] = ()
    verifies_signatures: bool = False

    @property
    def acknowledges(self) -> bool:
        """Return whether it acknowledges a valid event."""
        return expect_accepted(self.response).outcome == PASSED


def discover(client: TestClient) -> Profile:
    """Find out which events and signatures a receiver accepts, and what one event does.

    Raises:
        ProbeFailed: its probe returns no count; nothing was sent.
    """
    initial_count = client.effect_count()
    event_type, response = USUAL_EVENT_TYPE, client.send(client.request(USUAL_EVENT_TYPE))
    finding = expect_accepted(response)
    if finding.outcome != PASSED and finding.fix is None and not response.has_no_route:
        for other_type in _OTHER_EVENT_TYPES:
            other_response = client.send(client.request(other_type))
            if other_response.is_accepted:
                event_type, response = other_type, other_response
                finding = expect_accepted(response)
                break
    if finding.outcome != PASSED:
        return Profile(event_type=event_type, response=response, effect=finding)
    # The effect comes first: here no other event can still have one.
    try:
        effect = discover_effect(client, event_type, initial_count=initial_count)
    except ProbeFailed as error:
        effect = probe_failure(error)
    unsigned_response = client.send(client.request(event_type, schemes=()))
    candidates = client.target.candidate_schemes

    def is_accepted(scheme: str, secret: str) -> bool:
        request = client.request(event_type, schemes=(scheme,))
        return client.send(replace(request, secrets=(secret,))).is_accepted

    accepted = [scheme for scheme in candidates if is_accepted(scheme, client.target.secret)]
    # A receiver that lets unsigned events through may still verify the signatures that it gets.
    verified = accepted
    if unsigned_response.is_accepted:
        verified = [scheme for scheme in accepted if not is_accepted(scheme, FORGED_SECRET)]
    return Profile(
        event_type=event_type,
        response=response,
        effect=effect,
        unsigned_response=unsigned_response,
        # One that accepts no scheme alone has accepted all of them together: it needs them all.
        scheme_sets=tuple((scheme,) for scheme in verified or accepted) or (candidates,),
        verifies_signatures=bool(verified) or not unsigned_response.is_accepted,
    )


def join_schemes(schemes: SchemeSet) -> str:
    """Return the names of schemes as one text."""
    return " and ".join(schemes)
