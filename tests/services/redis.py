"""A private Redis that keeps nothing on disk."""

from pathlib import Path

from . import process
from .places import account, program


def find() -> dict[str, str] | None:
    """The server's program."""
    server = program("redis-server", "valkey-server")
    return {"TEST_REDIS_SERVER": server} if server else None


def start(folder: Path, paths: dict[str, str], env: dict[str, str]) -> list[process.Service]:
    """Start it; `TEST_REDIS_URL` is its database 0."""
    who = account("redis")
    home = process.own_folder(folder, "redis", who)
    [port] = process.free_ports(1)
    command = [paths["TEST_REDIS_SERVER"], "--port", port, "--bind", "127.0.0.1", "--dir", home, "--save", "", "--appendonly", "no"]
    env["TEST_REDIS_URL"] = f"redis://127.0.0.1:{port}/0"
    return [process.start("redis", command, port, home, _answers_ping, who)]


def _answers_ping(connection) -> bool:
    connection.sendall(b"PING\r\n")
    return connection.recv(5) == b"+PONG"
