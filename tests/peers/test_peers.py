"""The comparison with other servers: what is installed, what is skipped, how a server is run."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import load
from benchmarks.arrivals import arrivals, receiver
from benchmarks.peers import installation, wiremock
from benchmarks.peers.installation import Package, packages
from benchmarks.peers.run import run, serving
from benchmarks.peers.servers import OURS, PEERS, Ours, Peer, Site
from benchmarks.processes import process_tree
from benchmarks.report import Row, Settings, Skipped, Table
from benchmarks.world import STATUSES

NEEDS_PROC = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


class Broken(Ours):
    """A server that ends with a message."""

    def command(self, site: Site) -> list[str]:
        return [sys.executable, "-c", "raise SystemExit('port is in use')"]


@pytest.fixture
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "FOLDER", tmp_path)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")


def test_a_line_of_the_list_is_a_release_of_a_package() -> None:
    assert packages("# why\n\nnpm @scope/name 1.2.3\n") == [Package("npm", "@scope/name", "1.2.3")]


@pytest.mark.parametrize("line", ["npm wiremock", "gem wiremock 1.0", "npm wiremock 1.0 latest"])
def test_a_line_without_a_release_or_of_another_registry_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="expected 'npm NAME RELEASE' or 'pypi NAME RELEASE'"):
        packages(line)


def test_the_list_has_each_server() -> None:
    names = {one.name.rpartition("/")[2].partition("[")[0] for one in packages()}
    assert names == {
        "json-server",
        "localstripe",
        "moto",
        "prism-cli",
        "pytest-httpserver",
        "wiremock",
    }


@pytest.mark.usefixtures("nothing_installed")
def test_a_server_that_is_not_installed_is_skipped_with_the_remedy() -> None:
    found = list(run(Settings(rounds=1, seconds=0.1)))
    assert found == [Skipped(peer.name, "not installed; run make bench-peers") for peer in PEERS]


@pytest.mark.parametrize(
    ("program", "skipped"),
    [
        ("java", {"WireMock", "WireMock, fixed replies"}),
        ("node", {"Prism", "json-server"}),
    ],
)
@pytest.mark.usefixtures("nothing_installed")
def test_a_server_whose_program_is_missing_says_so(
    program: str, skipped: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None if name == program else "/usr/bin/x")
    reasons = {peer.name: peer.missing() for peer in PEERS}
    assert {
        name for name, why in reasons.items() if why == f"{program} is not installed"
    } == skipped


def test_a_server_answers_its_requests_and_is_ended() -> None:
    with serving(OURS) as server:
        replies = load.so_many(server.port, server.requests(2), 4)
    assert replies.count == 8
    with pytest.raises(ProcessLookupError):
        os.kill(server.pid, 0)


def test_each_change_of_ours_sends_a_webhook_so_a_burst_can_be_counted() -> None:
    with receiver() as target, serving(OURS, webhook_url=f"{target.facts['origin']}/") as server:
        load.so_many(server.port, server.requests(2), 4)
        assert len(arrivals(target.port, 9)) == 8 + OURS.probe_events()


def test_a_server_that_does_not_start_is_reported_with_its_output() -> None:
    with (
        pytest.raises(RuntimeError, match="broken did not start: port is in use"),
        serving(Broken("broken")),
    ):
        pass


@NEEDS_PROC
def test_a_process_tree_has_the_children_of_children() -> None:
    child = "print(1, flush=True); input()"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        tree = process_tree(process.pid)
        process.communicate(b"\n")
    assert len(tree) == 2
    assert tree[0] == process.pid


@pytest.mark.parametrize(("leads", "count"), [(None, 2), (range(3), 6)])
def test_wiremock_has_a_mapping_for_each_status(
    leads: range | None, count: int, tmp_path: Path
) -> None:
    wiremock.write_mappings(tmp_path, leads, "http://127.0.0.1:1/")
    mappings = json.loads((tmp_path / "mappings" / "patch.json").read_text())["mappings"]
    replies = [json.loads(mapping["response"]["body"]) for mapping in mappings]
    assert [reply["status"] for reply in replies] == [*STATUSES] * (count // 2)
    assert all(mapping["serveEventListeners"] for mapping in mappings)


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_server_listens_on_this_machine_alone(peer: Peer, tmp_path: Path) -> None:
    command = peer.command(Site(1234, tmp_path, None))
    has_port = any("1234" in argument for argument in command)
    has_host = any("127.0.0.1" in argument for argument in command)
    assert has_port
    assert has_host or "benchmarks.peers.python_servers" in command


@pytest.mark.parametrize(("ours", "verdict"), [(3.0, "met"), (2.9, "MISSED")])
def test_a_row_in_which_more_is_better_has_a_least_ratio(ours: float, verdict: str) -> None:
    row = Row(name="rate", unit="", ours=[ours], baseline_name="x", baseline=[2.0], min_ratio=1.5)
    assert f"target >= 1.5x: {verdict}" in row.as_text()


def test_a_table_has_medians_with_their_ranges_and_a_dash_for_no_value() -> None:
    table = Table(title="PATCH", columns=["p50, ms", "CPU"], lines={"a": [[3.0, 1.0, 2.0], []]})
    assert table.as_text().split("\n")[-2] == "| a | 2 (1–3) | – |"
    assert dataclasses.asdict(table)["lines"] == {"a": [[3.0, 1.0, 2.0], []]}
