import json
import unittest
import urllib.request
from contextlib import ExitStack

import mock_sendpilot

SECRET = "whsec_c2VuZHBpbG90LWVtdWxhdG9yLXNlY3JldC0zMmJ5dGU="


def close_lead(base_url, api_key, lead_id):
    """Stands for your own code."""
    request = urllib.request.Request(
        f"{base_url}/leads/{lead_id}/status",
        data=json.dumps({"status": "DONE"}).encode(),
        headers={"X-API-Key": api_key, "Content-Type": "application/json"},
        method="PATCH",
    )
    with urllib.request.urlopen(request, timeout=5) as response:
        return json.load(response)


class CloseLead(unittest.TestCase):
    def setUp(self):
        stack = ExitStack()
        self.addCleanup(stack.close)
        self.sendpilot = stack.enter_context(mock_sendpilot.sandbox())
        self.receiver = stack.enter_context(mock_sendpilot.WebhookReceiver())

    def test_a_lead_is_closed(self):
        lead = self.sendpilot.add_lead(status="REPLY_RECEIVED")

        close_lead(self.sendpilot.base_url, self.sendpilot.api_key, lead.id)

        self.assertEqual(self.sendpilot.lead(lead.id).status, "DONE")
        self.sendpilot.assert_requested("leads.updateStatus", json={"status": "DONE"})

    def test_the_webhook_is_signed(self):
        self.sendpilot.add_endpoint(self.receiver.url, secret=SECRET)
        lead = self.sendpilot.add_lead()

        close_lead(self.sendpilot.base_url, self.sendpilot.api_key, lead.id)

        webhook = self.receiver.wait_for("lead.status.changed", lead_id=lead.id)
        self.assertTrue(webhook.is_signed_with(SECRET))


class ReadLead(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        stack = ExitStack()
        cls.addClassCleanup(stack.close)
        cls.sendpilot = stack.enter_context(mock_sendpilot.sandbox("live"))
        cls.lead = cls.sendpilot.add_lead(first_name="Ida")

    def test_the_tests_of_a_class_share_a_lead(self):
        self.assertEqual(self.sendpilot.leads(), [self.lead])
