"""`deploy/nginx.conf`: several emulators behind a real nginx, each API key with its own world."""

import http.client
import itertools
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import pytest

from mock_sendpilot.emulator import Emulator
from mock_sendpilot.server import EmulatorServer
from mock_sendpilot.testing.receiver import WebhookReceiver
from mock_sendpilot.testing.standalone import sandbox
from mock_sendpilot.world.models import ApiKey, Campaign
from mock_sendpilot.world.seed import WorkspaceSeed
from tests.cli.commands import ServerProcess, invoke
from tests.support import SECRET, Api, Reply, eventually, over_a_socket, reserved_port

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "deploy" / "nginx.conf"
GUIDE = ROOT / "docs" / "how-to" / "scale.md"
FIXTURES = ROOT / "fixtures"
REQUIRED = "NGINX_TESTS"
"""The variable of the environment that makes a missing nginx a failure: `required`."""
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
KEYS = [f"sp_test_{number}" for number in range(60)]
_PLACES = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin{os.pathsep}/usr/local/sbin"
_NODE = re.compile(r" *server 127\.0\.0\.1:\d+ max_fails=0;\n")


class Nginx:
    """nginx with the project's configuration, in a folder and on a port of its own."""

    def __init__(
        self,
        program: str,
        folder: Path,
        ports: list[int],
        texts: Mapping[str, str] | None,
        *,
        port: int,
    ) -> None:
        self._path = folder / "nginx.conf"
        self._texts = texts or {}
        self.port = port
        self._configure(ports)
        with (folder / "errors.txt").open("wb") as errors:
            self._process = subprocess.Popen(
                [program, "-p", folder, "-c", self._path, "-g", "daemon off;"], stderr=errors
            )
        eventually(self._is_listening)
        self.api = over_a_socket(f"http://127.0.0.1:{self.port}")

    def route_to(self, ports: list[int]) -> None:
        """Take another list of emulators, as an operator does: by a new file and a SIGHUP."""
        self._configure(ports)
        self._process.send_signal(signal.SIGHUP)

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(10)

    def _configure(self, ports: list[int]) -> None:
        text = CONFIGURATION.read_text(encoding="utf-8")
        lines = "".join(f"server 127.0.0.1:{port} max_fails=0;\n" for port in ports)
        first, *others = _NODE.findall(text)
        text = text.replace(first, lines)
        for text_of_node in others:
            text = text.replace(text_of_node, "")
        text = text.replace("listen 127.0.0.1:7363;", f"listen 127.0.0.1:{self.port};")
        for before, after in self._texts.items():
            assert before in text
            text = text.replace(before, after)
        self._path.write_text(text, encoding="utf-8")

    def _is_listening(self) -> bool:
        assert self._process.poll() is None, "nginx has ended"
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0


def _without_nginx() -> NoReturn:
    missing = "no nginx, so deploy/nginx.conf is not tested: install nginx"
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture
def route(tmp_path: Path) -> Iterator[Callable[..., Nginx]]:
    """Starts nginx in front of emulators on these ports."""
    program = shutil.which("nginx", path=_PLACES) or _without_nginx()
    numbers = itertools.count(1)
    with ExitStack() as ends:

        def start(ports: list[int], texts: Mapping[str, str] | None = None) -> Nginx:
            folder = tmp_path / f"nginx-{next(numbers)}"
            folder.mkdir()
            port = ends.enter_context(reserved_port())
            nginx = Nginx(program, folder, ports, texts, port=port)
            ends.callback(nginx.end)
            return nginx

        yield start


@pytest.fixture
def serve() -> Iterator[Callable[[str], EmulatorServer]]:
    """Starts an emulator in which each key has a workspace with a campaign of the node's name."""
    with ExitStack() as ends:

        def start(name: str) -> EmulatorServer:
            emulator = Emulator()
            ends.callback(emulator.close)
            for key in KEYS:
                emulator.add_workspace(_world(key, name))
            return ends.enter_context(EmulatorServer(emulator))

        yield start


def _world(key: str, name: str) -> WorkspaceSeed:
    campaign = Campaign(
        id="camp_1", name=name, status="draft", sender_ids=(), created_at=NOW, updated_at=NOW
    )
    return WorkspaceSeed(
        id=f"ws_{key}", name=name, api_keys=(ApiKey(key=key),), campaigns=(campaign,)
    )


