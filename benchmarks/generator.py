"""The load generator, run as a process: sends requests over some connections at a time.

One thread waits for all connections and works on raw sockets, so that it needs far less time for a
request than any of the servers does. It reads what to do as JSON from standard input and prints
what it saw: for each reply how long it took and when it came.
"""

import json
import selectors
import socket
import sys
import time
from typing import Any

from benchmarks.wire import closes, end_of_message

_ANSWER_SECONDS = 10.0
_BUFFER_BYTES = 65536


class Connection:
    """Sends its requests in turn, each when the reply to the one before has come."""

    def __init__(self, port: int, requests: list[str]) -> None:
        self._port = port
        self._requests = [request.encode() for request in requests]
        self.sent_count = 0
        self._sent_at = 0.0
        self._received = b""
        self.socket = self._connected()

    def send(self) -> None:
        """Send the next request; a server that closes gets a new connection, which counts too."""
        self._sent_at = time.perf_counter()
        if self.socket.fileno() < 0:
            self.socket = self._connected()
        self.socket.sendall(self._requests[self.sent_count % len(self._requests)])
        self.sent_count += 1

    def reply(self) -> tuple[float, float] | None:
        """Read what has come; once the reply is complete, how long it took and when it came."""
        chunk = self.socket.recv(_BUFFER_BYTES)
        self._received += chunk
        if not end_of_message(self._received):
            if not chunk:
                raise RuntimeError("the server closed the connection before its reply")
            return None
        came_at = time.perf_counter()
        reply, self._received = self._received, b""
        if reply[9:12] != b"200":
            raise RuntimeError(f"the server refused: {reply[:300].decode('latin-1')}")
        if closes(reply):
            self.socket.close()
        return came_at - self._sent_at, came_at

    def _connected(self) -> socket.socket:
        connected = socket.create_connection(("127.0.0.1", self._port), timeout=_ANSWER_SECONDS)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected


class Load:
    """Keeps all connections busy, for so many seconds or so many requests each.

    Args:
        pause: seconds of rest before each request after the first.
    """

    def __init__(
        self, port: int, streams: list[list[str]], *, seconds: float, most: int, pause: float
    ) -> None:
        self._connections = [Connection(port, requests) for requests in streams]
        self._selector = selectors.DefaultSelector()
        self._seconds = seconds
        self._most = most
        self._pause = pause
        self.replies: list[tuple[float, float]] = []

    def run(self) -> float:
        """Do it; return when it began."""
        began = time.perf_counter()
        for connection in self._connections:
            self._send(connection)
        while self._selector.get_map():
            ready = self._selector.select(_ANSWER_SECONDS)
            if not ready:
                raise RuntimeError(f"no reply within {_ANSWER_SECONDS:g} s")
            for key, _ in ready:
                self._receive(key.data, until=began + self._seconds)
        return began

    def _send(self, connection: Connection) -> None:
        connection.send()
        if connection.socket.fileno() not in self._selector.get_map():
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)

    def _receive(self, connection: Connection, *, until: float) -> None:
        listened = connection.socket
        descriptor = listened.fileno()
        reply = connection.reply()
        if reply is None:
            return
        self.replies.append(reply)
        goes_on = reply[1] < until and connection.sent_count < self._most
        if listened.fileno() < 0 or not goes_on:
            self._selector.unregister(descriptor)
        if goes_on:
            if self._pause:
                time.sleep(self._pause)
            self._send(connection)


def main() -> None:
    """Do what standard input says."""
    wanted: dict[str, Any] = json.load(sys.stdin)
    load = Load(wanted.pop("port"), wanted.pop("streams"), **wanted)
    print(json.dumps({"began": load.run(), "replies": load.replies}))


if __name__ == "__main__":
    main()
