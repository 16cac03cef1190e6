"""Programs that outlive the runner, and look like ordinary jobs in a process list."""
