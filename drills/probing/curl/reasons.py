"""libcurl's error codes as short, readable reasons."""

from __future__ import annotations

import errno
import os
import re
import socket

import pycurl

from drills.probing.curl.heads import HEAD_LIMIT

#: Of an answer with several Location headers that differ.
SEVERAL_PLACES = "redirect to several URLs at once is not followed"

#: The prober's own want, not the target's fault.
_OWN_ERRNO = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL}


def own_fault(os_error: int) -> str:
    """Why the prober could not run the check, by errno; empty when it could."""
    return f"the prober could not run the check: {os.strerror(os_error).lower()}" if os_error in _OWN_ERRNO else ""


def own_fault_now() -> str:
    """Why the prober can open no socket; empty when it can. For libraries that hide why they got none."""
    try:
        socket.socket().close()
    except OSError as error:
        return own_fault(error.errno or 0)
    return ""


def curl_own_fault(code: int, curl: pycurl.Curl) -> str:
    """Why the prober could not run the check, by how a transfer ended; empty when it could."""
    os_error = curl.getinfo(pycurl.OS_ERRNO)
    if code == pycurl.E_COULDNT_CONNECT and not os_error:
        return own_fault_now()
    return own_fault(os_error)


def curl_reason(code: int, curl: pycurl.Curl, timeout: float) -> str:
    """One short line for a transfer that ended without a whole answer."""
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return _too_late(curl, timeout)
    os_error = curl.getinfo(pycurl.OS_ERRNO)
    said = curl.errstr()
    if code == pycurl.E_COULDNT_CONNECT:
        return os.strerror(os_error).lower() if os_error else "could not connect"
    if code == pycurl.E_PEER_FAILED_VERIFICATION:
        return f"certificate not valid: {_certificate_fault(said)}"
    if code == _WEIRD_REPLY and "Location" in said:  # recent versions of libcurl take that for no HTTP
        return SEVERAL_PLACES
    if code in (pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR):
        return "connection reset" if os_error == errno.ECONNRESET or "reset" in said else "connection broken"
    return _SAID.get(code) or (said[:1].lower() + said[1:]) or f"libcurl error {code}"


_WEIRD_REPLY = 8  # CURLE_WEIRD_SERVER_REPLY
#: CURLE_TOO_LARGE, since 8.6: a line of the head is longer than libcurl's own limit, which is as long.
_TOO_LARGE = 100
_SAID = {
    pycurl.E_COULDNT_RESOLVE_HOST: "name not resolved",
    pycurl.E_GOT_NOTHING: "connection closed without an answer",
    pycurl.E_PARTIAL_FILE: "connection closed in the middle of the answer",
    pycurl.E_SSL_CONNECT_ERROR: "TLS handshake failed",
    pycurl.E_UNSUPPORTED_PROTOCOL: "neither http nor https",
    pycurl.E_URL_MALFORMAT: "not a URL",
    _WEIRD_REPLY: "the answer is not HTTP",
    _TOO_LARGE: f"headers over {HEAD_LIMIT} bytes, stopped",
}


def _too_late(curl: pycurl.Curl, timeout: float) -> str:
    if not curl.getinfo(pycurl.CONNECT_TIME):
        return f"no connection within {timeout:g} s"
    if not curl.getinfo(pycurl.HEADER_SIZE):
        return f"no answer within {timeout:g} s, though connected"
    return f"answer not complete within {timeout:g} s"


def _certificate_fault(said: str) -> str:
    """What is wrong with it: each version of libcurl wraps OpenSSL's words in others of its own."""
    words = said.rpartition("verify result: ")[2].rpartition("certificate problem: ")[2].removeprefix("SSL: ")
    return re.sub(r" \(\d+\)$", "", words) or "not trusted"
