"""A schedule as a pytest test of the fixture, which fails for the same reason."""

import json
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from mock_sendpilot.contracts.contract import Contract
from mock_sendpilot.errors import InvalidInput
from mock_sendpilot.evidence.files import is_evidence, read
from mock_sendpilot.explorer.playing import ACTIONS, Played, Subject, event_types
from mock_sendpilot.explorer.steps import (
    EVENTS,
    INITIAL_STATUS,
    Advance,
    Change,
    Event,
    Resend,
    Restart,
    Schedule,
    Step,
    Together,
    Unknown,
    as_json,
    has_races,
    needs_restart,
    schedule_from_json,
)
from mock_sendpilot.explorer.story import sentence
from mock_sendpilot.json_text import as_utf8
from mock_sendpilot.scheduling.clock import iso_milliseconds, parse_moment

_MARK = "# schedule: "
_REPEATED = '@pytest.mark.parametrize("attempt", range(10))  # a race, which is not met each time'
_WIDTH = 96


def generated_test(
    schedule: Schedule,
    played: Played,
    subject: Subject,
    *,
    contract: Contract,
    starts_at: datetime,
    random_seed: str,
) -> str:
    """Return the source of a test file.

    Args:
        schedule: the schedule.
        played: what came of it.
        subject: the app, whose objects are imported from where they are.
        contract: the contract of the workspace.
        starts_at: the time at the start.
        random_seed: the seed of the search.
    """
    writer = _Writer(schedule, played, subject, contract)
    body = list(writer.body())  # first: it collects the names that have to be imported
    marker = _marker(contract, starts_at)
    arguments = ", attempt" if has_races(schedule) else ""
    head = [
        f'"""Found by exploring with random seed {random_seed!r}: it does not end well.',
        "",
        "`mock-sendpilot explore … --replay THIS_FILE` plays it again.",
        '"""',
        _MARK + json.dumps(schedule_as_json(schedule, starts_at)),
        "",
        *writer.imports(),
        "",
        "",
        *([_REPEATED] if has_races(schedule) else []),
        marker,
        f"def test_the_app_agrees_with_sendpilot_in_the_end(sendpilot{arguments}):",
    ]
    return "\n".join([*head, *(f"    {line}".rstrip() for line in body)]) + "\n"


def schedule_as_json(schedule: Schedule, starts_at: datetime) -> dict[str, Any]:
    """Return a schedule and the time at its start as JSON."""
    steps = [as_json(step) for step in schedule]
    return {"startsAt": iso_milliseconds(starts_at), "steps": steps}


def schedule_of_file(path: Path) -> tuple[Schedule, datetime | None]:
    """Return the schedule of a file and its start: a test of `generated_test`, JSON, or evidence.

    Raises:
        InvalidInput: it has none, or it cannot be read.
    """
    try:
        content = as_utf8(path.read_bytes())
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror}") from None
    if is_evidence(content):
        value = read(path).get("exploration")
        return schedule_from_document(value, path)
    marked = re.search(rb"^# schedule: (.*)$", content, flags=re.MULTILINE)
    try:
        value = orjson.loads(marked[1] if marked else content)
    except ValueError:
        raise InvalidInput(
            f"{path}: expected a test that explore has printed, or the JSON of --json"
        ) from None
    return schedule_from_document(value, path)


def schedule_from_document(value: object, path: Path) -> tuple[Schedule, datetime | None]:
    """Return the schedule of parsed JSON and its start.

    Raises:
        InvalidInput: it has none.
    """
    if value is None:
        raise InvalidInput(f"{path}: expected a schedule, got a file without one")
    document = value if isinstance(value, dict) else {}
    starts_at = parse_moment(str(document.get("startsAt")))
    return schedule_from_json(document.get("steps")), starts_at


def _marker(contract: Contract, starts_at: datetime) -> str:
    name, *options = contract.name.split("+")
    words = [json.dumps(name)]
    words += [f"{key}={value!r}" for key, _, value in (one.partition("=") for one in options)]
    words += [f'starts_at="{iso_milliseconds(starts_at)}"', "frozen=True"]
    return f"@pytest.mark.sendpilot({', '.join(words)})"


