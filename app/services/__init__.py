"""What Connect does with accounts, rooms and calls, whichever edge asks for it: REST, websocket or command line."""