def nodes_by_key(api: Api) -> dict[str, str]:
    """Return the name of the node that answers each key."""

    def name(key: str) -> str:
        reply = api("GET", "/v1/campaigns", key=key)
        return str(reply.json["campaigns"][0]["name"]) if reply.status == 200 else "none"

    with ThreadPoolExecutor(8) as threads:
        return dict(zip(KEYS, threads.map(name, KEYS), strict=True))


@pytest.fixture
def nginx(serve: Callable[[str], EmulatorServer], route: Callable[..., Nginx]) -> Nginx:
    """nginx in front of two emulators."""
    return route([serve("one").port, serve("two").port])


def test_every_key_keeps_to_one_of_the_emulators(nginx: Nginx) -> None:
    first, second = nodes_by_key(nginx.api), nodes_by_key(nginx.api)

    assert set(first.values()) == {"one", "two"}
    assert first == second


def test_control_calls_follow_their_key(nginx: Nginx) -> None:
    lead = {"linkedinUrl": "https://www.linkedin.com/in/ida", "campaignId": "camp_1"}
    for key in KEYS[:20]:
        added = nginx.api("POST", "/_emulate/leads", key=key, json=lead | {"id": f"lead_{key}"})
        assert added.status == 201

    for key in KEYS[:20]:
        found = nginx.api("GET", "/v1/leads?campaignId=camp_1", key=key).json
        assert [one["id"] for one in found["leads"]] == [f"lead_{key}"]


def test_a_workspace_is_added_where_its_own_key_leads(nginx: Nginx) -> None:
    keys = [f"sp_test_new_{number}" for number in range(20)]
    for key in keys:
        body = {"apiKey": key, "seed": {"campaigns": [{"id": "camp_2", "name": key}]}}
        assert nginx.api("POST", "/_emulate/workspaces", key=key, json=body).status == 201

    found = [nginx.api("GET", "/v1/campaigns", key=key).json["campaigns"] for key in keys]
    assert [campaigns[0]["name"] for campaigns in found] == keys


def test_a_second_key_of_a_workspace_can_be_tied_to_the_first(
    serve: Callable[[str], EmulatorServer], route: Callable[..., Nginx]
) -> None:
    servers = [serve("one"), serve("two")]
    nodes = nodes_by_key(route([one.port for one in servers]).api)
    first = KEYS[0]
    second = next(key for key in KEYS if nodes[key] != nodes[first])
    line = '# "sp_live_SECOND_KEY" "sp_live_FIRST_KEY";'
    tied = route([one.port for one in servers], {line: f'"{second}" "{first}";'})

    assert nodes_by_key(tied.api)[second] == nodes[first]


def test_one_more_emulator_takes_its_share_of_the_keys_and_moves_no_other(
    serve: Callable[[str], EmulatorServer], route: Callable[..., Nginx]
) -> None:
    ports = [serve("one").port, serve("two").port]
    nginx = route(ports)
    before = nodes_by_key(nginx.api)
    nginx.route_to([*ports, serve("three").port])
    eventually(lambda: "three" in nodes_by_key(nginx.api).values())
    after = nodes_by_key(nginx.api)

    moved = {key for key in KEYS if before[key] != after[key]}
    assert {after[key] for key in moved} == {"three"}
    assert len(moved) < len(KEYS) / 2


@pytest.fixture
def two_ports() -> Iterator[list[int]]:
    with reserved_port() as first, reserved_port() as second:
        yield [first, second]


def test_an_emulator_that_is_away_keeps_its_keys_and_its_world(
    route: Callable[..., Nginx], two_ports: list[int], tmp_path: Path
) -> None:
    def start(number: int, port: int) -> ServerProcess:
        state = str(tmp_path / f"{number}.json")
        return ServerProcess("--state", state, "--empty", "--port", str(port))

    nodes = [start(number, port) for number, port in enumerate(two_ports)]
    try:
        api = route(two_ports).api
        for key in KEYS[:10]:
            body = {"apiKey": key, "seed": {"campaigns": [{"id": "camp_1", "name": key}]}}
            assert api("POST", "/_emulate/workspaces", key=key, json=body).status == 201
        nodes[1].end()
        away = [api("GET", "/v1/campaigns", key=key) for key in KEYS[:10]]
        nodes[1] = start(1, two_ports[1])
        again = [api("GET", "/v1/campaigns", key=key) for key in KEYS[:10]]
    finally:
        for node in nodes:
            node.kill()

    assert {reply.status for reply in away} == {200, 503}
    assert_unreachable(next(reply for reply in away if reply.status == 503))
    assert [reply.json["campaigns"][0]["name"] for reply in again] == KEYS[:10]


