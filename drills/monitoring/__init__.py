"""Monitoring, for drills and for the service alike: what probes observe is judged, and becomes alerts.

Prober ──observation──► Monitor ──► sink: a drill's timeline, or the service's log and store
    ▲                      │
    └───── check_now ───────┘
"""
