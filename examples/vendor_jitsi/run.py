"""Try vendor_jitsi.html on this machine: a service, a web server for the page, and the links of one visit.

    python examples/vendor_jitsi/run.py                                 # a stand-in plays Jitsi's part
    python examples/vendor_jitsi/run.py --jitsi https://meet.example    # your Jitsi server

Everything it keeps is in a folder of its own that goes when it ends (Ctrl-C).
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import trial  # noqa: E402


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


def main() -> None:
    """Start everything, print the links, and wait."""
    options = argparse.ArgumentParser(description="Try vendor_jitsi.html on this machine.")
    options.add_argument("--jitsi", default="", help="your Jitsi server, https://…; else a stand-in")
    options.add_argument("--json", action="store_true", help="print the links as JSON")
    chosen = options.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    port = trial.free_port()
    web = f"http://127.0.0.1:{port}"
    with (
        suppress(KeyboardInterrupt),
        tempfile.TemporaryDirectory() as folder,
        trial.service(Path(folder), origin=web, plugins={"also": ["bridge"]}) as service,
        ThreadingHTTPServer(("127.0.0.1", port), pages(service.address, chosen.jitsi or web)) as server,
    ):
        visit = [
            "client-17",
            "--client",
            "client-17",
            "--therapist",
            "dr-3",
            "--page",
            f"{web}/vendor_jitsi.html",
        ]
        made = service.run("sessions", "create", *visit)
        links = {one["role"]: one["link"] for one in made["participants"]}
        if chosen.json:
            print(json.dumps(links), flush=True)
        else:
            print("Open both, in two windows, and join. After some seconds hang up on both sides.")
            print(*(f"{role:<10} {link}" for role, link in links.items()), sep="\n", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
