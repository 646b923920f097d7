"""The official SDKs that the client tests use, pinned by `tests/clients/*/requirements.txt`, in a venv under `.cache`."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from .places import CHECKOUT, TESTS

VENV = CHECKOUT / ".cache" / "venv"
STAMP = VENV / "requirements.sha256"


def find() -> dict[str, str] | None:
    """A Python that has exactly the pinned SDKs."""
    if not _requirements():
        return {"TEST_PYTHON": sys.executable}
    python = VENV / "bin" / "python"
    current = python.exists() and STAMP.exists() and STAMP.read_text() == _digest()
    return {"TEST_PYTHON": str(python)} if current else None


def fetch() -> str | None:
    """Make the venv anew; what went wrong, or None."""
    shutil.rmtree(VENV, ignore_errors=True)
    made = _run(sys.executable, "-m", "venv", VENV)
    if made:
        return f"{made}\n    (on Debian the package python3-venv makes this possible)"
    files = [word for file in _requirements() for word in ("-r", file)]
    failed = _run(VENV / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", *files)
    if failed is None:
        STAMP.write_text(_digest())
    return failed


def _requirements() -> list[Path]:
    return sorted(TESTS.glob("clients/*/requirements.txt"))


def _digest() -> str:
    digest = hashlib.sha256(f"{sys.version}\n{VENV}\n".encode())
    for file in _requirements():
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _run(*command) -> str | None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    return None if done.returncode == 0 else (done.stderr or done.stdout).strip()[-1200:]
