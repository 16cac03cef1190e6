"""Programs that outlive the runner, and say no more in a list of processes than any job of a team's would."""
