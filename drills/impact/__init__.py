"""The impact on users: from the seconds of a drill's traffic to when it began and when they had recovered."""
