"""The guard of `conftest.py`: a test that would leave this machine fails, and says why."""

import socket

import pytest


def test_a_test_cannot_connect_beyond_this_machine() -> None:
    with socket.socket() as outgoing, pytest.raises(RuntimeError, match="marked `live`"):
        outgoing.connect(("192.0.2.1", 80))


def test_a_test_cannot_look_up_a_foreign_name() -> None:
    with pytest.raises(RuntimeError, match="marked `live`"):
        socket.getaddrinfo("example.org", 443)


def test_a_test_can_reach_this_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        socket.create_connection(listening.getsockname(), timeout=5).close()
