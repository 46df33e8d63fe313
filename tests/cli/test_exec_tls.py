"""`exec` for apps that cannot change the vendor's URL, and `start --tls`; TLS is verified."""

import http.client
import json
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import LEAD, PROGRAM, environment, invoke
from tests.cli.conftest import StartProcess

PYTHON = """
import asyncio, http.client, json, os, ssl, subprocess, sys, urllib.request
import aiohttp, certifi, httpx, requests, urllib3

url = "https://api.sendpilot.ai/v1/leads/lead_abc123"
headers = {"X-API-Key": os.environ["SENDPILOT_API_KEY"]}

def with_urllib():
    return json.load(urllib.request.urlopen(urllib.request.Request(url, headers=headers)))

def with_http_client(context=None):
    connection = http.client.HTTPSConnection("api.sendpilot.ai", context=context)
    connection.request("GET", "/v1/leads/lead_abc123", headers=headers)
    reply = json.load(connection.getresponse())
    connection.close()
    return reply

def without_trust():
    try:
        return with_http_client(ssl.create_default_context(cafile=certifi.where()))
    except ssl.SSLCertVerificationError as error:
        return {"id": error.verify_message}

async def with_httpx(**options):
    async with httpx.AsyncClient(**options) as client:
        return (await client.get(url, headers=headers)).json()

async def with_aiohttp():
    async with aiohttp.ClientSession() as client, client.get(url, headers=headers) as reply:
        return await reply.json()

def output_of(*command):
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)

key = f"X-API-Key: {headers['X-API-Key']}"
clients = {
    "requests": lambda: requests.get(url, headers=headers).json(),
    "httpx": lambda: httpx.get(url, headers=headers).json(),
    "httpx, asynchronous": lambda: asyncio.run(with_httpx()),
    "httpx without proxies": lambda: asyncio.run(with_httpx(transport=httpx.AsyncHTTPTransport())),
    "urllib3": lambda: urllib3.request("GET", url, headers=headers).json(),
    "urllib.request": with_urllib,
    "http.client": with_http_client,
    "aiohttp": lambda: asyncio.run(with_aiohttp()),
    "curl": lambda: output_of("curl", "-sS", url, "-H", key),
    "node": lambda: output_of("node", "app.mjs"),
    "a client with other authorities": without_trust,
    "sitecustomize of the user": lambda: {"id": os.environ.get("OF_THE_USER")},
}
for name in sys.argv[1:]:
    try:
        result = clients[name]()
    except Exception as error:
        result = {"id": repr(error)}
    print(json.dumps([name, result]))
"""
NODE = """
import https from "node:https";
import { get as named } from "node:https";

const url = "https://api.sendpilot.ai/v1/leads/lead_abc123";
const headers = { "X-API-Key": process.env.SENDPILOT_API_KEY };
const text = (get) => new Promise((resolve, reject) => {
  get(url, { headers }, (reply) => {
    let body = "";
    reply.on("data", (part) => body += part).on("end", () => resolve(JSON.parse(body)));
  }).on("error", reject);
});
const replies = [
  await (await fetch(url, { headers })).json(), await text(https.get), await text(named),
];
console.log(JSON.stringify({ id: [...new Set(replies.map((one) => one.id))].join() }));
"""
CLIENTS = (
    "requests",
    "httpx",
    "httpx, asynchronous",
    "httpx without proxies",
    "urllib3",
    "urllib.request",
    "http.client",
    "aiohttp",
    pytest.param("curl", marks=pytest.mark.skipif(not shutil.which("curl"), reason="no curl")),
    pytest.param("node", marks=pytest.mark.skipif(not shutil.which("node"), reason="no node")),
)


@pytest.fixture(scope="module")
def replies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The reply that each client gets, below one `exec`."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "app.py").write_text(PYTHON)
    (folder / "app.mjs").write_text(NODE)
    (folder / "sitecustomize.py").write_text("import os; os.environ['OF_THE_USER'] = 'has run'")
    names = [one if isinstance(one, str) else str(one.values[0]) for one in CLIENTS]
    others = ["a client with other authorities", "sitecustomize of the user"]
    done = subprocess.run(
        [*PROGRAM, "exec", "--tls", "--", sys.executable, "app.py", *names, *others],
        cwd=folder,
        env=environment(PYTHONPATH=str(folder), NO_PROXY="localhost,*"),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return dict(json.loads(line) for line in done.stdout.splitlines())


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_reaches_the_emulator_at_the_url_of_the_vendor(
    replies: dict[str, Any], client: str
) -> None:
    assert replies[client]["id"] == "lead_abc123", replies[client]


def test_a_client_that_trusts_others_alone_refuses_the_certificate(replies: dict[str, Any]) -> None:
    assert "unable to get local issuer" in replies["a client with other authorities"]["id"]


def test_the_sitecustomize_of_the_user_runs(replies: dict[str, Any]) -> None:
    assert replies["sitecustomize of the user"]["id"] == "has run"


def test_a_proxy_that_cannot_be_passed_on_is_refused() -> None:
    result = invoke("exec", "--tls", "--", "true", HTTPS_PROXY="socks5://127.0.0.1:1080")

    assert result.exit_code == 1
    assert "HTTPS_PROXY: expected the URL of an HTTP proxy" in result.stderr
    assert "use --no-tls" in result.stderr


@pytest.mark.parametrize(
    ("flags", "code", "reason"),
    [
        pytest.param(["--tls"], 1, "pip install 'mock_sendpilot[tls]'", id="asked for"),
        pytest.param([], 0, "api.sendpilot.ai is the real service for this command", id="default"),
        pytest.param(["--no-tls"], 0, "", id="not wanted"),
    ],
)
def test_without_the_extra_the_command_is_warned(
    monkeypatch: pytest.MonkeyPatch, flags: list[str], code: int, reason: str
) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    monkeypatch.setattr("mock_sendpilot.cli.exec._run", lambda *_, **__: 0)
    result = invoke("exec", *flags, "--", "true")

    assert result.exit_code == code
    assert (reason in result.stderr) if reason else result.stderr == ""


def test_start_serves_https_with_a_certificate_to_trust(start_process: StartProcess) -> None:
    running = start_process("--tls")
    file = running.facts["https"]["certificateFile"]
    _, _, port = running.facts["https"]["baseUrl"].removesuffix("/v1").rpartition(":")
    context = ssl.create_default_context(cafile=file)
    connection = http.client.HTTPSConnection("127.0.0.1", int(port), context=context, timeout=10)
    connection.request("GET", f"/v1/leads/{LEAD}", headers={"X-API-Key": "YOUR_API_KEY"})
    reply = json.load(connection.getresponse())
    connection.close()
    code, _ = running.end()

    assert (reply["id"], code) == (LEAD, 0)
    assert not Path(file).exists()
