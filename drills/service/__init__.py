"""`drills serve`: a process that goes on until it is told to stop. What it does is `drills/app/serving.py`'s."""
