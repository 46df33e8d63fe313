"""What `receiver_check` imports."""

import pytest

from tests.project.test_layers import importers


@pytest.mark.parametrize("room", ["api", "control", "cli", "testing"])
def test_the_receiver_check_imports_no_room_above_it(room: str) -> None:
    assert importers(f"mock_sendpilot.{room}", among="receiver_check/") == []


@pytest.mark.parametrize("package", ["requests", "click", "flask", "werkzeug", "marshmallow"])
def test_the_receiver_check_imports_no_framework(package: str) -> None:
    assert importers(package, among="receiver_check/") == []


@pytest.mark.parametrize("package", ["svix", "standardwebhooks"])
def test_the_packages_that_judge_signatures_are_for_tests(package: str) -> None:
    assert importers(package) == []
