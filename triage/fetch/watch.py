"""Connections that end in time: a header that drips renews every read limit, so the exchange has one of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Watch:
    """Shuts the connection of one exchange when its time is over; that ends a read that waits in another thread."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._timer: threading.Timer | None = None
        self.cut = False

    def begin(self, seconds: float) -> None:
        """Start the time of an exchange, in seconds of the machine's own clock."""
        self._socket, self.cut = None, False
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()

    def see(self, opened: socket.socket | None) -> None:
        """Take note of the connection that the exchange uses."""
        self._socket = opened
        if self.cut:
            self._end()

    def done(self) -> None:
        """Stop the time."""
        if self._timer:
            self._timer.cancel()
        self._socket = None

    def _end(self) -> None:
        self.cut = True
        if self._socket is not None:
            with suppress(OSError):  # it was closed at the same moment, which is as good
                self._socket.shutdown(socket.SHUT_RDWR)


def pools(see: Callable[[socket.socket | None], None]) -> dict[str, Any]:
    """Make the connection pools of `urllib3` that tell `see` about each connection."""

    class Plain(HTTPConnection):
        """A connection that is seen when it is open."""

        def connect(self) -> None:
            super().connect()
            see(self.sock)

    class Safe(HTTPSConnection):
        """Likewise with TLS, whose handshake is seen too."""

        def _new_conn(self) -> socket.socket:
            opened = super()._new_conn()
            see(opened)
            return opened

        def connect(self) -> None:
            super().connect()
            see(self.sock)

    class PlainPool(HTTPConnectionPool):
        """The pool of `Plain`."""

        ConnectionCls = Plain

    class SafePool(HTTPSConnectionPool):
        """The pool of `Safe`."""

        ConnectionCls = Safe

    return {"http": PlainPool, "https": SafePool}
