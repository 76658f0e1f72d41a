"""What an operator does with Connect from a shell, besides serving: one function a command, run by :mod:`app.cli`."""
