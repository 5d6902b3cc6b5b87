"""Runs `alliancekit serve` as often as it is told to, without importing everything again each time.

Each line on standard input starts one service in a process of its own, whose id is printed. The line holds
the command's options.
"""

from __future__ import annotations

import os
import signal
import sys

import alliancekit.cli
import alliancekit.server.app
import alliancekit.service


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who was killed leaves nothing behind
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # its log is no process id
            sys.argv = ["alliancekit", "serve", *line.split()]
            alliancekit.cli.main()
            return
        print(pid, flush=True)


if __name__ == "__main__":
    main()
