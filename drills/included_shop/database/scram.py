"""Whether a password is the one whose verifier PostgreSQL keeps (SCRAM-SHA-256, RFC 5803 and RFC 7677)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac


def fits(verifier: str, password: str) -> bool:
    """False too for a verifier of another kind. `password` is ASCII: nothing has to be prepared (RFC 4013)."""
    try:
        kind, parameters, keys = verifier.split("$")
        iterations, salt = parameters.split(":")
        stored = base64.b64decode(keys.split(":")[0], validate=True)
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(iterations))
    except (ValueError, binascii.Error):
        return False
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return kind == "SCRAM-SHA-256" and hmac.compare_digest(hashlib.sha256(client_key).digest(), stored)
