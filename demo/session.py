#!/usr/bin/env python3
"""The README's session is the recorded end of the demo.

    demo/session.py --write FILE    puts the end of a recorded run into README.md
    demo/session.py --check FILE    exits 1 unless the README shows what that run shows

Keys, addresses, times and whatever follows from them differ in every run; they are compared by shape only.
"""

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
FROM = "== A bureau that has only the trust list checks the proof"
START, END = "<!-- session -->\n```\n", "```\n<!-- end of session -->"


def shape(text: str) -> list[str]:
    """What is the same in every run."""
    text = re.sub(r"peal1[a-z0-9…]+", "ADDRESS", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z", "TIME", text)
    text = re.sub(r"\b\d+ (seconds?|minutes?|s)\b", "AGE", text)
    text = re.sub(r"\b[0-9a-f]{8,}\b", "HEX", text)
    text = re.sub(r"byte \d+", "byte N", text)
    text = re.sub(r"\d+ entries", "N entries", text)
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def main() -> int:
    mode, file = sys.argv[1:]
    run = Path(file).read_text()
    session = run[run.index(FROM):].rstrip() + "\n"
    page = README.read_text()
    before, rest = page.split(START, 1)
    shown, after = rest.split(END, 1)
    if mode == "--write":
        README.write_text(before + START + session + END + after)
        return 0
    if shape(shown) == shape(session):
        return 0
    for old, new in zip(shape(shown), shape(session)):
        if old != new:
            print(f"README.md shows   {old}\nthe demo gives    {new}", file=sys.stderr)
            break
    print("README.md does not show the demo's session: demo/session.py --write FILE", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
