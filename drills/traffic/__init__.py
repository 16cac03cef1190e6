"""Traffic: Locust users against the sandbox; what they suffer is the truth that everything else is measured against.

TrafficGenerator (asyncio, our process) ◄── one JSON line a second ── locust_runner (subprocess; gevent lives here)
                 └────────────────────── change users, mark, stop ──► PacedUser ─► Ledger (pure) ─► Pace (pure)
"""
