"""The score of a drill: from its timeline to demands, rows, deductions and the scorecard. It begins in `score`."""
