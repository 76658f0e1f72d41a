"""The bus between the parts of rooms: inside one process, or through Redis. See :mod:`app.rtc.bus` for what it does."""
