#!/usr/bin/env python3
"""Checks the manifest of a PEAL archive, and that its tables agree with each other (spec/archive.md). Standard library only.

    python3 spec/reference_archive.py mine.zip

This is what anyone can do without PEAL software. It finds damage and disagreement; signatures are in account.peal and are checked by
`peal archive check`, or by the verifier in spec/reference.py.
"""
import csv
import hashlib
import io
import json
import sys
import zipfile

NEEDED = ["README.txt", "account.json", "account.peal", "contributions.csv", "months.csv", "peal.cddl", "records.csv", "trust.txt"]


def demand(holds, what):
    if not holds:
        sys.exit(f"not valid: {what}")


def minor(decimal):
    """A decimal has all digits of its currency, so without the point it is in minor units."""
    return int(decimal.replace(".", "")) if decimal else 0


def main(path):
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        demand(names == sorted(set(names)), "members are in order, each once")
        members = {name: archive.read(name) for name in names}
    manifest = json.loads(members.pop("manifest.json"))
    demand(manifest["format"] == "peal archive 1", "the format")
    demand([m["name"] for m in manifest["members"]] == list(members), "the members are those of the manifest")
    demand(set(NEEDED) <= set(members) <= {*NEEDED, "copy.cbor"}, "the members are those of an archive")
    for member in manifest["members"]:
        found = members[member["name"]]
        demand(len(found) == member["bytes"], f"{member['name']}: length")
        demand(hashlib.sha256(found).hexdigest() == member["sha256"], f"{member['name']}: SHA-256")

    def table(name):
        return list(csv.DictReader(io.StringIO(members[name].decode("utf-8"), newline="")))

    account, records = json.loads(members["account.json"]), table("records.csv")
    contributions, months = table("contributions.csv"), table("months.csv")
    demand((account["origin"], account["address"]) == (manifest["origin"], manifest["address"]), "origin and address")
    demand([int(r["sequence"]) for r in records] == list(range(manifest["records"])), "every record, in order")
    contents = {int(r["sequence"]): json.loads(r["contents"] or "null") for r in records}
    for c in contributions:
        what = contents[int(c["sequence"])]["what"]
        demand((what["insurance"], what["fund"]) == (c["insurance"], c["fund"]), f"record {c['sequence']} in both tables")
    for total in account["totals"]:
        of = [c for c in contributions if (c["insurance"], c["currency"]) == (total["insurance"], total["currency"])]
        standing = [c for c in of if c["standing"] != "void"]
        settled = [c for c in of if c["standing"] == "settled"]
        for column, end in (("amount", ""), ("credited", "_credited")):
            demand(sum(minor(c[column]) for c in standing) == total["posted" + end], f"{column} posted of {total['insurance']}")
            demand(sum(minor(c[column]) for c in settled) == total["settled" + end], f"{column} settled of {total['insurance']}")
    for shown in account["months"]:
        of = [m for m in months if m["insurance"] == shown["insurance"] and m["counts"] == "yes"]
        demand(len(of) == shown["months"], f"months of {shown['insurance']}")
        demand(sum(m["settled"] == "yes" for m in of) == shown["settled"], f"settled months of {shown['insurance']}")
    print(f"{path}: {len(members) + 1} members, {len(records)} records, {len(contributions)} contributions: they agree")


if __name__ == "__main__":
    main(*sys.argv[1:])
