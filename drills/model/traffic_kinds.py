"""The kinds of entries of a timeline that change the traffic. Nothing is imported: `drills list` reads it."""

TRAFFIC_SURGE = "traffic-surge"
