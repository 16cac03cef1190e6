"""The long-running process: `serve` probes without a pause, raises alerts, and begins the drills of the calendar.

Prober ──observation──► Monitoring ──► store          Timetable (APScheduler: wakes) ──► Diary (claims)
                           │  ▲                                                            │
                           ▼  └── look_now                                                 ▼
                       alert lines, alerts in the store                     Attendance: one drill at a time,
                                                                            each in processes of its own
"""
