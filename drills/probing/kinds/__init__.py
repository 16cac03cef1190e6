"""How each kind of probe looks, one file each; what is written about them in YAML is in `drills.probing.settings`."""
