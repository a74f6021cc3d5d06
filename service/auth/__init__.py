"""Who asks, and what he may do: keys, tokens, scopes, the door."""
