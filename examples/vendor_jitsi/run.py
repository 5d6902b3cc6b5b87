"""Try vendor_jitsi.html on this machine: a service, a web server for the page, and the links of one visit.

    python examples/vendor_jitsi/run.py                                 # a stand-in plays Jitsi's part
    python examples/vendor_jitsi/run.py --jitsi https://meet.example    # your Jitsi server

Everything it keeps is in a folder of its own that goes when it ends (Ctrl-C).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType
from typing import Any

HERE = Path(__file__).parent
ALLIANCEKIT = [sys.executable, "-c", "from alliancekit.cli import main; main()"]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def pages(service: str, jitsi: str) -> type[BaseHTTPRequestHandler]:
    """The page with its two addresses written in, and the stand-in."""
    page = (HERE.parent / "vendor_jitsi.html").read_text(encoding="utf-8")
    page = page.replace("https://feedback.example", service).replace("https://meet.example", jitsi)
    files = {
        "/vendor_jitsi.html": ("text/html; charset=utf-8", page.encode()),
        "/external_api.js": ("text/javascript", (HERE / "stand_in.js").read_bytes()),
    }

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = files.get(self.path.partition("?")[0], ("text/plain", b""))
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: the links stand above."""

    return Pages


def started(service: subprocess.Popen[str]) -> tuple[str, str]:
    """The key and the address of the service, once it is ready."""
    assert service.stdout is not None
    line = service.stdout.readline()
    if not line:
        raise SystemExit("AllianceKit did not start. Run `alliancekit config check`.")
    told = json.loads(line)
    return told["key"], told["url"]


def main() -> None:
    """Start everything, print the links, and wait."""
    options = argparse.ArgumentParser(description="Try vendor_jitsi.html on this machine.")
    options.add_argument("--jitsi", default="", help="your Jitsi server, https://…; else a stand-in")
    options.add_argument("--json", action="store_true", help="print the links as JSON")
    chosen = options.parse_args()

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    web = f"http://127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "ALLIANCEKIT_DATA_DIR": folder,
            "ALLIANCEKIT_PORT": "0",
            "ALLIANCEKIT_ALLOWED_ORIGINS": json.dumps([web]),
            "ALLIANCEKIT_PLUGINS": json.dumps({"also": ["bridge"]}),
            # For trying it out: a call of seconds counts, and is over soon after both have left.
            "ALLIANCEKIT_CALL__MINIMUM_TOGETHER": "2",
            "ALLIANCEKIT_CALL__GRACE": "2",
        }
        service = subprocess.Popen(  # noqa: S603 - our own command
            [*ALLIANCEKIT, "serve", "--json"],
            env=environment,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            key, address = started(service)
            with ThreadingHTTPServer(
                ("127.0.0.1", int(web.rpartition(":")[2])), pages(address, chosen.jitsi or web)
            ) as server:
                visit = ["sessions", "create", "client-17", "--client", "client-17", "--therapist", "dr-3"]
                visit += ["--page", f"{web}/vendor_jitsi.html", "--service", address, "--json"]
                made = subprocess.run(  # noqa: S603 - our own command
                    [*ALLIANCEKIT, *visit],
                    env=environment | {"ALLIANCEKIT_KEY": key},
                    cwd=folder,
                    check=True,
                    stdout=subprocess.PIPE,
                    text=True,
                )
                links = {one["role"]: one["link"] for one in json.loads(made.stdout)["participants"]}
                if chosen.json:
                    print(json.dumps(links), flush=True)
                else:
                    print("Open both, in two windows, and join. After some seconds hang up on both sides.")
                    print(*(f"{role:<10} {link}" for role, link in links.items()), sep="\n", flush=True)
                server.serve_forever()
        except KeyboardInterrupt:
            pass
        finally:
            service.terminate()
            service.communicate()


if __name__ == "__main__":
    main()
