"""The certificates that this machine trusts, or those of a probe's `ca` file; one answer for every kind of probe.

A path is valid when OpenSSL finds one that is; in what order the file lists its certificates does not matter. Each of
them is trusted by itself, as with curl and Go: a server's own certificate or an intermediate one may stand there alone.
"""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from pathlib import Path

from drills.text_files import UnreadableFile, read_bytes

_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


@lru_cache(maxsize=1)
def trusted_file() -> str:
    """The machine's file of them, for a library's own default is that of the machine which built it."""
    paths = ssl.get_default_verify_paths()
    for path in (os.environ.get(paths.openssl_cafile_env), paths.cafile, "/etc/ssl/certs/ca-certificates.crt"):
        if path and os.path.isfile(path):  # noqa: PTH113 - at start, once
            return path
    import certifi

    return certifi.where()


def ca_file(ca: str | None) -> str:
    """The file of certificates to trust: this one, or else the machine's.

    Raises ValueError, in one line, for one that OpenSSL cannot read, or would read in part.
    """
    if ca is None:
        return trusted_file()
    _check(ca, state_of(ca))
    return ca


def state_of(ca: str | None) -> tuple[int, ...]:
    """Another one once the file has changed: what was made of it may be shared until then, for it takes 25 ms."""
    try:
        status = os.stat(ca or trusted_file())  # noqa: PTH116 - as above
    except (OSError, ValueError):
        return ()
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev


@lru_cache(maxsize=64)
def _check(ca: str, _state: tuple[int, ...]) -> None:
    """Errors are not kept."""
    try:
        held = read_bytes(Path(ca))
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=ca)
    except UnreadableFile as why:
        raise ValueError(f"ca: {ca}: {why}") from None
    except ssl.SSLError:
        raise ValueError(f"ca: {ca}: {_why_unusable(held)}") from None
    if held.startswith(_BYTE_ORDER_MARKS):
        raise ValueError(f"ca: {ca}: {_why_unusable(held)}")


def trust(context: ssl.SSLContext, ca: str | None) -> None:
    """Let it trust the certificates of this file, or else the machine's. Raises ValueError for an unusable file.

    The name that a server is asked by counts among its certificate's alternative names only (RFC 9525, 6.4.4).
    """
    context.load_verify_locations(cafile=ca_file(ca))
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.hostname_checks_common_name = False


def client_context(ca: str | None, *, verify: bool = True) -> ssl.SSLContext:
    """How a probe that is not libcurl's shakes hands. Raises ValueError for an unusable file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if verify:
        trust(context, ca)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _why_unusable(held: bytes) -> str:
    if held.startswith(_BYTE_ORDER_MARKS):
        return "begins with a byte order mark, by which OpenSSL overlooks a certificate; save it as text without one"
    if not held.strip():
        return "is empty; write certificates in PEM form into it"
    if b"-----BEGIN CERTIFICATE-----" in held:
        return "holds a certificate that cannot be read; copy it again, from -----BEGIN to -----END"
    if b"PRIVATE KEY-----" in held:
        return "holds a private key and no certificate; name the file of certificates"
    if held[:1] == b"\x30":
        return "is not in PEM form; convert it by openssl x509 -inform der"
    return "holds no certificate in PEM form; name the file of certificates"
