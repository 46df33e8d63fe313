"""Profiles: the events, signatures and effects of a receiver, discovered before any check."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from mock_sendpilot.contracts.contract import named_contract
from mock_sendpilot.http_server.server import HttpServer
from mock_sendpilot.receiver_check.checks import checks_for
from mock_sendpilot.receiver_check.client import TestClient
from mock_sendpilot.receiver_check.effects import Effect
from mock_sendpilot.receiver_check.profile import Profile, SchemeSet, discover
from mock_sendpilot.receiver_check.target import Probe, Target
from mock_sendpilot.verdicts.findings import Finding
from mock_sendpilot.webhooks.http_sender import HttpSender
from tests.receiver_check import async_receivers
from tests.receiver_check import receivers as r
from tests.receiver_check.verification import (
    by_both,
    by_documents,
    by_either,
    by_svix,
    by_svix_if_it_is_there,
)
from tests.support import SECRET

DOCUMENTED = named_contract("documented")


@contextmanager
def client_of(
    receiver: r.Receiver, probe: Probe | None = None, *, max_latency_seconds: float = 5
) -> Iterator[TestClient]:
    """Serve a receiver, and return a client of it under the documented contract."""
    with HttpServer(receiver) as server, closing(HttpSender()) as http_sender:
        target = Target(
            url=f"{server.origin}/webhooks",
            secret=SECRET,
            contract=DOCUMENTED,
            max_latency_seconds=max_latency_seconds,
            probe=probe,
        )
        yield TestClient(target, http_sender)


def profile_of(receiver: r.Receiver, probe: Probe | None = None) -> Profile:
    """Return the profile of a receiver under the documented contract."""
    with client_of(receiver, probe) as client:
        return discover(client)


@pytest.mark.parametrize(
    ("receiver", "scheme_sets", "verifies_signatures"),
    [
        pytest.param(r.Receiver(by_svix), (("svix",),), True, id="svix"),
        pytest.param(r.Receiver(by_documents), (("documented",),), True, id="documented"),
        pytest.param(
            r.Receiver(by_either), (("documented",), ("svix",)), True, id="either of them"
        ),
        pytest.param(r.Receiver(by_both), (("documented", "svix"),), True, id="both of them"),
        pytest.param(
            r.Receiver(by_svix_if_it_is_there), (("svix",),), True, id="svix, if it is present"
        ),
        pytest.param(r.VerifiesNothing(), (("documented",), ("svix",)), False, id="none"),
    ],
)
def test_a_profile_has_the_schemes_that_the_receiver_verifies(
    receiver: r.Receiver, scheme_sets: tuple[SchemeSet, ...], *, verifies_signatures: bool
) -> None:
    profile = profile_of(receiver)

    assert profile.scheme_sets == scheme_sets
    assert profile.verifies_signatures is verifies_signatures


@pytest.mark.parametrize(
    ("receiver", "event_type", "acknowledges"),
    [
        pytest.param(r.Receiver(), "lead.updated", True, id="any"),
        pytest.param(r.KnowsMessages(), "reply.received", True, id="messages"),
        pytest.param(r.HasNoSuchRoute(), "lead.updated", False, id="none"),
    ],
)
def test_a_profile_has_an_event_type_that_the_receiver_acknowledges(
    receiver: r.Receiver, event_type: str, *, acknowledges: bool
) -> None:
    profile = profile_of(receiver)

    assert profile.event_type == event_type
    assert profile.acknowledges is acknowledges


@pytest.mark.parametrize(
    ("receiver", "size"),
    [
        pytest.param(r.Receiver(), 1, id="one"),
        pytest.param(async_receivers.ActsTwicePerEvent(), 2, id="two, one of them later"),
    ],
)
def test_a_profile_has_the_size_of_an_effect(receiver: r.Receiver, size: int) -> None:
    effect = profile_of(receiver, lambda: receiver.effects).effect

    assert isinstance(effect, Effect)
    assert effect.size == size


def test_a_profile_without_a_probe_has_no_effect() -> None:
    assert isinstance(profile_of(r.Receiver()).effect, Finding)


def test_the_checks_have_the_same_outcomes_in_any_order() -> None:
    receiver, checks = r.ActsOnEveryDelivery(), checks_for(DOCUMENTED)
    with client_of(receiver, lambda: receiver.effects) as client:
        profile = discover(client)
        outcomes = {check.id: check.run(profile, client).outcome for check in checks}
        reversed_outcomes = {
            check.id: check.run(profile, client).outcome for check in reversed(checks)
        }

    assert reversed_outcomes == outcomes
