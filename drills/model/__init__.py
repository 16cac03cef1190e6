"""The domain model: pure functions and immutable data. No input or output, no clock, no async."""
