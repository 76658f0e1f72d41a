"""Who somebody is and what they may do: passwords, tokens, grants. No network, no database."""
