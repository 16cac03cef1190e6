"""The kinds of faults, one file for each; `drills.faults.registry` lists them."""
