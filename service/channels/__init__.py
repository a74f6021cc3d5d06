"""Ways by which messages of the push leave: webhook, file outbox, the inbox of a portal."""
