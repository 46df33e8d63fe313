from contextlib import ExitStack

from django.core.wsgi import get_wsgi_application
from django.test import TransactionTestCase, override_settings

import mock_sendpilot
from leads.models import Lead

SECRET = "whsec_c2VuZHBpbG90LWVtdWxhdG9yLXNlY3JldC0zMmJ5dGU="


class CloseLead(TransactionTestCase):
    def setUp(self):
        stack = ExitStack()
        self.addCleanup(stack.close)
        self.sendpilot = stack.enter_context(mock_sendpilot.sandbox())
        stack.enter_context(
            override_settings(
                SENDPILOT_BASE_URL=self.sendpilot.base_url,
                SENDPILOT_API_KEY=self.sendpilot.api_key,
                SENDPILOT_WEBHOOK_SECRET=SECRET,
            )
        )
        self.sendpilot.add_endpoint(
            get_wsgi_application(), path="/webhooks/sendpilot", secret=SECRET
        )

    def test_a_lead_is_closed_on_both_sides(self):
        lead = self.sendpilot.add_lead()

        response = self.client.post(f"/leads/{lead.id}/close")

        self.assertEqual(response.status_code, 202)
        self.sendpilot.webhooks.wait_for("lead.status.changed", lead_id=lead)
        self.assertEqual(Lead.objects.get(sendpilot_id=lead.id).status, "DONE")

    def test_a_lead_stays_as_it_is_while_the_service_is_down(self):
        lead = self.sendpilot.add_lead()
        self.sendpilot.fail_next(503)

        response = self.client.post(f"/leads/{lead.id}/close")

        self.assertEqual(response.status_code, 502)
        self.assertFalse(Lead.objects.exists())

    def test_a_forged_webhook_changes_nothing(self):
        self.sendpilot.disrupt("wrong_secret")
        lead = self.sendpilot.add_lead()

        self.client.post(f"/leads/{lead.id}/close")

        webhook = self.sendpilot.webhooks.wait_for("lead.status.changed", lead_id=lead)
        self.assertEqual(webhook.deliveries[0].attempts[0].status_code, 401)
        self.assertFalse(Lead.objects.exists())
