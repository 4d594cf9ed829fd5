"""What one rude connection may do to the others: nothing."""

import socket
from urllib.parse import urlsplit

import pytest

from tests.e2e.server import ServerProcess
from tests.patience import PATIENCE_S

PIECE = b"a" * 65_536
CHUNKED = (
    b"POST /auth/local/login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    b"Content-Type: application/json\r\n\r\n2\r\n{}\r\n0\r\nX-Trailer: "
)


def answer_to(server: ServerProcess, beginning: bytes) -> bytes:
    """What comes back when a request begins like this and then goes on for two megabytes."""
    address = urlsplit(server.url)
    with socket.create_connection(
        (address.hostname, address.port), timeout=PATIENCE_S
    ) as connection:
        connection.sendall(beginning)
        try:
            for _ in range(32):
                connection.sendall(PIECE)
        except OSError:  # the server has heard enough
            return b""
        return connection.recv(4096)


@pytest.mark.parametrize(
    "beginning",
    [
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: ",
        b"GET /health?",
        CHUNKED,
    ],
    ids=["header", "url", "trailer"],
)
def test_an_endless_head_is_not_gathered(server: ServerProcess, beginning: bytes) -> None:
    answer = answer_to(server, beginning)

    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    with server.client() as http:
        assert http.get("/health").status_code == 200


def test_a_large_body_in_one_piece_with_its_head_is_no_large_head(server: ServerProcess) -> None:
    body = b'{"username": "ada", "password": "' + b"a" * 200_000 + b'"}'

    with server.client() as http:
        response = http.post(
            "/auth/local/login", content=body, headers={"content-type": "application/json"}
        )

    assert response.status_code == 422
