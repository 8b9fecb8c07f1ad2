"""What a token is drawn with, and what is told of it."""

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.schemas import Schema


class TokenRequestSerializer(Schema):
    """A client's id and secret."""

    client_id = serializers.CharField(min_length=36, max_length=36)
    client_secret = serializers.CharField(max_length=42)
    grant_type = serializers.ChoiceField(choices=["client_credentials"])


class DrawnTokenSerializer(Schema):
    """A token."""

    access_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField()
    scope = serializers.CharField()
    jti = serializers.CharField()
