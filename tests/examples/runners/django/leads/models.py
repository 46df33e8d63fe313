from django.db import models


class Lead(models.Model):
    sendpilot_id = models.CharField(max_length=100, unique=True)
    status = models.CharField(max_length=50)
