"""Rounds of the push: planned over processes, settled, written and published."""
