"""The long-running process: `serve` probes without a pause, raises alerts, and begins the drills of the calendar.

SandboxProber ──► Monitor ──► StoredAlerts          Timetable (APScheduler: wakes) ──► Claims (once)
              ◄── check_now        │                                                      │
                                  ▼                                                      ▼
                      alert lines, alerts in the store                     Dispatcher: one drill at a time,
                                                                           each in processes of its own
"""
