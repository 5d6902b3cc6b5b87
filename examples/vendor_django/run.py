"""Quayside Counselling on this machine: a Django product, and AllianceKit as a service of its own.

Run it: `python examples/vendor_django/run.py`. Both keep what they keep in a folder that goes when it ends.
"""

from __future__ import annotations

import argparse
import secrets
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import trial  # noqa: E402


def main() -> None:
    """Start the service, tell it where the product is, and run the product until Ctrl-C."""
    options = argparse.ArgumentParser(description="A small Django product with AllianceKit beside it.")
    options.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    port = options.parse_args().port or trial.free_port()
    url = f"http://127.0.0.1:{port}"
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with (
        suppress(KeyboardInterrupt),
        tempfile.TemporaryDirectory(prefix="quayside-") as folder,
        trial.service(
            Path(folder),
            origin=url,
            plugins={"also": ["bridge"]},
            webhooks__allow_networks=["127.0.0.0/8"],  # the product is on this machine
        ) as service,
    ):
        told = service.run("webhooks", "add", f"{url}/hooks/alliance/")
        environment = service.environment | {
            "QUAYSIDE_DATABASE": f"{folder}/quayside.db",
            "QUAYSIDE_SECRET_KEY": secrets.token_urlsafe(32),
            "QUAYSIDE_ALLIANCE_URL": service.address,
            "QUAYSIDE_ALLIANCE_KEY": service.key,
            "QUAYSIDE_ALLIANCE_WEBHOOK_SECRET": told["secret"],
        }
        manage = [sys.executable, str(HERE / "manage.py")]
        subprocess.run([*manage, "migrate", "--run-syncdb", "-v", "0"], env=environment, check=True)  # noqa: S603
        print(f"Quayside Counselling is open: {url}", flush=True)
        server = [*manage, "runserver", "--noreload", "--verbosity", "0", f"127.0.0.1:{port}"]
        subprocess.run(  # noqa: S603 - our own command
            server, env=environment, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )


if __name__ == "__main__":
    main()
