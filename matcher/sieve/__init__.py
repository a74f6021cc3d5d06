"""Patents near enough to a firm to be scored exactly: found in clusters, for one firm or blocks."""
