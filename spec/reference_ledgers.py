#!/usr/bin/env python3
"""PEAL's directory of ledgers and marks of tokens: the independent reference implementation.

Written from spec/ledgers.md; the sections named below are those of that page. Keys, notes, trust lists' lines and CBOR are those of
reference.py, which was written from README.md.
"""
import argparse, base64, bisect, hashlib, json, pathlib, re, sys
from typing import NamedTuple

import reference as peal

MOST = 1 << 20
NO_HASH = "0" * 64
HOST = r"(?:[a-z0-9.-]+|\[[0-9a-f:]+\])"
URL = re.compile(rf"(https?)://({HOST})(?::([1-9][0-9]{{0,4}}))?(?:/[A-Za-z0-9._~-]+)*", re.ASCII)
LOCAL = {"localhost", "127.0.0.1", "[::1]"}


class Refused(Exception):
    def __init__(self, name, line=None):
        super().__init__(name if line is None else f"{name}: line {line}")
        self.name, self.line = name, line


# ---- The text of a directory (§1) -----------------------------------------------------------------------------------

class Block(NamedTuple):
    trust: peal.Trust
    url: list      # at most one
    barred: list


class Directory(NamedTuple):
    name: str
    version: int
    issued: int
    expires: int
    next: peal.VerifierKey | None
    blocks: dict   # by origin


def good_url(text):
    found = URL.fullmatch(text)
    return (found and len(text) <= 255 and int(found[3] or 1) < 65536
            and (found[1] == "https" or found[2] in LOCAL))


def good_reason(text):
    return 1 <= len(text.encode()) <= 128 and not any(c < " " or "\x7f" <= c <= "\x9f" for c in text)


