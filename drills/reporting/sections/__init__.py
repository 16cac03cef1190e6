"""The sections of a report, each computed from the timeline and the scorecard, before any format is chosen."""