class _Writer:
    """Writes the body of the test, and notes what it needs."""

    def __init__(
        self, schedule: Schedule, played: Played, subject: Subject, contract: Contract
    ) -> None:
        self._schedule = schedule
        self._played = played
        self._subject = subject
        self._contract = contract
        self._imports: dict[str, set[str]] = {}
        self._missing: dict[str, str] = {}
        self._is_url = isinstance(subject.receiver, str)
        self._text_count = 0
        self._known_deliveries: set[str] = set()

    def imports(self) -> Iterator[str]:
        """Yield the imports, and a line for each object that nothing can import."""
        if self._is_url:
            yield from ("import secrets", "")
        yield "import pytest"
        if self._imports:
            yield ""
        for module, names in sorted(self._imports.items()):
            yield f"from {module} import {', '.join(sorted(names))}"
        if self._missing:
            yield ""
        for name, about in self._missing.items():
            yield f"{name} = ...  # {about}: it is no name of a module, so import it here"

    def body(self) -> Iterator[str]:
        """Yield the lines of the test."""
        process = getattr(self._subject.restartable, "command", None)
        if process is not None and needs_restart(self._schedule):
            self._imports.setdefault("mock_sendpilot.testing.receiver_process", set()).add(
                "ReceiverProcess"
            )
            url = json.dumps(self._subject.receiver)
            yield f"command = {json.dumps(list(process))}"
            yield f"with ReceiverProcess(command, url={url}) as receiver:"
            yield from (f"    {line}" for line in self._steps())
        else:
            yield from self._steps()

    def _steps(self) -> Iterator[str]:
        yield self._endpoint()
        for number in self._played.lead_ids:
            lead_id = f'"lead_{number}"'
            if has_races(self._schedule):
                lead_id = f'f"lead_{{attempt}}_{number}"'
            if self._is_url:  # it may know the leads of an earlier run
                lead_id = f'f"lead_{{secrets.token_hex(4)}}_{number}"'
            words = f'lead_id={lead_id}, status="{INITIAL_STATUS}"'
            yield f"lead_{number} = sendpilot.add_lead({words})"
        attempts = [*self._played.attempts, *[[]] * len(self._schedule)]
        for number, (step, made) in enumerate(zip(self._schedule, attempts, strict=False), start=1):
            ids = {delivery.id for delivery, _ in made} - self._known_deliveries
            self._known_deliveries |= ids
            yield ""
            yield from _comment(f"{number}. {sentence(step, self._contract)}")
            yield from self._step(step, new_count=len(ids))
        yield ""
        yield "sendpilot.deliver_all()"
        yield f"sendpilot.assert_converges({self._probe()}, leads=[{', '.join(self._compared())}])"
        for number, invariant in enumerate(self._subject.invariants):
            name = self._reference(invariant, f"invariant_{number + 1}", "an invariant")
            yield f"assert {name}(sendpilot) is not False"

    def _endpoint(self) -> str:
        subject = self._subject
        receiver = json.dumps(subject.receiver) if self._is_url else self._receiver()
        words = [receiver]
        words += [] if subject.path is None else [f"path={subject.path!r}"]
        words += [] if subject.secret is None else [f"secret={json.dumps(subject.secret)}"]
        words += [] if subject.events is None else [f"events={list(subject.events)!r}"]
        return f"sendpilot.add_endpoint({', '.join(words)})"

    def _receiver(self) -> str:
        return self._reference(self._subject.receiver, "app", "the app that was explored")

    def _probe(self) -> str:
        probe = self._subject.probe
        if callable(probe):
            return self._reference(probe, "probe", "the probe that was given")
        return json.dumps(probe) if isinstance(probe, str) else repr(list(probe))

    def _compared(self) -> list[str]:
        """Return the names of the leads that something happened to."""
        parts: list[Step | None] = []
        for step in self._schedule:
            parts += [step.first, step.second] if isinstance(step, Together) else [step]
        numbers = {one.lead for one in parts if isinstance(one, EVENTS)}
        return [f"lead_{number}" for number in self._played.lead_ids if number in numbers]

    def _step(self, step: Step, *, new_count: int) -> Iterator[str]:
        if isinstance(step, EVENTS):
            yield from self._arming(step)
            yield from self._causing(step)
            if step.killed is None:
                yield "sendpilot.clock.advance()"
            else:
                yield f'with receiver.killed(sendpilot, "{step.killed}"):'
                yield "    sendpilot.clock.advance()"
        elif isinstance(step, Together):
            yield from self._causing_together(step, new_count)
        elif isinstance(step, Restart):
            yield self._restarting()
        else:
            yield from _plain_step(step)

    def _causing_together(self, step: Together, new_count: int) -> Iterator[str]:
        yield "with sendpilot.at_once():"
        for part in (step.first, step.second):
            if part is not None:
                yield from (f"    {line}" for line in self._causing(part))
        if step.second is None:
            yield f"    for webhook in sendpilot.webhooks.matching()[-{max(1, new_count)}:]:"
            yield "        sendpilot.resend(webhook)"

    def _restarting(self) -> str:
        if getattr(self._subject.restartable, "command", None) is not None:
            return "receiver.restart()"
        function = getattr(self._subject.restartable, "function", None)
        return f"{self._reference(function, 'restart', 'the function that restarts it')}()"

    def _arming(self, step: Event) -> Iterator[str]:
        disrupted = step.disrupted
        if disrupted is not None:
            types = event_types(step, self._contract)
            event_type = types[min(disrupted.webhook, len(types) - 1)]
            options = "".join(f", {key}={one!r}" for key, one in disrupted.options.items())
            yield f'sendpilot.disrupt("{disrupted.kind}", event_type="{event_type}"{options})'

    def _causing(self, step: Event) -> Iterator[str]:
        if isinstance(step, Change):
            event_type = event_types(step, self._contract)[0]
            yield "sendpilot.trigger("
            yield f'    "{event_type}",'
            yield f"    lead_id=lead_{step.lead},"
            yield f'    overrides={{"newStatus": "{step.status}"}},'
            yield "    with_effects=True,"
            yield ")"
        else:
            self._text_count += 1
            action, text = ACTIONS[type(step)], f"Text {self._text_count}"
            yield f'sendpilot.simulate("{action}", lead_{step.lead}, text="{text}")'

    def _reference(self, thing: Any, name: str, about: str) -> str:
        """Return the expression for an object, and note its import."""
        owner = getattr(thing, "__self__", None)
        if owner is not None and not isinstance(owner, type):
            found = _module_and_name(owner)
            if found is not None:
                self._imports.setdefault(found[0], set()).add(found[1])
                return f"{found[1]}.{thing.__name__}"
        found = _module_and_name(thing)
        if found is None:
            self._missing[name] = about
            return name
        self._imports.setdefault(found[0], set()).add(found[1])
        return found[1]


