"""The sockets of the billing service."""

import socket

from billing_service.serve import open_sockets


def test_no_response_waits_for_a_delayed_acknowledgement() -> None:
    """Accepted connections have TCP_NODELAY; without it each response takes 40 ms."""
    [listener] = open_sockets("127.0.0.1", 0)
    with listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
