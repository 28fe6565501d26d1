#!/usr/bin/env python3
"""Small helps of the demo: `first-entry INSURANCE` reads a passbook's JSON and prints a sequence; `flip FROM TO` copies a file with one bit flipped."""

import json
import sys

if sys.argv[1] == "first-entry":
    book = json.load(sys.stdin)
    print(next(e["sequence"] for e in book["entries"] if e["insurance"] == sys.argv[2]))
elif sys.argv[1] == "flip":
    data = bytearray(open(sys.argv[2], "rb").read())
    data[len(data) // 2] ^= 1
    open(sys.argv[3], "wb").write(data)