def _plain_step(step: Advance | Resend | Unknown) -> Iterator[str]:
    if isinstance(step, Advance):
        yield f"sendpilot.clock.advance(seconds={step.seconds})"
        return
    if isinstance(step, Resend):
        yield f"sendpilot.resend(sendpilot.webhooks.matching()[-{step.back}])"
    else:
        yield 'sendpilot.disrupt("unknown_event", attempts=100)'
        yield 'sendpilot.trigger("campaign.started", campaign_id=sendpilot.campaign_id)'
    yield "sendpilot.clock.advance()"


def _comment(text: str) -> Iterable[str]:
    return textwrap.wrap(text, _WIDTH - 4, initial_indent="# ", subsequent_indent="# ")


def _module_and_name(thing: Any) -> tuple[str, str] | None:
    """Return the module and the name by which an object can be imported, or None."""
    own = getattr(thing, "__module__", None) or getattr(type(thing), "__module__", None)
    # A script last: whatever it has imported has a module of its own.
    others = [one for one in list(sys.modules) if one not in {str(own), "__main__"}]
    for name in (str(own), *others, "__main__"):
        module = sys.modules.get(name)
        contents = getattr(module, "__dict__", {})
        for key, value in list(contents.items()):
            if value is thing and key.isidentifier() and not key.startswith("_"):
                return _importable(name), key
    return None


def _importable(module: str) -> str:
    """Return the name of a module; that of a script is the name of its file."""
    file = getattr(sys.modules.get("__main__"), "__file__", None) if module == "__main__" else None
    return Path(file).stem if file else module
