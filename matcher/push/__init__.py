"""The balanced push: every firm a few patents, every patent some firms, none too many."""
