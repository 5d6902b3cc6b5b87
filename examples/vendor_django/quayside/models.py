"""The product's records: visits, and what is said between the two browsers of a call."""

from __future__ import annotations

import uuid

from django.db import models

THERAPIST, CLIENT = "therapist", "client"
ROLES = {THERAPIST: "Dr. Noor Haddad", CLIENT: "Toby Lund"}
"""The two people of this trial; your product has accounts."""


class Visit(models.Model):
    """One visit. What AllianceKit is told of it is its `key`, never a name."""

    key = models.UUIDField(default=uuid.uuid4, unique=True)
    opened_at = models.DateTimeField(auto_now_add=True)
    over = models.BooleanField(default=False)
    # What AllianceKit says of it: its own id, who rated, whether a rule found something worth a look.
    session = models.CharField(max_length=64, blank=True)
    rated_by_client = models.BooleanField(default=False)
    rated_by_therapist = models.BooleanField(default=False)
    worth_a_look = models.BooleanField(default=False)

    class Meta:
        """The latest first."""

        ordering = ("-id",)


class Said(models.Model):
    """A message of one browser to the other: how they find each other (WebRTC signalling)."""

    visit = models.ForeignKey(Visit, on_delete=models.CASCADE)
    role = models.CharField(max_length=16)
    message = models.JSONField()