def time_text(seconds):
    if seconds is None:
        return "-"
    moment = peal.datetime.datetime.fromtimestamp(seconds, peal.datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def block_lines(block):
    trust = block.trust
    yield f"ledger {trust.origin}"
    for key, since, until in trust.operators:
        yield f"operator {key} {time_text(since)} {time_text(until)}"
    yield from (f"witness {key}" for key in trust.witnesses)
    yield from (f"auditor {key}" for key in trust.auditors)
    yield f"need {trust.need[0]} witnesses {trust.need[1]} auditors"
    yield f"fresh {trust.fresh}"
    for word, (size, root) in [("pin", pin) for pin in trust.pins] + [("final", trust.final)] * bool(trust.final):
        yield f"{word} {size} {base64.b64encode(root).decode()}"


def written(directory):
    lines = ["peal ledgers 1", f"name {directory.name}", f"version {directory.version}",
             f"issued {time_text(directory.issued)}", f"expires {time_text(directory.expires)}"]
    lines += [f"next {directory.next}"] * bool(directory.next)
    for block in directory.blocks.values():
        lines += ["", *block_lines(block)]
        lines += [f"url {url}" for url in block.url] + [f"barred {why}" for why in block.barred]
    return "\n".join(lines) + "\n"


def parse_directory(text):
    if len(text.encode()) > MOST:
        raise Refused("malformed", 1)
    lines = text.split("\n")
    if lines[0] != "peal ledgers 1":
        raise Refused("malformed", 1)
    if lines[-1] != "":
        raise Refused("malformed", len(lines))
    at = 1

    def head(word, read, good=lambda value: True):
        nonlocal at
        first, space, rest = lines[at].partition(" ")
        try:
            peal.demand(first == word and space, word)
            value = read(rest)
            peal.demand(value is not None and good(value), word)
        except peal.Refusal as error:
            raise Refused("malformed", at + 1) from error
        at += 1
        return value
    name = head("name", str, peal.ORIGIN)
    version = head("version", peal.number_text, lambda number: number > 0)
    issued = head("issued", peal.moment)
    expires = head("expires", peal.moment, lambda end: end > issued)
    next_key = None
    if lines[at].startswith("next "):
        next_key = head("next", peal.parse_verifier_key, lambda key: key.type == peal.ED25519 and key.name == name)
    if lines[at] != "":
        raise Refused("malformed", at + 1)
    body = at
    blocks, here = {}, None
    for number, line in enumerate(lines[body:], body + 1):
        if line == "" or line[0] == "#":
            continue
        word, _, rest = line.partition(" ")
        try:
            if word == "ledger":
                peal.demand(peal.ORIGIN(rest) and rest not in blocks, word)
                here = blocks[rest] = Block(peal.Trust(rest, number), [], [])
                continue
            peal.demand(here is not None, word)
            if word in ("url", "barred"):
                kept = here.url if word == "url" else here.barred
                peal.demand(not kept and (good_url if word == "url" else good_reason)(rest), word)
                kept.append(rest)
            else:
                peal.trust_line(here.trust, line.split(" "))
        except (peal.Refusal, IndexError) as error:
            raise Refused("malformed", number) from error
    for block in blocks.values():
        try:
            block.trust.finish()
        except peal.TrustError as error:
            raise Refused("malformed", error.line) from error
    if not blocks:
        raise Refused("malformed", body + 1)
    directory = Directory(name, version, issued, expires, next_key, blocks)
    again = written(directory)
    if again != text:
        both = zip(lines, again.split("\n"))
        raise Refused("malformed", next((i for i, (a, b) in enumerate(both, 1) if a != b), len(lines)))
    return directory


def entry(directory, origin):
    block = directory.blocks.get(origin)
    if block is None:
        return "unknown"
    return "barred" if block.barred else "ended" if block.trust.final else "known"


def ledger_list(directory, origin):
    block = directory.blocks.get(origin)
    return block and "\n".join(["peal trust 1", "", *block_lines(block)]) + "\n"


# ---- Pins (§1) ------------------------------------------------------------------------------------------------------

class Pin(NamedTuple):
    key: peal.VerifierKey
    next: peal.VerifierKey | None
    version: int
    text: str

    def __str__(self):
        return (f"peal ledgers pin 1\nkey {self.key}\n" + f"next {self.next}\n" * bool(self.next)
                + f"version {self.version}\ntext {self.text}\n")


def parse_pin(text):
    rows = [line.partition(" ")[::2] for line in text.splitlines()[1:]]
    values = dict(rows)
    key, following = (values.get(word) and peal.parse_verifier_key(values[word]) for word in ("key", "next"))
    return Pin(key, following, int(values["version"]), values["text"])


def split_note(signed):
    """parse_note of reference.py, with the larger bound."""
    try:
        end = signed.rfind("\n\n")
        peal.demand(len(signed.encode()) <= MOST + 65536 and end >= 0, "note")
        peal.demand(not any(c < " " and c != "\n" for c in signed), "note")
        # The lines alone, beside a short text.
        return signed[:end + 1], peal.parse_note("x\n" + signed[end + 1:])[1]
    except peal.Refusal as error:
        raise Refused("no-note") from error


def accept(pin, signed, now):
    """The directory and the new pin."""
    text, lines = split_note(signed)

    def has_signed(key):
        own = [line.blob for line in lines if key and (line.name, line.hash) == (key.name, key.hash)]
        if not all(peal.verify(key.public, blob, text.encode()) for blob in own):
            raise Refused("bad-signature")
        return bool(own)
    by_key, by_next = has_signed(pin.key), has_signed(pin.next)
    if not by_key and not by_next:
        raise Refused("not-signed")
    directory, digest = parse_directory(text), hashlib.sha256(text.encode()).hexdigest()
    for name, holds in (("other-name", directory.name != pin.key.name), ("rolled-back", directory.version < pin.version),
                        ("forked", directory.version == pin.version and digest != pin.text),
                        ("early", directory.issued > now + 600), ("expired", directory.expires <= now)):
        if holds:
            raise Refused(name)
    if directory.version == pin.version:
        return directory, pin
    return directory, Pin(pin.next if by_next else pin.key, directory.next, directory.version, digest)


# ---- Marks of tokens (§2) -------------------------------------------------------------------------------------------

TOKENS = peal.row(peal.exactly("peal tokens 1"), peal.ORIGIN, peal.row(peal.NUMBER, peal.HASH), peal.ORIGIN, peal.B16,
                  peal.TIME, peal.both(peal.many(peal.B16, 0, 10 ** 6), peal.increasing), peal.octets(64))


def mark(nonce, token):
    return peal.leaf(14, 1, nonce, token)[:16]


def read_tokens(file):
    try:
        value = peal.decode(file)
        peal.demand(TOKENS(value) and value[1] != value[3], "tokens")
    except peal.Refusal as error:
        raise Refused("malformed") from error
    return value


def place(value, token):
    wanted = mark(value[4], token)
    at = bisect.bisect_left(value[6], wanted)
    return at if value[6][at:at + 1] == [wanted] else None


# ---- Vectors --------------------------------------------------------------------------------------------------------

def try_directory(v):
    try:
        directory, pin = accept(parse_pin(v["pin"]), v["signed"], v["now"])
    except Refused as error:
        found = {"expect": error.name} | ({} if error.line is None else {"line": error.line})
    else:
        found = {"expect": "valid", "pinned": str(pin), "looks": [
            {"origin": look["origin"], "entry": entry(directory, look["origin"]),
             "list": ledger_list(directory, look["origin"])} for look in v["looks"]]}
    return found


def try_tokens(v):
    try:
        value = read_tokens(bytes.fromhex(v["file"]))
    except Refused as error:
        return {"expect": error.name}
    good = peal.verify(bytes.fromhex(v["key"]), value[7], peal.encode(value[:7]))
    return {"expect": "valid" if good else "bad-signature",
            "places": [place(value, bytes.fromhex(token)) for token in v["own"]]}


def command_vectors(a):
    paths, wrong = sorted(pathlib.Path(a.directory).glob("*.json")), 0
    for path in paths:
        v = json.loads(path.read_bytes())
        found = {"directory": try_directory, "tokens": try_tokens}[v["kind"]](v)
        said = {name: v.get(name) for name in ("expect", "line", "pinned", "looks", "places")}
        differences = [name for name, value in said.items() if value != found.get(name)]
        wrong += bool(differences)
        for name in differences:
            print(f"{path.name}: {name} is {found.get(name)!r}, and the vector says {said[name]!r}")
    print(f"{len(paths)} vectors, {wrong} with differences")
    return 1 if wrong or not paths else 0


def main(arguments=None):
    parser = argparse.ArgumentParser(description="The independent reference implementation of PEAL's directory of ledgers.")
    commands = parser.add_subparsers(dest="command", required=True)
    vectors = commands.add_parser("vectors", help="judge and compare the vectors in a directory")
    vectors.set_defaults(run=command_vectors)
    vectors.add_argument("directory")
    a = parser.parse_args(arguments)
    return a.run(a)


if __name__ == "__main__":
    sys.exit(main())
