"""A receiver that responds, hangs or resets the connection, as a script says."""

import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import orjson

HANG, RESET = "hang", "reset"
_NO_LINGERING = struct.pack("ii", 1, 0)  # SO_LINGER with which closing resets
_READ_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ScriptedArrival:
    """A request and its outcome: a status, a hang or a reset."""

    path: str
    event_id: str
    mood: int | str
    at: datetime


class ScriptedReceiver:
    """Listens on a port of 127.0.0.1, with one thread, so that requests are recorded in order.

    Args:
        now: gives the time by the clock of the workspace.

    Attributes:
        arrivals: every request so far.
        moods: what the next requests get; 200 after the last.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.arrivals: list[ScriptedArrival] = []
        self.moods: deque[int | str] = deque()
        self._now = now
        self._held: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.origin = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._is_over = False
        self._thread = threading.Thread(target=self._serve, name="moody receiver")
        self._thread.start()

    def close(self) -> None:
        """Stop, and close the connections that hang."""
        self._is_over = True
        socket.create_connection(self._listener.getsockname()).close()
        self._thread.join(_READ_SECONDS)
        self._listener.close()
        for connection in self._held:
            connection.close()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._is_over:
                connection.close()
                return
            connection.settimeout(_READ_SECONDS)
            path, body = _request(connection)
            mood = self.moods.popleft() if self.moods else 200
            event_id = str(orjson.loads(body)["eventId"])
            self.arrivals.append(ScriptedArrival(path, event_id, mood, self._now()))
            self._react(connection, mood)

    def _react(self, connection: socket.socket, mood: int | str) -> None:
        if mood == HANG:
            self._held.append(connection)
            return
        if mood == RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
        else:
            head = f"HTTP/1.1 {mood} As scripted\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            connection.sendall(head.encode())
        connection.close()


def _request(connection: socket.socket) -> tuple[str, bytes]:
    """Read a request; return its path and body."""
    with connection.makefile("rb") as request:
        path = request.readline().split()[1].decode()
        length = 0
        while line := request.readline().strip():
            name, _, value = line.lower().partition(b":")
            length = int(value) if name == b"content-length" else length
        return path, request.read(length)
