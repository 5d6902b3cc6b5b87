"""Runs axe-core's WCAG 2.2 A and AA rules over the element's states; exit code 1 when one is broken.

Usage: `npm install --prefix DIR axe-core` once, anywhere outside the repository, then
`python tests/tools/element_axe.py DIR/node_modules/axe-core/axe.min.js`.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from element_screens import SCREENS, open_screens

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def main(axe: str) -> int:
    """Prints one line a state and one a broken rule; answers the number of broken rules."""
    script = await asyncio.to_thread(Path(axe).read_text, encoding="utf-8")
    broken = 0
    async for name, page in open_screens(list(SCREENS)):
        shown = page.frames[-1]  # the element's own frame, where there is one
        await shown.evaluate(script)
        run = "tags => axe.run('alliance-feedback', {runOnly: {type: 'tag', values: tags}})"
        result = await shown.evaluate(run, TAGS)
        print(f"{name}: {len(result['passes'])} rules held, {len(result['violations'])} broken")
        for rule in result["violations"]:
            broken += 1
            print(f"  {rule['id']}: {rule['help']}")
            for node in rule["nodes"]:
                print(f"    {node['target']} {node['failureSummary']}")
    return broken


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(main(sys.argv[1])) else 0)
