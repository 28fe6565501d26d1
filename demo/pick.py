#!/usr/bin/env python3
"""Small helps of the demo: `first-entry INSURANCE` reads a passbook's JSON and prints a sequence; `flip FROM TO` copies a file with one bit
flipped; `summary NAME` reads a passbook's JSON and prints one line; `field NAME` prints a member of an answer; `engagements` reads a
passbook's JSON and prints the sequences of its engagements."""

import json
import sys

if sys.argv[1] == "first-entry":
    book = json.load(sys.stdin)
    print(next(e["sequence"] for e in book["entries"] if e["insurance"] == sys.argv[2]))
elif sys.argv[1] == "summary":
    book = json.load(sys.stdin)
    sums = [f"{t['insurance']} {t['posted'] / 100:.2f} {t['currency']}" for t in book["totals"]]
    standing = {e["standing"] for e in book["entries"]}
    corrected = sum(e["corrected"] for e in book["entries"])
    print(f"{sys.argv[2]:<12} {book['records']['total']:>2} records   {', '.join(sums)}   {', '.join(sorted(standing))}"
          + (f", {corrected} corrected" if corrected else ""))
elif sys.argv[1] == "flip":
    data = bytearray(open(sys.argv[2], "rb").read())
    data[len(data) // 2] ^= 1
    open(sys.argv[3], "wb").write(data)
elif sys.argv[1] == "field":
    print(json.load(sys.stdin)[sys.argv[2]])
elif sys.argv[1] == "engagements":
    print(",".join(str(e["sequence"]) for e in json.load(sys.stdin)["engagements"]))
