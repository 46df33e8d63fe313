"""Events by hand while many others change things and every receiver refuses."""

from concurrent.futures import ThreadPoolExecutor

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from tests.support import over_a_socket, reserved_port

ENDPOINTS, CALLERS, EACH = 20, 6, 25


def test_a_triggered_event_is_found_and_every_change_is_published_with_its_response(
    emulator: Emulator,
) -> None:
    (workspace, *_) = emulator.workspaces()
    outbox = emulator.outbox(workspace)
    with reserved_port() as refusing, EmulatorServer(emulator) as server:
        for number in range(ENDPOINTS):
            outbox.endpoints.add(f"http://127.0.0.1:{refusing}/{number}")
        api = over_a_socket(server.origin)

        def change(caller: int) -> list[int]:
            statuses = []
            for number in range(EACH):
                if caller % 2:
                    body = {"status": ("DONE", "OPPORTUNITY")[number % 2]}
                    path = "/v1/leads/lead_abc123/status"
                    statuses.append(api("PATCH", path, json=body).status)
                else:
                    wanted = {"eventType": "message.sent", "leadId": "lead_abc123"}
                    reply = api("POST", "/_emulate/events", json=wanted)
                    statuses.append(reply.status)
                    assert len(reply.json["deliveries"]) == ENDPOINTS
            return statuses

        with ThreadPoolExecutor(CALLERS) as pool:
            found = [status for one in pool.map(change, range(CALLERS)) for status in one]

    assert set(found) == {200, 201}
    sequences = [event.sequence for event in outbox.events.all()]
    assert sequences == list(range(1, len(sequences) + 1))
