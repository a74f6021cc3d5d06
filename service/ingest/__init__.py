"""Files into the store: readers per file family, column names, checks, merging, report."""
