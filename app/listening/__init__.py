"""
The listening sockets, which outlive the app: connections made while no app runs wait in them for the next.

``python -m app.listening`` is a program of its own, the *listener*. It listens at the app's address, accepts nothing,
and lends its sockets to the app that asks for them; the app has them as long as its connection to the listener lasts,
and nobody else meanwhile. Without a listener the app listens by itself, and offers its sockets to a listener that comes
later: so the listener, too, may die and be started again.

Both speak over a Unix socket of whole messages (``SOCK_SEQPACKET``): ``want ADDRESS`` or, with the sockets, ``have
ADDRESS`` from the app; ``take`` with the sockets, or ``no``, from the listener.

* :mod:`sockets`: where listening sockets come from
* :mod:`listener`: the program that keeps them
* :mod:`lease`: the app's side
"""
