"""Seeing it run: figures, log lines, traces, and what is amiss."""
