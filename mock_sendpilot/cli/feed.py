"""What `listen` prints: events, what befalls their deliveries, and attempts, each of them once."""

from collections.abc import Mapping
from typing import Any

import click
import orjson

from mock_sendpilot.cli.control import print_json
from mock_sendpilot.cli.options import wants_colour
from mock_sendpilot.cli.outcomes import name_of

_LONGEST_DATA = 300
_MOST_SEEN = 10_000  # more than the server's log keeps
_BEFORE_ATTEMPTS: Mapping[str, str] = {
    "drop": "never sent",
    "delay": "comes later",
    "reorder": "comes after the next one",
}
"""Kinds of disruptions that no attempt tells of."""


class Feed:
    """Prints what is new.

    Args:
        endpoint_id: print only what goes to this endpoint; None is for all.
        after_sequence: print only events with a later number.
        wants_json: a line of JSON for each.
        wants_all: print what goes to other endpoints, too.
    """

    def __init__(
        self,
        endpoint_id: str | None,
        *,
        after_sequence: int = 0,
        wants_json: bool,
        wants_all: bool = False,
    ) -> None:
        self._endpoint_id = endpoint_id
        self._after_sequence = after_sequence
        self._wants_json = wants_json
        self._wants_all = wants_all
        self._seen: dict[str, set[tuple[str, object]]] = {}  # of each event, what was printed

    def restart(self, endpoint_id: str | None) -> None:
        """Begin with the events of a new log, and with the endpoint that is there now."""
        self._endpoint_id = endpoint_id
        self._after_sequence = 0
        self._seen.clear()

    def show(self, event: dict[str, Any]) -> None:
        """Print what is new of an event."""
        deliveries = [one for one in event["deliveries"] if self._is_wanted(one)]
        is_watched = deliveries or self._wants_all or self._endpoint_id is None
        if event["sequence"] <= self._after_sequence or not is_watched:
            return
        if event["id"] not in self._seen:
            self._seen[event["id"]] = set()
            if len(self._seen) > _MOST_SEEN:
                del self._seen[next(iter(self._seen))]
            self._print_event(event)
        for delivery in deliveries:
            self._show_delivery(event, delivery)

    def _is_wanted(self, delivery: dict[str, Any]) -> bool:
        return self._wants_all or self._endpoint_id in {None, delivery["endpointId"]}

    def _show_delivery(self, event: dict[str, Any], delivery: dict[str, Any]) -> None:
        kind: str = (delivery["disruption"] or {}).get("kind", "")
        if kind in _BEFORE_ATTEMPTS and self._is_new(event, delivery, kind):
            self._print_disruption(event, delivery, kind)
        for attempt in delivery["attempts"]:
            if self._is_new(event, delivery, attempt["number"]):
                self._print_attempt(event, delivery, attempt)

    def _is_new(self, event: dict[str, Any], delivery: dict[str, Any], what: object) -> bool:
        key = (delivery["id"], what)
        is_new = key not in self._seen[event["id"]]
        self._seen[event["id"]].add(key)
        return is_new

    def _print_event(self, event: dict[str, Any]) -> None:
        if self._wants_json:
            facts = {key: event[key] for key in ("id", "eventType", "occurredAt", "origin", "body")}
            print_json({"kind": "event", **facts})
            return
        data = orjson.dumps(event["body"]["data"]).decode()
        short = data if len(data) <= _LONGEST_DATA else f"{data[:_LONGEST_DATA]}…"
        click.echo(f"{event['occurredAt'][11:23]}  {_about(event, colour='cyan')}  {short}")

    def _print_disruption(self, event: dict[str, Any], delivery: dict[str, Any], kind: str) -> None:
        due_at = None if delivery["attempts"] else delivery["nextAttemptAt"]
        if self._wants_json:
            facts = {"eventId": event["id"], "deliveryId": delivery["id"]}
            where = {"endpointId": delivery["endpointId"], "disruption": delivery["disruption"]}
            state = {"state": delivery["state"], "nextAttemptAt": due_at}
            print_json({"kind": "disruption", **facts, **where, **state})
            return
        latest = " the latest at" if kind == "reorder" else ""
        when = f", at{latest} {due_at}" if due_at else ""
        text = f"to {delivery['endpointId']}: {_BEFORE_ATTEMPTS[kind]}{when}"
        about = f"{_about(event)}  {delivery['id']}"
        click.echo(f"{event['occurredAt'][11:23]}    {_coloured(kind, 'red')}  {about}  {text}")

    def _print_attempt(
        self, event: dict[str, Any], delivery: dict[str, Any], attempt: dict[str, Any]
    ) -> None:
        if self._wants_json:
            facts = {"eventId": event["id"], "deliveryId": delivery["id"]}
            print_json({"kind": "attempt", **facts, **attempt, "state": delivery["state"]})
            return
        outcome = _coloured(str(attempt["outcome"]), "green" if attempt["success"] else "red")
        notes = [f"POST {attempt['url']}  {name_of(attempt)}, {attempt['durationMs']:g} ms"]
        if attempt["disruption"]:
            notes.append(f"disrupted: {attempt['disruption']}")
        if attempt is delivery["attempts"][-1]:
            notes += [f"next at {delivery['nextAttemptAt']}"] if delivery["nextAttemptAt"] else []
            notes += ["given up"] if delivery["state"] == "exhausted" else []
        about = f"{_about(event)}  {delivery['id']}"
        click.echo(f"{attempt['at'][11:23]}    {outcome}  {about}  {'; '.join(notes)}")


def _about(event: dict[str, Any], *, colour: str | None = None) -> str:
    name = event["eventType"]
    return f"{_coloured(name, colour) if colour else name}  {event['id']}"


def _coloured(text: str, colour: str) -> str:
    return click.style(text, fg=colour) if wants_colour() else text
