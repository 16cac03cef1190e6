"""Monitoring, for drills and for the service: turns the observations of probes into alerts.

Prober ──observation──► Monitor ──► sink: a drill's timeline, or the service's log and store
    ▲                      │
    └───── check_now ───────┘
"""
