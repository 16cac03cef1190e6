"""The certificates that this machine trusts."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache


@lru_cache(maxsize=1)
def trusted_file() -> str:
    """The machine's file of them, for a library's own default is that of the machine which built it."""
    paths = ssl.get_default_verify_paths()
    for path in (os.environ.get(paths.openssl_cafile_env), paths.cafile, "/etc/ssl/certs/ca-certificates.crt"):
        if path and os.path.isfile(path):  # noqa: PTH113 - at start, once
            return path
    import certifi

    return certifi.where()


def trust(context: ssl.SSLContext, ca: str | None) -> None:
    """Let it trust the certificates of this file, or else the machine's. Raises ValueError for an unusable file."""
    file = ca or trusted_file()
    try:
        context.load_verify_locations(cafile=file)
    except OSError as error:  # also ssl.SSLError
        why = "holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise ValueError(f"ca: {file}: {why}") from None
