"""The database: accounts, rooms and history. One repository for each kind of thing."""
