"""Who did what: acts, the chain of their rows, and what waits to be written."""