def test_the_commands_of_the_guide_give_a_new_key_its_world(
    route: Callable[..., Nginx], tmp_path: Path
) -> None:
    starts, adds = GUIDE.read_text(encoding="utf-8").split("```bash\n")[1:]
    lines = [shlex.split(line) for line in starts.partition("```")[0].splitlines()]
    *commands, (program, *options) = lines
    added = shlex.split(adds.partition("```")[0])
    shutil.copy(FIXTURES / "demo.json", tmp_path / "world.json")
    nodes = []
    for _, start, *arguments in commands:
        assert (start, arguments[0]) == ("start", "--port")
        nodes.append(ServerProcess(*arguments[2:], cwd=tmp_path))
    try:
        nginx = route([urlsplit(node.facts["origin"]).port or 0 for node in nodes])
        url = f"http://127.0.0.1:{nginx.port}"
        printed = invoke(*added[1:], MOCK_SENDPILOT_URL=url)
        reply = nginx.api("GET", "/v1/campaigns", key=added[-1])
        demo = nginx.api("GET", "/v1/campaigns")
    finally:
        for node in nodes:
            node.kill()

    assert (program, options[2:]) == ("nginx", ["-c", "deploy/nginx.conf"])
    assert printed.exit_code == 0, printed.stderr
    assert (reply.status, reply.json["campaigns"]) == (200, [])
    assert demo.json["campaigns"]


def assert_unreachable(reply: Reply) -> None:
    assert reply.json == {
        "statusCode": 503,
        "message": "The emulator of this API key cannot be reached",
        "error": "Service Unavailable",
    }
    assert reply.headers["content-type"] == "application/json"
    assert "start the emulator" in reply.headers["x-emulator-hint"]


def test_a_webhook_is_sent_by_the_emulator_of_the_key(nginx: Nginx) -> None:
    with WebhookReceiver() as receiver:
        for key in KEYS[:6]:
            endpoint = {"url": receiver.url, "secret": SECRET}
            assert nginx.api("POST", "/_emulate/endpoints", key=key, json=endpoint).status == 201
            event = {"eventType": "campaign.started"}
            assert nginx.api("POST", "/_emulate/events", key=key, json=event).status < 300

        webhooks = receiver.wait_for(count=6)
        assert all(webhook.is_signed_with(SECRET) for webhook in webhooks)


def test_a_wait_through_nginx_ends_when_its_event_is_recorded(nginx: Nginx) -> None:
    with ThreadPoolExecutor(1) as threads:
        body = {"eventType": "campaign.started", "timeoutSeconds": 8}
        waiting = threads.submit(nginx.api, "POST", "/_emulate/wait", key=KEYS[0], json=body)
        event = {"eventType": "campaign.started"}
        nginx.api("POST", "/_emulate/events", key=KEYS[0], json=event)

        assert waiting.result(10).json["events"][0]["eventType"] == "campaign.started"


def test_a_fault_that_resets_the_connection_closes_that_of_the_client(nginx: Nginx) -> None:
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        nginx.api("GET", "/v1/campaigns", key=KEYS[0], headers={"X-Emulator-Fault": "reset"})

    assert nginx.api("GET", "/v1/campaigns", key=KEYS[0]).status == 200


def test_sandboxes_elsewhere_are_shared_out_by_their_keys(
    serve: Callable[[str], EmulatorServer], route: Callable[..., Nginx]
) -> None:
    servers = [serve("one"), serve("two")]
    nginx = route([server.port for server in servers])
    with ExitStack() as ends:
        url = f"http://127.0.0.1:{nginx.port}"
        sandboxes = [ends.enter_context(sandbox(url=url)) for _ in range(12)]
        for number, one in enumerate(sandboxes):
            one.add_lead(lead_id=f"lead_{number}")
        counts = [len(server.emulator.workspaces()) - len(KEYS) for server in servers]

        assert sum(counts) == 12
        assert 0 not in counts
        for number, one in enumerate(sandboxes):
            assert one.lead(f"lead_{number}").status == "PENDING"


def test_the_control_api_without_a_token_refuses_a_client_elsewhere(nginx: Nginx) -> None:
    headers = {"X-Forwarded-For": "203.0.113.7"}
    control = nginx.api("GET", "/_emulate/endpoints", key=KEYS[0], headers=headers)
    vendor = nginx.api("GET", "/v1/campaigns", key=KEYS[0], headers=headers)

    assert (control.status, vendor.status) == (403, 200)
