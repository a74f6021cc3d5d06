"""Industry segments: what they are, and which patent classes and industries belong to them."""
