"""Conducts one drill, from the steady state to the debrief."""
