"""A private RabbitMQ node with its own name, ports, cookie and name server (epmd). It joins nothing and nobody finds it."""

import os
import signal
from pathlib import Path

from . import process
from .places import account, program

# The script behind Debian's wrapper, which would insist on root, on /var/lib and on /var/log.
DEBIAN_SCRIPT = "/usr/lib/rabbitmq/bin/rabbitmq-server"
NO_BUSY_WAIT = "+sbwt none +sbwtdcpu none +sbwtdio none"
PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME = b"\x01"


def find() -> dict[str, str] | None:
    """The server's start script and Erlang's name server."""
    server = DEBIAN_SCRIPT if os.access(DEBIAN_SCRIPT, os.X_OK) else program("rabbitmq-server")
    epmd = program("epmd")
    return {"TEST_RABBITMQ_SERVER": server, "TEST_EPMD": epmd} if server and epmd else None


def start(folder: Path, paths: dict[str, str], env: dict[str, str]) -> list[process.Service]:
    """Start a name server and a node; `TEST_AMQP_URL` is its default virtual host."""
    who = account("rabbitmq")
    home = process.own_folder(folder, "rabbitmq", who)
    port, distribution, names = process.free_ports(3)
    place = _environment(home, port, distribution, names)
    _write(home / "rabbitmq.conf", f"listeners.tcp.1 = 127.0.0.1:{port}\n")
    _write(home / "rabbitmq-env.conf", "")
    _write(home / "enabled_plugins", "[].\n")
    command = [paths["TEST_EPMD"], "-port", names, "-address", "127.0.0.1"]
    epmd = process.start("epmd", command, names, process.own_folder(folder, "epmd", who), _accepted, who, place)
    epmd.wait_ready()
    env["TEST_AMQP_URL"] = f"amqp://guest:guest@127.0.0.1:{port}/%2f"
    server = process.start("rabbitmq", [paths["TEST_RABBITMQ_SERVER"]], port, home, _greets, who, place)
    # Nothing of a node in a temporary folder is worth an orderly shutdown of seconds.
    server.stop_signal = signal.SIGKILL
    return [server, epmd]


def _environment(home: Path, port: int, distribution: int, names: int) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("RABBITMQ_", "ERL_"))}
    return kept | {
        "HOME": str(home),
        "ERL_EPMD_PORT": str(names),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"zephyr-{port}@localhost",
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_PID_FILE": str(home / "pid"),
        "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(home / "rabbitmq-env.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(home / "generated"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": NO_BUSY_WAIT,
    }


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o644)


def _accepted(_connection) -> bool:
    return True


def _greets(connection) -> bool:
    """The protocol's header is answered by the frame of `connection.start`."""
    connection.sendall(PROTOCOL_HEADER)
    return connection.recv(1) == METHOD_FRAME
