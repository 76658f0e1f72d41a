"""The domain: rooms, their peers and media, on workers. Knows no transport of its own."""
