"""The kinds of probes, one folder each: `settings.py`, what a person writes in YAML; `probe.py`, how it is run."""
