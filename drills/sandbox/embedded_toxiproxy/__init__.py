"""A stand-in for the Toxiproxy server, for machines where `toxiproxy-server` is not on PATH.

It speaks Toxiproxy's HTTP API for the toxics that drills use; tests/sandbox/test_toxiproxy_conformance.py holds it to
the real one. Run it with `python -m drills.sandbox.embedded_toxiproxy --host 127.0.0.1 --port P`.

    api ──► Proxy (listener, toxics) ──► Connection ──► Link upstream    client ─► toxic ─► toxic ─► service
                                                   └──► Link downstream  client ◄─ toxic ◄─ toxic ◄─ service
"""
