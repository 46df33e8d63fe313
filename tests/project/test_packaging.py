"""The sdist, the wheel made from it, and the settings of the tools around them."""

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

from tests.support import over_a_socket

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from the sdist, as `make release-check` does."""
    source = tmp_path_factory.mktemp("source")
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("mock_sendpilot", "fixtures"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    target = tmp_path_factory.mktemp("dist")
    build_sdist = (
        "import sys; from setuptools.build_meta import build_sdist; build_sdist(sys.argv[1])"
    )
    run = [sys.executable, "-c", build_sdist, str(target)]
    subprocess.run(run, cwd=source, check=True, capture_output=True)
    (sdist,) = target.glob("*.tar.gz")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", str(target), str(sdist)], check=True)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def test_the_wheel_holds_fixtures_types_and_every_package(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("mock_sendpilot/**/*.py")}
    assert modules <= names
    assert {"mock_sendpilot/py.typed", "mock_sendpilot/fixtures/demo.json"} <= names


def test_the_wheel_has_the_license(wheel: Path, metadata: Message) -> None:
    assert metadata["License-Expression"] == "MIT"
    assert metadata.get_all("License-File") == ["LICENSE"]
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/licenses/LICENSE"))
        assert archive.read(name).decode() == (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_the_metadata_names_the_python_versions_that_tox_runs(metadata: Message) -> None:
    classifiers = "\n".join(metadata.get_all("Classifier", []))
    versions = re.findall(
        r"^Programming Language :: Python :: (3\.\d+)$", classifiers, re.MULTILINE
    )
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini")
    expected = [f"py{version.replace('.', '')}" for version in versions]
    assert re.split(r",\s*", tox["tox"]["env_list"]) == expected
    assert metadata["Requires-Python"] == f">={versions[0]}"


def test_the_commit_hooks_run_the_tools_of_make_check_and_fetch_nothing() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\ncheck:")[2]
    tools = re.findall(r"^\t\$\(BIN\)/(\w+)", recipe.partition("\n\n")[0], re.MULTILINE)
    assert tools == ["ruff", "ruff", "mypy", "python"]
    assert re.findall(r"entry: \.venv/bin/(\w+)", hooks) == tools
    assert set(re.findall(r"repo: (.*)", hooks)) == {"local"}
    assert set(re.findall(r"language: (.*)", hooks)) == {"system"}


def test_the_wheel_starts_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*install, str(site), str(wheel)], check=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "mock_sendpilot", "start", "--port", "0", "--json"],
        cwd=empty,
        env={**os.environ, "PYTHONPATH": str(site)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        facts = json.loads(process.stdout.readline())
        lead = over_a_socket(facts["origin"])("GET", "/v1/leads/lead_abc123")
        assert lead.json["linkedinUrl"] == "https://www.linkedin.com/in/john-doe"
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_setup_cfg_lists_every_package() -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    listed = set(settings["options"]["packages"].split())
    folders = {path.parent for path in (ROOT / "mock_sendpilot").rglob("*.py")}
    packages = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    assert listed == packages | {"mock_sendpilot.fixtures"}


def _floors() -> dict[str, str]:
    """The oldest release of each dependency of the package, its plugin and its explorer."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = config["options.extras_require"]
    wanted = config["options"]["install_requires"] + extras["pytest"] + extras["explore"]
    return dict(re.findall(r"^([\w-]+)>=([\d.]+)(?![^\n]*python_version)", wanted, re.MULTILINE))


def test_the_oldest_releases_that_are_tested_are_the_oldest_that_are_allowed() -> None:
    lines = (ROOT / "tests" / "oldest.txt").read_text(encoding="utf-8")
    tested = dict(re.findall(r"^([\w-]+)==([\d.]+)$", lines, re.MULTILINE))
    assert tested.keys() == _floors().keys()
    different = [
        name for name, floor in _floors().items() if not f"{tested[name]}.".startswith(f"{floor}.")
    ]
    assert different == []
