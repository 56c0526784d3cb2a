"""The shop's own server: it knows who is signed in, and vouches for him to headgate with a token of its own.

This is all that a site needs for identified chats: claims, a secret that it shares with the channel, ten lines."""
import base64
import hashlib
import hmac
import json
import secrets
import time

import devices

LIFE = 600			# seconds; identity.max_age of the channel allows an hour
CUSTOMER = {"sub": "ana-4711", "name": devices.NAME, "email": "ana@tidemark.example", "email_verified": True,
            "phone_number": devices.ANA, "phone_number_verified": True}


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(secret, claims):
    """A JSON Web Token (RFC 7519) by HS256, good for one browser (jti) and ten minutes."""
    now = int(time.time())
    parts = {"alg": "HS256", "typ": "JWT"}, dict(claims, iat=now, exp=now + LIFE, jti=secrets.token_urlsafe(12))
    signed = ".".join(base64url(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{base64url(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))}"


class Shop:
    def __init__(self, secret):
        self.secret = secret

    def sign_in(self, body=None):
        """What the page gets once somebody is signed in, here without a password."""
        return {"jwt": token(self.secret, CUSTOMER), "name": CUSTOMER["name"].split()[0]}
