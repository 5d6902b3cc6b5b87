"""Django's command; `run.py` starts it together with a service to try it with."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quayside.settings")
    execute_from_command_line(sys.argv)
