#!/usr/bin/env python3
"""The README's sessions are recorded parts of the demo.

    demo/session.py --write FILE    puts these parts of a recorded run into README.md
    demo/session.py --check FILE    exits 1 unless the README shows what that run shows

Keys, addresses, times and whatever follows from them differ in every run; they are compared by shape only.
"""

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
# The name of each part, the title that it begins with, and the one before which it ends (none: the end of the run).
PARTS = [
    ("session", "== A bureau that has only the trust list checks the proof", None),
    ("session of the move", "== Wang Jun moves to Chengdu", "== Mei Lin fetches her account"),
]


def shape(text: str) -> list[str]:
    """What is the same in every run."""
    text = re.sub(r"peal1[a-z0-9…]+", "ADDRESS", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z", "TIME", text)
    text = re.sub(r"\b\d+ (seconds?|minutes?|s)\b", "AGE", text)
    text = re.sub(r"\b[0-9a-f]{8,}\b", "HEX", text)
    text = re.sub(r"byte \d+", "byte N", text)
    text = re.sub(r"\d+ (entries|bytes)", r"N \1", text)
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def cut(run: str, begins: str, ends: str | None) -> str:
    """A part of a run."""
    start = run.index(begins)
    return run[start : run.index(ends, start) if ends else None].rstrip() + "\n"


def main() -> int:
    mode, file = sys.argv[1:]
    run = Path(file).read_text()
    page = README.read_text()
    same = True
    for name, begins, ends in PARTS:
        start, end = f"<!-- {name} -->\n```\n", f"```\n<!-- end of {name} -->"
        session = cut(run, begins, ends)
        before, rest = page.split(start, 1)
        shown, after = rest.split(end, 1)
        if mode == "--write":
            page = before + start + session + end + after
        elif shape(shown) != shape(session):
            same = False
            for old, new in zip(shape(shown), shape(session)):
                if old != new:
                    print(f"README.md shows   {old}\nthe demo gives    {new}", file=sys.stderr)
                    break
    if mode == "--write":
        README.write_text(page)
        return 0
    if not same:
        print("README.md does not show the demo's session: demo/session.py --write FILE", file=sys.stderr)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
