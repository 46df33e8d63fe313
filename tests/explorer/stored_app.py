"""An app in a process of its own that keeps leads in a file: `stored_app.py PORT FILE FAULT`.

It uses nothing but the standard library, so that it starts at once.
"""

import json
import sqlite3
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PORT, FILE, FAULT = int(sys.argv[1]), sys.argv[2], sys.argv[3]
LOCK = threading.Lock()
DATABASE = sqlite3.connect(FILE, check_same_thread=False, isolation_level=None)
DATABASE.execute("PRAGMA synchronous = OFF")  # kill -9 loses nothing that the system has
DATABASE.execute("CREATE TABLE IF NOT EXISTS known (id TEXT PRIMARY KEY)")
DATABASE.execute("CREATE TABLE IF NOT EXISTS replies (lead TEXT, id TEXT)")
DATABASE.execute(
    "CREATE TABLE IF NOT EXISTS statuses (lead TEXT PRIMARY KEY, status TEXT, at TEXT)"
)


def store(event: dict[str, Any]) -> None:
    data = event["data"]
    if event["eventType"] in {"lead.status.changed", "lead.updated"}:
        DATABASE.execute(
            "INSERT INTO statuses VALUES (?1, ?2, ?3)"
            " ON CONFLICT DO UPDATE SET status = ?2, at = ?3 WHERE ?3 > at",
            (data["leadId"], data["newStatus"], event["timestamp"]),
        )
    elif event["eventType"] in {"message.received", "reply.received"}:
        DATABASE.execute("INSERT INTO replies VALUES (?, ?)", (data["leadId"], event["eventId"]))


def is_known(event: dict[str, Any]) -> bool:
    sql = "SELECT 1 FROM known WHERE id = ?"
    return DATABASE.execute(sql, (event["eventId"],)).fetchone() is not None


def remember(event: dict[str, Any]) -> None:
    DATABASE.execute("INSERT OR IGNORE INTO known VALUES (?)", (event["eventId"],))


def receive(event: dict[str, Any]) -> None:
    if FAULT == "works later":  # acknowledged before it is stored
        threading.Timer(0.03, receive_now, [event]).start()
    else:
        receive_now(event)


def receive_now(event: dict[str, Any]) -> None:
    with LOCK:
        if is_known(event):
            return
        if FAULT == "remembers first":  # two transactions, and time between them
            remember(event)
            time.sleep(0.02)
            store(event)
        elif FAULT == "stores first":
            store(event)
            time.sleep(0.02)
            remember(event)
        else:
            DATABASE.execute("BEGIN")
            store(event)
            remember(event)
            DATABASE.execute("COMMIT")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        receive(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer(b"")

    def do_GET(self) -> None:
        with LOCK:
            statuses = DATABASE.execute("SELECT lead, status FROM statuses").fetchall()
            replies = DATABASE.execute("SELECT lead, count(*) FROM replies GROUP BY 1").fetchall()
        counts = dict(replies)
        leads = {
            lead: {"status": status, "replies": counts.get(lead, 0)} for lead, status in statuses
        }
        self.answer(json.dumps(leads).encode())

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
