"""The workflow of the guide: its form, and its commands, without GitHub."""

import re
import shlex
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from mock_sendpilot.cli.exec import exec_command
from tests.examples.documents import ROOT, sections

GUIDE = ROOT / "docs" / "how-to" / "any-runner.md"
JOBS = ["node", "python"]


@pytest.fixture
def workflow() -> dict[str, Any]:
    (text,) = [
        snippet.text
        for section in sections(GUIDE)
        for snippet in section.snippets
        if snippet.name == "workflow.yml"
    ]
    parsed: dict[str, Any] = yaml.safe_load(text)
    return parsed


def commands(workflow: dict[str, Any], job: str) -> list[list[str]]:
    return [shlex.split(step["run"]) for step in workflow["jobs"][job]["steps"] if "run" in step]


def test_the_workflow_has_the_jobs_that_are_tested(workflow: dict[str, Any]) -> None:
    assert sorted(workflow["jobs"]) == JOBS


@pytest.mark.parametrize("job", JOBS)
def test_a_job_checks_the_project_out_first(workflow: dict[str, Any], job: str) -> None:
    steps = workflow["jobs"][job]["steps"]

    assert steps[0] == {"uses": "actions/checkout@v4"}
    assert all(set(step) in ({"uses"}, {"uses", "with"}, {"run"}) for step in steps)
    assert workflow["jobs"][job]["runs-on"] == "ubuntu-latest"


@pytest.mark.parametrize("job", JOBS)
def test_a_job_installs_the_extra_that_the_url_of_the_vendor_needs(
    workflow: dict[str, Any], job: str
) -> None:
    (requirement,) = [
        word for words in commands(workflow, job) for word in words if "mock_sendpilot[" in word
    ]

    found = re.fullmatch(r"mock_sendpilot\[([a-z,]+)\] @ \$(\w+)", requirement)
    assert found is not None
    assert "tls" in found[1].split(",")
    assert found[2] in workflow["env"]


@pytest.mark.parametrize("job", JOBS)
def test_a_job_runs_its_tests_with_options_that_the_command_has(
    workflow: dict[str, Any], job: str
) -> None:
    program, command, *arguments = commands(workflow, job)[-1]

    assert (program, command) == ("mock-sendpilot", "exec")
    context = exec_command.make_context("exec", arguments)
    assert context.params["tls"]
    assert context.params["command"] in {("npm", "test"), ("python", "-m", "pytest")}
