"""Running it: memory before it is used, an end without a broken answer, a copy of the database."""
