"""Which names say that their value is secret: `DB_PASSWORD`, `client-key`, `apiKey`; not `primary_key`."""

from __future__ import annotations

import re

# fmt: off
#: A name ends with one of these words (or with a digit behind it).
_WORDS = frozenset((
    "password", "passwd", "pwd", "passphrase", "passcode", "secret", "token", "credential", "credentials",
    "authorization", "requirepass", "masterauth", "pgpassword", "apikey", "apitoken", "accesskey", "accesstoken",
    "secretkey", "clientkey", "privatekey", "accountkey", "sharedaccesskey", "authtoken", "jsessionid", "phpsessid",
))
#: Words before a last one that alone shows nothing: a sort key, an order's id.
_BEFORE = {
    last: frozenset(before.split())
    for last, before in {
        "key": """
            access account master admin api app auth client consumer deploy encryption hmac host identity jwt license
            machine partner private rsa secret service session shared signature signing ssh storage subscription
            webhook write
        """,
        "id": "session",
        "cookie": "session auth login",
        "base": "key",
        "code": "auth authorization otp mfa totp backup recovery",
        "auth": "redis basic http proxy registry docker",
        "hash": "password passwd token",
        "seed": "totp otp mfa signing",
    }.items()
}
#: Words at the end that leave a name what it is without them.
_APPENDED = frozenset((
    "current", "previous", "old", "new", "now", "next", "value", "plain", "plaintext", "confirmation", "confirm",
    "default",
))
# fmt: on
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
#: The longest name that is taken apart.
LONGEST = 120


def tells_secret(name: str) -> bool:
    """By its last words, in any usual spelling: `api-key`, `API_KEY`, `apiKey`, `spring.datasource.password`."""
    parts = [part.lower() for part in _PART.findall(name[-LONGEST:])]
    while parts and (parts[-1].isdigit() or parts[-1] in _APPENDED):
        parts.pop()
    if not parts:
        return False
    last, before = parts[-1], parts[-2] if len(parts) > 1 else ""
    if last == "pat":
        # Personal access token; alone it is somebody's name.
        return bool(before)
    return last in _WORDS or before in _BEFORE.get(last, ())
