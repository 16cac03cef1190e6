"""Who or what responds to a drill: a runbook that is executed, or a person at a second terminal."""
