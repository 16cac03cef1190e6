"""The calendar of a workspace: when each entry of drills.yaml's schedule is due. Pure, without counters."""
