"""What a sandbox may have: one small protocol a file, with its data types."""
