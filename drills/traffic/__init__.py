"""Traffic: Locust users against the sandbox; their failed and slow requests define the impact of a drill.

TrafficGenerator (asyncio, our process) ◄── one JSON line a second ── locust_runner (subprocess; gevent lives here)
                 └────────────────────── change users, mark, stop ──► PacedUser ─► Ledger (pure) ─► Pace (pure)
"""
