"""The folder of the compared servers: `python -m benchmarks.peers.installation` fills it.

Python packages get an environment of their own and npm packages a prefix, so that nothing of them
meets the emulator's environment. The clients are those of the system, with its settings.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import ROOT

FOLDER = ROOT / ".peers"
_LIST = Path(__file__).with_name("packages.txt")
_STAMP = "installed.txt"
_MAX_SECONDS = 900
REMEDY = "run make bench-peers"


@dataclass(frozen=True, slots=True)
class Package:
    """A release of a package; `registry` is `npm` or `pypi`."""

    registry: str
    name: str
    release: str


def packages(text: str | None = None) -> list[Package]:
    """Read the list of packages.

    Raises:
        ValueError: a line is not a registry, a package and a release.
    """
    found = []
    for line in (text or _LIST.read_text(encoding="utf-8")).splitlines():
        if not line or line.startswith("#"):
            continue
        words = line.split()
        if len(words) != 3 or words[0] not in ("npm", "pypi"):
            raise ValueError(f"{line}: expected 'npm NAME RELEASE' or 'pypi NAME RELEASE'")
        found.append(Package(*words))
    return found


def release(name: str) -> str:
    """Return the release that is compared of a package."""
    return next(one.release for one in packages() if one.name.partition("[")[0] == name)


def python() -> Path:
    """Return the interpreter of the Python servers."""
    return FOLDER / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def node_module(*parts: str) -> Path:
    """Return a file of an npm package."""
    return FOLDER.joinpath("node_modules", *parts)


def install() -> None:
    """Install what is not there yet; what cannot be is named, and skipped by the benchmark."""
    stamp = FOLDER / _STAMP
    wanted = _LIST.read_text(encoding="utf-8")
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    print(f"Installing the compared servers into {FOLDER}, once; this takes some minutes...")
    FOLDER.mkdir(exist_ok=True)
    if all([_install_python_packages(), _install_npm_packages()]):
        stamp.write_text(wanted, encoding="utf-8")


def _install_python_packages() -> bool:
    pip = (str(python()), "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    names = [f"{one.name}=={one.release}" for one in packages() if one.registry == "pypi"]
    has_venv = python().exists() or _succeeds(sys.executable, "-m", "venv", str(FOLDER / "venv"))
    return has_venv and _succeeds(*pip, *names)


def _install_npm_packages() -> bool:
    npm = shutil.which("npm")
    if npm is None:
        print("npm is not installed: its packages are skipped", file=sys.stderr)
        return False
    # No script of a package runs: some report the installation to their makers.
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    names = [f"{one.name}@{one.release}" for one in packages() if one.registry == "npm"]
    return _succeeds(npm, "install", "--prefix", str(FOLDER), *options, *names)


def _succeeds(*command: str) -> bool:
    try:
        subprocess.run(command, check=True, timeout=_MAX_SECONDS, cwd=FOLDER)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"not installed, so skipped: {error}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    install()
