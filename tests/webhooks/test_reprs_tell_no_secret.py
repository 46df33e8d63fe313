"""What is shown in a log or a failing test holds no key and no signing secret."""

import pytest

from mock_sendpilot.webhooks.deliveries import AppliedDisruption
from mock_sendpilot.webhooks.endpoints import RetiredSecret
from mock_sendpilot.world.models import ApiKey
from mock_sendpilot.world.seed import EndpointSeed
from tests.support import SECRET
from tests.webhooks.conftest import START


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(ApiKey(key=SECRET), id="API key"),
        pytest.param(RetiredSecret(SECRET, START), id="retired secret"),
        pytest.param(
            AppliedDisruption(
                disruption_id="dis_1", kind="old_secret", options={}, old_secret=SECRET
            ),
            id="disruption",
        ),
        pytest.param(EndpointSeed(url="http://a.example/", secret=SECRET), id="seed"),
    ],
)
def test_no_secret_is_shown(told: object) -> None:
    assert SECRET not in repr(told)
