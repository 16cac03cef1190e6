"""External programs: run within a time limit, ended with all that they started, never confused with later processes."""
