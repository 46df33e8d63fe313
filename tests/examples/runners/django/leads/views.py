import hashlib
import hmac
import json
import re

import requests
from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from leads.models import Lead


@require_POST
def close(request, lead_id):
    """Close a lead in SendPilot; the webhook changes our own."""
    reply = requests.patch(
        f"{settings.SENDPILOT_BASE_URL}/leads/{lead_id}/status",
        json={"status": "DONE"},
        headers={"X-API-Key": settings.SENDPILOT_API_KEY},
        timeout=5,
    )
    return JsonResponse({"accepted": reply.ok}, status=202 if reply.ok else 502)


@csrf_exempt
@require_POST
def receive(request):
    """Handle a webhook: verify its signature, then note the status."""
    if not is_signed(request.headers.get("webhook-signature", ""), request.body):
        return HttpResponse(status=401)
    event = json.loads(request.body)
    if event["eventType"] == "lead.status.changed":
        Lead.objects.update_or_create(
            sendpilot_id=event["data"]["leadId"],
            defaults={"status": event["data"]["newStatus"]},
        )
    return HttpResponse(status=204)


def is_signed(signature, body):
    match = re.fullmatch(r"t=(\d+),s=(\w+)", signature)
    if match is None:
        return False
    secret = settings.SENDPILOT_WEBHOOK_SECRET.encode()
    expected = hmac.new(secret, f"{match[1]}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(match[2], expected)
