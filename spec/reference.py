#!/usr/bin/env python3
"""PEAL, version 1: the independent reference implementation.

Written from spec/README.md alone; the sections named below are those of that page. It is meant to be read beside it:
plain, small, and slow where slowness is simpler. Needs Python 3.11, cbor2 and cryptography.
"""
import argparse, base64, copy, dataclasses, datetime, hashlib, io, itertools, json, pathlib, random, re, sys, time, unicodedata
from bisect import bisect_left
from typing import NamedTuple

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

REFUSALS = {  # §9
    "malformed": 1, "foreign-origin": 2, "bad-signature": 3, "count-mismatch": 4, "root-mismatch": 5,
    "posting-in-future": 6, "unknown-issuer": 7, "posting-id-taken": 8, "key-not-current": 9, "unknown-type": 20,
    "malformed-facet": 21, "unknown-account": 22, "issuer-not-named": 23, "opening-key": 24, "id-taken": 25,
    "not-yours": 26, "next-key": 27, "rotation-alone": 28, "not-registrar": 29, "target-missing": 30,
    "role-missing": 31, "role-not-covering": 32, "role-expired": 33, "not-issuer": 34, "not-fund": 35,
    "month-in-future": 36, "amount-range": 37, "fund-unfit": 38, "target-void": 39, "settled": 40,
    "month-differs": 41, "currency-differs": 42, "amount-differs": 43, "reference-taken": 44, "total-overflow": 45,
    "state-full": 46, "not-recorded": 47, "not-guardian": 48, "already-approved": 49, "nothing-pending": 50,
    "recovery-not-approved": 51, "recovery-too-early": 52, "recovery-pending": 53}


class Refusal(Exception):
    """A refusal of §9: its name, the field, and [account, sequence] where a record is to be named."""

    def __init__(self, name, field="", record=None):
        super().__init__(f"{name}: {field}")
        self.name, self.field, self.record = name, field, record

    def code(self):
        return [REFUSALS[self.name], self.field, self.record]


class Failure(Exception):
    """Anything else that does not check; its name is one of §16, or bad-receipt or unknown-key."""

    def __init__(self, name, why=""):
        super().__init__(f"{name}: {why}" if why else name)
        self.name = name


class Unusable(Exception):
    """Input that is not a PEAL file at all."""


def refuse(when, name, field="", record=None):
    if when:
        raise Refusal(name, field, record)


def demand(ok, place):
    """What does not hold here makes its input malformed, and place says where."""
    refuse(not ok, "malformed", place)


def check(ok, name, why=""):
    if not ok:
        raise Failure(name, why)


# ---- Encoding (§2) --------------------------------------------------------------------------------------------------

MAX = 2 ** 53 - 1
DEPTH = 16


def encode(value):
    return cbor2.dumps(value, canonical=True)


def decode(data, place="encoding", maps=False):
    """One item, exactly as encode writes it. Maps are let through where COSE has them; tags never (see read_cose)."""
    try:
        value = cbor2.CBORDecoder(io.BytesIO(data)).decode()
        same = encode(value) == data
    except Exception as error:  # cbor2 has many ways to say no
        raise Refusal("malformed", place) from error
    demand(same, place)

    def walk(item, depth):
        if type(item) is int:
            demand(-2 ** 64 <= item < 2 ** 64, place)
        elif type(item) is list:
            demand(depth < DEPTH, place)
            for part in item:
                walk(part, depth + 1)
        elif type(item) is dict and maps:
            demand(depth < DEPTH, place)
            for name, part in item.items():
                walk(name, depth + 1)
                walk(part, depth + 1)
        else:
            demand(item is None or type(item) in (bytes, str, bool), place)
    walk(value, 0)
    return value


# Shapes: each is a predicate on a decoded value. (In Python True == 1, so types are compared as well.)

def uint(below, least=0):
    return lambda v: type(v) is int and least <= v < below


def octets(length):
    return lambda v: type(v) is bytes and len(v) == length


def exactly(constant):
    return lambda v: type(v) is type(constant) and v == constant


def text(limit):
    return lambda v: (type(v) is str and 0 < len(v.encode()) <= limit
                      and not any(unicodedata.category(c) == "Cc" for c in v))


def opt(shape):
    return lambda v: v is None or shape(v)


def either(*shapes):
    return lambda v: any(shape(v) for shape in shapes)


def both(shape, rule):
    return lambda v: shape(v) and rule(v)


def row(*shapes):
    return lambda v: type(v) is list and len(v) == len(shapes) and all(s(x) for s, x in zip(shapes, v))


def many(shape, least=0, most=2 ** 53):
    return lambda v: type(v) is list and least <= len(v) <= most and all(shape(x) for x in v)


def anything(_):
    return True


def increasing(values):
    return all(a < b for a, b in zip(values, values[1:]))


SPACES = set("\t\n\v\f\r \u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000") | {chr(c) for c in range(0x2000, 0x200b)}


def key_name(v):
    """A C2SP key name: not empty, no Unicode white space, no plus."""
    return type(v) is str and v != "" and "+" not in v and not SPACES & set(v)


HASH, B16, BYTES = octets(32), octets(16), lambda v: type(v) is bytes
COUNT, TIME, NUMBER, AMOUNT = uint(2 ** 53), uint(2 ** 40), uint(2 ** 40), uint(2 ** 53)
BOOL, HASHES = (lambda v: type(v) is bool), many(HASH)
MONTH = both(uint(299913, 190001), lambda v: 1 <= v % 100 <= 12)
CURRENCY = lambda v: type(v) is str and re.fullmatch("[A-Z]{3}", v) is not None
INSURANCE, SOURCE, ROLE = uint(65536, 1), uint(5, 1), uint(7, 1)
INSURANCES = both(many(INSURANCE), increasing)
ORIGIN = both(text(100), key_name)
ADDRESS = row(NUMBER, HASH)
NOTE = lambda v: type(v) is str

PLATFORM, EMPLOYER, FUND, BUREAU, AGENT, SUBSIDY = range(1, 7)
SOURCES = {"platform": 1, "employer": 2, "self": 3, "subsidy": 4}
SELF = 3
ROLE_OF_SOURCE = {1: PLATFORM, 2: EMPLOYER, 4: SUBSIDY}


# ---- Hashes, salts and trees (§3) -----------------------------------------------------------------------------------

def H(data):
    return hashlib.sha256(data).digest()


def leaf(*data):
    """The leaf hash of [1, ...data]: suite first, then tree, version and the rest."""
    return H(b"\0" + encode([1, *data]))


def node(left, right):
    return H(b"\1" + left + right)


def derive(seed, index):
    return leaf(8, 1, seed, index)[:16]


def next_key(public):
    """Hash no 10: what `next` in keys commits to (§3, §5)."""
    return leaf(10, 1, public)


def posting_digest(cose):
    return leaf(9, 1, cose)


def commit_leaf(size, root, time):
    return leaf(5, 1, 1, size, root, time)


def record_log_leaf(salt, record):
    """The log leaf of a record: its salted commitment (trees 7 and 5)."""
    return leaf(5, 1, 0, leaf(7, 1, salt, record[3], record[4], record_leaf(record)))


def record_leaf(record):
    return H(b"\0" + encode(record))


def split(n):
    """The largest power of two below n, for n > 1."""
    return 1 << (n - 1).bit_length() - 1


def root(leaves):
    if not leaves:
        return H(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node(root(leaves[:k]), root(leaves[k:]))


def inclusion(leaves, index):
    """RFC 9162 §2.1.3.1: the path of a leaf, from the leaf up."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return inclusion(leaves[:k], index) + [root(leaves[k:])]
    return inclusion(leaves[k:], index - k) + [root(leaves[:k])]


def inclusion_root(leaf_hash, index, size, path):
    """The root that a path leads to; the path is used up exactly."""
    demand(index < size, "index")
    if size == 1:
        demand(not path, "path")
        return leaf_hash
    demand(path, "path")
    k = split(size)
    if index < k:
        return node(inclusion_root(leaf_hash, index, k, path[:-1]), path[-1])
    return node(path[-1], inclusion_root(leaf_hash, index - k, size - k, path[:-1]))


def included(leaf_hash, index, size, path, root):
    try:
        return inclusion_root(leaf_hash, index, size, path) == root
    except Refusal:
        return False


def consistency(leaves, old):
    """RFC 9162 §2.1.4.1, for 0 < old <= the number of leaves."""
    def part(leaves, old, whole):
        if old == len(leaves):
            return [] if whole else [root(leaves)]
        k = split(len(leaves))
        if old <= k:
            return part(leaves[:k], old, whole) + [root(leaves[k:])]
        return part(leaves[k:], old - k, False) + [root(leaves[:k])]
    return part(leaves, old, True)


def consistent(old, new, old_root, new_root, path):
    """RFC 9162 §2.1.4.2, walked from the top; the path is used up exactly."""
    def walk(old, new, whole, path):
        if old == new:
            demand(len(path) == (0 if whole else 1), "path")
            return (old_root, old_root) if whole else (path[0], path[0])
        demand(path, "path")
        k, last = split(new), path[-1]
        if old <= k:
            before, after = walk(old, k, whole, path[:-1])
            return before, node(after, last)
        before, after = walk(old - k, new - k, False, path[:-1])
        return node(last, before), node(last, after)
    try:
        demand(0 < old <= new, "size")
        return walk(old, new, True, path) == (old_root, new_root)
    except Refusal:
        return False


def set_proof(leaves, indexes):
    def walk(start, length):
        if bisect_left(indexes, start) == bisect_left(indexes, start + length):
            return [root(leaves[start:start + length])]
        if length == 1:
            return []
        k = split(length)
        return walk(start, k) + walk(start + k, length - k)
    return walk(0, len(leaves))


def set_root(indexes, hashes_, size, proof):
    """The root that a set of leaves and its proof lead to; both are used up."""
    demand(indexes and len(indexes) == len(hashes_) and increasing(indexes) and indexes[-1] < size, "indexes")
    rest = iter(proof)

    def take():
        value = next(rest, None)
        demand(value is not None, "proof")
        return value

    def walk(start, length):
        at = bisect_left(indexes, start)
        if at == bisect_left(indexes, start + length):
            return take()
        if length == 1:
            return hashes_[at]
        k = split(length)
        left = walk(start, k)
        return node(left, walk(start + k, length - k))
    result = walk(0, size)
    demand(next(rest, None) is None, "proof")
    return result


# ---- Keys and addresses (§4) ----------------------------------------------------------------------------------------

P = 2 ** 255 - 19
L = 2 ** 252 + 27742317777372353535851937790883648493
SMALL_ORDER = {0, 1, P - 1,  # the y of every point whose order divides 8
               int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"),
               int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little")}


def good_point(encoded):
    """y below p, and not of small order. (x = 0 with the sign set, the other encoding that is not canonical, is y = +-1.)"""
    y = int.from_bytes(encoded, "little") & (2 ** 255 - 1)
    return y < P and y not in SMALL_ORDER


def verify(public, signature, message):
    """Ed25519, strictly: canonical s, A and R; A and R not of small order; no cofactor."""
    if len(public) != 32 or len(signature) != 64 or int.from_bytes(signature[32:], "little") >= L:
        return False
    if not good_point(public) or not good_point(signature[:32]):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False


def sign(private, message):
    return Ed25519PrivateKey.from_private_bytes(private).sign(message)


def public_of(private):
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def wallet_key(bip39_seed, path):
    """The private key of a path such as sign/0 or read/0, from the 64-byte BIP-39 seed."""
    return HKDF(hashes.SHA256(), 32, b"peal keys v1", path.encode("ascii")).derive(bip39_seed)


CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
HRP = [ord(c) >> 5 for c in "peal"] + [0] + [ord(c) & 31 for c in "peal"]


def bech32_polymod(values):
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1ffffff) << 5 ^ value
        for i, g in enumerate((0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3)):
            check ^= g if top >> i & 1 else 0
    return check


def address_text(address):
    """Bech32m (BIP 350), prefix peal, over 0x01, the number in 5 bytes and the id."""
    data = b"\1" + address[0].to_bytes(5, "big") + address[1]
    bits = int.from_bytes(data, "big") << 1  # 304 bits and one of padding make 61 groups of 5
    groups = [bits >> 5 * i & 31 for i in range(60, -1, -1)]
    check = bech32_polymod(HRP + groups + [0] * 6) ^ 0x2bc830a3
    return "peal1" + "".join(CHARSET[g] for g in groups + [check >> 5 * i & 31 for i in range(5, -1, -1)])


def parse_address(text):
    demand(text in (text.lower(), text.upper()) and text.isascii(), "address")
    text = text.lower()
    demand(text.startswith("peal1") and len(text) == 72 and set(text[5:]) <= set(CHARSET), "address")
    groups = [CHARSET.index(c) for c in text[5:]]
    demand(bech32_polymod(HRP + groups) == 0x2bc830a3, "address")
    bits = 0
    for g in groups[:-6]:
        bits = bits << 5 | g
    demand(bits & 1 == 0, "address")
    data = (bits >> 1).to_bytes(38, "big")
    demand(data[0] == 1, "address")
    return [int.from_bytes(data[1:6], "big"), data[6:]]


# ---- Statements (§5) ------------------------------------------------------------------------------------------------

OPENED, ROTATED, GRANTED, REVOKED, CONTRIBUTION, SETTLEMENT, CORRECTION = range(1, 8)
APPROVED, VETOED, COMPLETED, CHANGED = range(8, 12)


class Type(NamedTuple):
    """What the head of a type holds, and the names and shapes of its facets."""
    name: str
    refers: bool
    month: bool
    facets: dict


KEYS = row(HASH, HASH, HASH)
GUARDIANS = both(many(ADDRESS, 0, 16), lambda v: len({number for number, _ in v}) == len(v))  # no two of one number


def need_fits(guardians, need):
    return 1 <= need <= len(guardians) if guardians else need == 0


RECOVERY = both(row(GUARDIANS, COUNT, TIME), lambda v: need_fits(v[0], v[1]))
ROLE_FACET = row(ROLE, INSURANCES, opt(TIME))
WHAT = row(INSURANCE, text(32), ADDRESS)
AMOUNT_FACET = row(AMOUNT, AMOUNT, opt(AMOUNT), CURRENCY)
PERIOD = both(row(TIME, TIME), lambda v: v[0] <= v[1])
EVIDENCE = opt(both(row(opt(COUNT), opt(PERIOD), opt(text(64))), lambda v: v != [None, None, None]))

TYPES = {
    OPENED: Type("opened", False, False, {"who": opt(ADDRESS), "keys": KEYS, "recovery": RECOVERY}),
    ROTATED: Type("rotated", False, False, {"who": ADDRESS, "keys": KEYS}),
    GRANTED: Type("granted", False, False, {"who": ADDRESS, "role": ROLE_FACET}),
    REVOKED: Type("revoked", True, False, {"who": ADDRESS}),
    CONTRIBUTION: Type("contribution", False, True, {"who": row(SOURCE, ADDRESS, text(64)), "what": WHAT,
                                                     "amount": AMOUNT_FACET, "evidence": EVIDENCE}),
    SETTLEMENT: Type("settlement", True, True, {"who": row(ADDRESS, text(64)), "amount": AMOUNT_FACET}),
    CORRECTION: Type("correction", True, True, {"who": row(ADDRESS, text(128)), "amount": opt(AMOUNT_FACET)}),
    APPROVED: Type("recovery-approved", False, False, {"who": ADDRESS, "keys": KEYS}),
    VETOED: Type("recovery-vetoed", False, False, {"who": ADDRESS}),
    COMPLETED: Type("recovery-completed", False, False, {"who": ADDRESS, "keys": KEYS}),
    CHANGED: Type("recovery-changed", False, False, {"who": ADDRESS, "keys": KEYS, "recovery": RECOVERY}),
}
FRAME = row(B16, opt(ADDRESS), COUNT, TIME, opt(COUNT), opt(MONTH), many(anything))


def named_issuer(type, who):
    """The address that a *who* names."""
    return who[1] if type == CONTRIBUTION else who[0] if type in (SETTLEMENT, CORRECTION) else who


@dataclasses.dataclass
class Statement:
    seed: bytes
    address: list | None
    type: int
    issued: int
    refers: int | None
    month: int | None
    facets: list

    @classmethod
    def of(cls, item):
        demand(FRAME(item), "statement")
        return cls(*item)

    def item(self):
        return [self.seed, self.address, self.type, self.issued, self.refers, self.month, self.facets]

    def values(self, origin):
        """The values of leaves 0, 1, 2, ... of the statement tree: the head and the facets."""
        return [[origin, self.address, self.type, self.issued, self.refers, self.month], *self.facets]

    def root(self, origin):
        return root([leaf(1, 1, i, derive(self.seed, i), v) for i, v in enumerate(self.values(origin))])

    def check_shape(self):
        """unknown-type, malformed-facet."""
        refuse(self.type not in TYPES, "unknown-type", "type")
        kind = TYPES[self.type]
        for name, there, due in (("address", self.address, self.type != OPENED), ("refers", self.refers, kind.refers),
                                 ("month", self.month, kind.month)):
            refuse((there is not None) != due, "malformed-facet", name)
        refuse(len(self.facets) != len(kind.facets), "malformed-facet", "facets")
        for (name, shape), value in zip(kind.facets.items(), self.facets):
            refuse(not shape(value), "malformed-facet", name)

    def check_amount(self):
        """amount-range, for whatever states an amount."""
        amount = self.get("amount")
        refuse(amount is not None and (amount[0] < 1 or amount[1] > amount[0]), "amount-range", "amount")

    def get(self, name):
        return dict(zip(TYPES[self.type].facets, self.facets)).get(name)


# ---- Postings (§6) --------------------------------------------------------------------------------------------------

CONTENT_TYPE = "application/peal-posting+cbor"
AAD = b"peal posting v1"
PAYLOAD = row(exactly(1), ORIGIN, opt(ADDRESS), B16, TIME, COUNT, HASH, BOOL)


@dataclasses.dataclass
class Signed:
    """What a COSE_Sign1 of §6 says."""
    cose: bytes
    kid: bytes
    origin: str
    issuer: list | None
    id: bytes
    time: int
    count: int
    root: bytes
    all_or_nothing: bool
    verifies: bool

    @property
    def digest(self):
        return posting_digest(self.cose)

    def count_in_limits(self):
        return 1 <= self.count <= (100_000 if self.issuer else 1)


def protected_header(kid):
    return encode({1: -19, 3: CONTENT_TYPE, 4: kid})


def sig_structure(protected, payload):
    return encode(["Signature1", protected, AAD, payload])


def read_cose(cose):
    demand(cose[:1] == b"\xd2", "cose")  # tag 18
    parts = decode(cose[1:], "cose", maps=True)
    demand(row(BYTES, exactly({}), BYTES, BYTES)(parts), "cose")
    protected, _, payload, signature = parts
    kid = protected[-32:]
    demand(protected == protected_header(kid) and len(kid) == 32, "protected")
    values = decode(payload, "payload")
    demand(PAYLOAD(values), "payload")
    return Signed(cose, kid, *values[1:], verify(kid, signature, sig_structure(protected, payload)))


def read_posting(data):
    """The signed part and the statements of what is sent; only the encoding is judged."""
    item = decode(data, "posting")
    demand(row(BYTES, many(anything))(item), "posting")
    return read_cose(item[0]), [Statement.of(s) for s in item[1]]


def posting_leaves(origin, statements):
    return [leaf(2, 1, i, s.root(origin)) for i, s in enumerate(statements)]


def check_posting(data, origin):
    """Refusals 1 to 5, in order."""
    signed, statements = read_posting(data)
    demand(len(statements) <= 100_000, "statements")
    refuse(signed.origin != origin, "foreign-origin", "origin")
    refuse(not signed.verifies, "bad-signature", "signature")
    refuse(signed.count != len(statements) or not signed.count_in_limits(), "count-mismatch", "count")
    refuse(root(posting_leaves(origin, statements)) != signed.root, "root-mismatch", "root")
    return signed, statements


def make_posting(private, origin, issuer, posting_id, time, statements, all_or_nothing=False):
    """What is sent. Returns (bytes, digest)."""
    protected = protected_header(public_of(private))
    payload = encode([1, origin, issuer, posting_id, time, len(statements), root(posting_leaves(origin, statements)),
                      all_or_nothing])
    signature = sign(private, sig_structure(protected, payload))
    cose = encode(cbor2.CBORTag(18, [protected, {}, payload, signature]))
    return encode([cose, [s.item() for s in statements]]), posting_digest(cose)


# ---- State and records (§7) -----------------------------------------------------------------------------------------

RECORD = row(exactly(1), exactly(3), exactly(1), NUMBER, COUNT, COUNT, HASH, COUNT, HASH, COUNT, opt(COUNT),
             opt(MONTH), TIME, HASH)


class Record(NamedTuple):
    suite: int
    tree: int
    version: int
    account: int
    sequence: int
    log_index: int
    digest: bytes
    index: int
    root: bytes
    type: int
    refers: int | None
    month: int | None
    time: int
    state: bytes


APPROVALS = 32  # stand at most
CELL = either(
    both(row(exactly(0), HASH, HASH, HASH, GUARDIANS, COUNT, TIME, opt(NUMBER)), lambda v: need_fits(v[4], v[5])),
    row(exactly(1), many(row(ROLE, INSURANCES, opt(TIME), COUNT))),
    row(exactly(2), INSURANCE, CURRENCY, AMOUNT, AMOUNT, AMOUNT, AMOUNT),
    row(exactly(3), INSURANCE, many(row(MONTH, uint(2 ** 53, 1))), COUNT, COUNT),
    row(exactly(4), many(row(NUMBER, COUNT, TIME, BOOL, *[HASH] * 3), 0, APPROVALS)))


def state_root(cells, salts):
    return root([leaf(6, 1, i, salt, cell) for i, (cell, salt) in enumerate(zip(cells, salts))])


@dataclasses.dataclass
class Entry:
    """What became of a contribution (§8). A reader of a proof leaves unknown what is withheld: None."""
    issuer: int | None
    insurance: int | None
    month: int
    fund: int | None
    amount: int | None
    credited: int | None
    base: int | None
    currency: str | None
    settled: bool = False
    void: bool = False

    def money(self):
        return [self.amount, self.credited, self.base, self.currency]


def totals_cell(entries, insurance, currency):
    mine = [e for e in entries if (e.insurance, e.currency, e.void) == (insurance, currency, False)]
    return [2, insurance, currency, sum(e.amount for e in mine), sum(e.credited for e in mine),
            sum(e.amount for e in mine if e.settled), sum(e.credited for e in mine if e.settled)]


def next_month(month):
    return month + 1 if month % 100 < 12 else month + 89


def months_cell(entries, insurance):
    mine = [e for e in entries if e.insurance == insurance and not e.void]
    runs, last, months = [], None, sorted({e.month for e in mine})
    for month in months:
        if last is not None and month == next_month(last):
            runs[-1][1] += 1
        else:
            runs.append([month, 1])
        last = month
    return [3, insurance, runs, len(months), len({e.month for e in mine if e.settled})]


class Account:
    """An account as the ledger keeps it: its records with their seeds, its state, its entries."""

    def __init__(self, number, id):
        self.number, self.id = number, id
        self.records, self.seeds, self.sources = [], [], []  # sources: (statement, cose, posting path)
        self.cells, self.salts, self.states = [], [], []     # states: (cells, salts) after each record
        self.entries = {}                                    # by sequence

    @property
    def address(self):
        return [self.number, self.id]

    def key(self):
        return self.cells[0][1]

    def next(self):
        return self.cells[0][2]

    def approvals(self):
        return next((c[1] for c in self.cells if c[0] == 4), [])

    def set_approvals(self, approvals):
        """Changes the recovery cell; the first approval makes it."""
        at = next((i for i, c in enumerate(self.cells) if c[0] == 4), len(self.cells))
        self.cells[at:at + 1] = [[4, approvals]]

    def leaves(self):
        return [record_leaf(r) for r in self.records]

    def directory_leaf(self):
        return leaf(4, 1, self.number, derive(self.seeds[-1], 1), self.id, len(self.records), root(self.leaves()))


def role_trouble(roles, wanted, insurance, time):
    """Which of role-missing, role-not-covering, role-expired stands against these roles, or None (§8)."""
    held = [r for r in roles if r[0] in wanted]
    if not held:
        return "role-missing"
    covering = [r for r in held if insurance is None or not r[1] or insurance in r[1]]
    if not covering:
        return "role-not-covering"
    return None if any(in_force(r, time) for r in covering) else "role-expired"


def in_force(role, time):
    return role[2] is None or time < role[2]


# Recovery (§8). An approval is [approver, sequence, time, vetoed, key, next, reading]; the rules are (guardians, need,
# delay). Approvers are account numbers to the ledger and addresses to a reader of a proof; guardians likewise.

BUREAU_DELAY = 2_592_000


def weigh(approvals, keys, rules):
    """Of the approvals of these keys: (when they are due, sequence of the approval from which that time runs), or None
    when they are not enough; and whether they are firm."""
    guardians, need, delay = rules
    mine = [a for a in approvals if a[4:] == keys]
    by_guardians = [a for a in mine if a[0] in guardians]
    by_bureaus = [a for a in mine if a[0] not in guardians]
    left = [a for a in by_guardians if not a[3]]
    left_of_bureaus = [a for a in by_bureaus if not a[3]]
    firm = bool(1 <= need <= len(by_guardians) and by_bureaus)
    ways = []  # (the approval from which a delay runs, the delay), in the order of the page
    if 1 <= need <= len(left):
        ways.append((left[need - 1], delay))
    if left_of_bureaus:
        ways.append((left_of_bureaus[0], max(delay, BUREAU_DELAY)))
    if firm:  # the later of two in one commit is the one that was recorded later
        ways.append((max(by_guardians[need - 1], by_bureaus[0], key=lambda a: a[1]), delay))
    due = [(a[2] + wait, a[1]) for a, wait in ways]
    return min(due, key=lambda d: d[0], default=None), firm


def approved(approvals, new):
    """One more; an approver has one at most."""
    return [a for a in approvals if a[0] != new[0]] + [new]


def vetoed(approvals, rules):
    """What a veto makes of them: it marks all but those of keys that are firm."""
    return [a if weigh(approvals, a[4:], rules)[1] else [*a[:3], True, *a[4:]] for a in approvals]


def month_of(time):
    """The month in UTC; the calendar repeats after 400 years, and datetime ends before time does."""
    cycles, rest = divmod(time, 146097 * 86400)
    moment = datetime.datetime.fromtimestamp(rest, datetime.timezone.utc)
    return (moment.year + 400 * cycles) * 100 + moment.month


# ---- The ledger (§8, §9, §10) ---------------------------------------------------------------------------------------

class Ledger:
    """A ledger in memory. Deterministic, given the times and the record seeds (one per accepted statement, in order)."""

    def __init__(self, origin, operator_private):
        self.origin, self.operator = origin, operator_private
        self.accounts, self.ids = [], {}   # ids: account id -> number
        self.log = []                      # leaf hashes
        self.time = 0
        self.references = {}               # (issuer, account, reference) -> [account, sequence] of the first use
        self.posting_ids = {}              # (issuer number or kid, posting id) -> digest
        self.postings = {}                 # digest -> what became of it (Outcome)
        self.seeds, self.used = [], 0      # the record seeds of the commit under way
        self.head = None                   # of the last commit: (size, directory size, directory root, time, note)

    def find(self, address):
        """The account of an address: number and id must both be right."""
        number, id = address
        known = number < len(self.accounts) and self.accounts[number].id == id
        return self.accounts[number] if known else None

    # -- a commit

    def commit(self, time, postings, record_seeds):
        """Takes postings; gives per posting {"results": [...]} or {"refused": [code, field, record]}.

        When no posting remains (all are recorded already or refused whole) there is no commit.
        """
        assert time >= self.time, "commit times never decrease"
        self.seeds, self.used, answers, recorded = record_seeds, 0, [], []
        for data in postings:
            try:
                signed, statements = check_posting(data, self.origin)
                if signed.digest not in self.postings:
                    self.take(signed, statements, time)
                    recorded.append(signed.digest)
                answers.append({"results": self.postings[signed.digest]["results"]})
            except Refusal as refusal:
                answers.append({"refused": refusal.code()})
        assert self.used == len(self.seeds), "one record seed per accepted statement"
        if recorded:
            directory = [account.directory_leaf() for account in self.accounts]
            self.log.append(commit_leaf(len(directory), root(directory), time))
            note = make_checkpoint(self.operator, self.origin, len(self.log), root(self.log))
            self.time, self.head = time, (len(self.log), len(directory), root(directory), time, note)
            for digest in recorded:
                self.postings[digest].update(size=len(self.log), checkpoint=note, time=time)
        return answers

    def take(self, signed, statements, time):
        """Judges one posting that passed refusals 1 to 5 and is new; records it, or refuses it whole."""
        refuse(signed.time > time + 600, "posting-in-future", "time")
        issuer = None
        if signed.issuer:
            issuer = self.find(signed.issuer)
            refuse(issuer is None, "unknown-issuer", "issuer")
        slot = (issuer.number if issuer else signed.kid, signed.id)
        refuse(slot in self.posting_ids, "posting-id-taken", "posting-id")
        if issuer:
            alone = statements[0].type if len(statements) == 1 else None
            current = (signed.kid == issuer.key()
                       or alone in (ROTATED, CHANGED) and next_key(signed.kid) == issuer.next()
                       or alone == COMPLETED and signed.kid in [a[4] for a in issuer.approvals()])
            refuse(not current, "key-not-current", "kid")
        before = None
        if signed.all_or_nothing:
            before = copy.deepcopy({k: v for k, v in vars(self).items() if k != "postings"})
        first, results = len(self.log), []
        leaves = posting_leaves(self.origin, statements)
        for index, statement in enumerate(statements):
            try:
                effect = self.judge(statement, signed, issuer, len(statements), time)
                results.append(self.record(statement, signed, index, leaves, effect, time))
            except Refusal as refusal:
                if not issuer:
                    raise  # refused whole, with that refusal
                results.append(refusal.code())
        if before is not None:
            if any(len(r) == 3 for r in results):
                vars(self).update(before)
                results = [r if len(r) == 3 else Refusal("not-recorded").code() for r in results]
        self.posting_ids[slot] = signed.digest
        self.postings[signed.digest] = {"results": results, "first": first, "signed": signed}

    # -- judging: the refusals 20 to 53, in the order of §9, and then the effect on the account (§8)

    def judge(self, st, signed, issuer, count, time):
        """Refuses, or gives (account or None for an opening, effect)."""
        st.check_shape()
        account = None
        if st.type != OPENED:
            account = self.find(st.address)
            refuse(account is None, "unknown-account", "address")
        who = st.get("who")
        refuse(named_issuer(st.type, who) != signed.issuer, "issuer-not-named", "who")
        judge = getattr(self, "judge_" + TYPES[st.type].name.replace("-", "_"))
        return judge(st, signed, issuer, account, count, time)

    def demand_role(self, issuer, wanted, insurance, time):
        trouble = role_trouble(issuer.cells[1][1], wanted, insurance, time)
        refuse(trouble, trouble, "who")

    def judge_opened(self, st, signed, issuer, _account, _count, time):
        key, after, reading = st.get("keys")
        guardians, need, delay = st.get("recovery")
        refuse(not issuer and signed.kid != key, "opening-key", "keys")
        id = st.root(self.origin)
        refuse(id in self.ids, "id-taken", "address", [self.ids.get(id), 0])
        if issuer:
            self.demand_role(issuer, {PLATFORM, EMPLOYER, BUREAU, AGENT}, None, time)
        opened_by = issuer.number if issuer else None

        def effect(account, _sequence):
            account.cells += [[0, key, after, reading, guardians, need, delay, opened_by], [1, []]]
        return None, effect

    def demand_rotation(self, keys, signed, issuer, account, count):
        """Refusals 26 to 28, common to rotations and changes of guardians."""
        refuse(issuer is not account, "not-yours", "who")
        refuse(next_key(keys[0]) != account.next(), "next-key", "keys")
        refuse(signed.kid != keys[0] or count != 1, "rotation-alone", "keys")

    def judge_rotated(self, st, signed, issuer, account, count, _time):
        keys = st.get("keys")
        self.demand_rotation(keys, signed, issuer, account, count)

        def effect(account, _sequence):
            account.cells[0] = [0, *keys, *account.cells[0][4:]]
        return account, effect

    def judge_granted(self, st, _signed, issuer, account, _count, _time):
        refuse(issuer.number != 0, "not-registrar", "who")

        def effect(account, sequence):
            account.cells[1] = [1, account.cells[1][1] + [[*st.get("role"), sequence]]]
        return account, effect

    def judge_revoked(self, st, _signed, issuer, account, _count, time):
        refuse(issuer.number != 0, "not-registrar", "who")
        grants = [r for r in account.cells[1][1] if r[3] == st.refers]
        refuse(not grants, "target-missing", "refers")

        def effect(account, _sequence):
            account.cells[1] = [1, [r for r in account.cells[1][1] if r[3] != st.refers]]
        return account, effect

    def judge_contribution(self, st, _signed, issuer, account, _count, time):
        source, _, reference = st.get("who")
        insurance, _, fund_address = st.get("what")
        amount = st.get("amount")
        if source == SELF:
            refuse(issuer is not account, "not-yours", "who")
        else:
            self.demand_role(issuer, {ROLE_OF_SOURCE[source]}, insurance, time)
        refuse(st.month > next_month(month_of(time)), "month-in-future", "month")
        st.check_amount()
        fund = self.find(fund_address)
        unfit = fund is None or role_trouble(fund.cells[1][1], {FUND}, insurance, time)
        refuse(unfit, "fund-unfit", "what")
        slot = (issuer.number, account.number, reference)
        refuse(slot in self.references, "reference-taken", "who", self.references.get(slot))
        entry = Entry(issuer.number, insurance, st.month, fund.number, *amount)
        self.demand_total(account, entry)
        entries = [*account.entries.values(), entry]
        cells = 2 + len({(e.insurance, e.currency) for e in entries}) + len({e.insurance for e in entries})
        refuse(cells > 256, "state-full", "what")

        def effect(account, sequence):
            account.entries[sequence] = entry
            self.references[slot] = [account.number, sequence]
        return account, effect

    def demand_total(self, account, new, old=None):
        entries = [e for e in account.entries.values() if e is not old] + [new]
        total = totals_cell(entries, new.insurance, new.currency)
        refuse(max(total[3:]) > MAX, "total-overflow", "amount")

    def target(self, account, st):
        entry = account.entries.get(st.refers)
        refuse(entry is None, "target-missing", "refers")
        return entry

    def demand_open(self, account, st, entry):
        """Refusals 37 and 39 to 42, common to settlements and corrections."""
        st.check_amount()
        refuse(entry.void, "target-void", "refers", [account.number, st.refers])
        refuse(entry.settled, "settled", "refers", [account.number, st.refers])
        refuse(entry.month != st.month, "month-differs", "month")
        amount = st.get("amount")
        refuse(amount and amount[3] != entry.currency, "currency-differs", "amount")

    def judge_settlement(self, st, _signed, issuer, account, _count, time):
        entry = self.target(account, st)
        self.demand_role(issuer, {FUND}, entry.insurance, time)
        refuse(entry.fund != issuer.number, "not-fund", "who")
        self.demand_open(account, st, entry)
        refuse(st.get("amount") != entry.money(), "amount-differs", "amount")

        def effect(account, _sequence):
            account.entries[st.refers] = dataclasses.replace(entry, settled=True)
        return account, effect

    def judge_correction(self, st, _signed, issuer, account, _count, _time):
        entry = self.target(account, st)
        refuse(entry.issuer != issuer.number, "not-issuer", "who")
        self.demand_open(account, st, entry)
        amount = st.get("amount")
        refuse(amount == entry.money(), "amount-differs", "amount")
        if amount is None:
            after = dataclasses.replace(entry, void=True)
        else:
            values = dict(zip(("amount", "credited", "base", "currency"), amount))
            after = dataclasses.replace(entry, **values)
            self.demand_total(account, after, entry)

        def effect(account, _sequence):
            account.entries[st.refers] = after
        return account, effect

    def rules(self, account):
        """The rules of an account's recovery."""
        guardians, need, delay = account.cells[0][4:7]
        return [number for number, _ in guardians], need, delay

    def judge_recovery_approved(self, st, _signed, issuer, account, _count, time):
        keys, approvals = st.get("keys"), account.approvals()
        mine = next((a for a in approvals if a[0] == issuer.number), None)
        refuse(not mine and len(approvals) >= APPROVALS, "state-full", "who")
        if issuer.number in self.rules(account)[0]:
            knows = issuer.address in account.cells[0][4]
        else:
            knows = account.number != 0 and not role_trouble(issuer.cells[1][1], {BUREAU}, None, time)
        refuse(not knows or issuer is account, "not-guardian", "who")
        refuse(mine and mine[3:] == [False, *keys], "already-approved", "keys", mine and [account.number, mine[1]])

        def effect(account, sequence):
            account.set_approvals(approved(approvals, [issuer.number, sequence, time, False, *keys]))
        return account, effect

    def judge_recovery_vetoed(self, _st, _signed, issuer, account, _count, _time):
        refuse(issuer is not account, "not-yours", "who")
        after = vetoed(account.approvals(), self.rules(account))
        refuse(after == account.approvals(), "nothing-pending", "who")

        def effect(account, _sequence):
            account.set_approvals(after)
        return account, effect

    def judge_recovery_completed(self, st, signed, issuer, account, count, time):
        keys = st.get("keys")
        refuse(issuer is not account, "not-yours", "who")
        refuse(signed.kid != keys[0] or count != 1, "rotation-alone", "keys")
        due, _ = weigh(account.approvals(), keys, self.rules(account))
        refuse(due is None, "recovery-not-approved", "keys")
        refuse(time < due[0], "recovery-too-early", "keys", [account.number, due[1]])

        def effect(account, _sequence):
            account.cells[0] = [0, *keys, *account.cells[0][4:]]
            account.set_approvals([])
        return account, effect

    def judge_recovery_changed(self, st, signed, issuer, account, count, _time):
        keys, recovery = st.get("keys"), st.get("recovery")
        self.demand_rotation(keys, signed, issuer, account, count)
        refuse(any(weigh(account.approvals(), a[4:], self.rules(account))[1] for a in account.approvals()),
               "recovery-pending", "recovery")

        def effect(account, _sequence):
            account.cells[0] = [0, *keys, *recovery, account.cells[0][7]]
            if account.approvals():  # (there may be no recovery cell)
                account.set_approvals([])
        return account, effect

    # -- recording

    def record(self, st, signed, index, leaves, judged, time):
        """Makes the record (§7) and its log leaf; gives the result of §12."""
        account, effect = judged
        id = st.root(self.origin)
        if account is None:
            account = Account(len(self.accounts), id)
            self.accounts.append(account)
            self.ids[id] = account.number
        # All-or-nothing judges statements that are not recorded after all: no seed is due for them.
        seed = self.seeds[self.used] if self.used < len(self.seeds) else bytes(16)
        self.used += 1
        sequence, before = len(account.records), list(account.cells)
        effect(account, sequence)
        refresh_sums(account.cells, account.entries.values())
        for i, cell in enumerate(account.cells):
            if i == len(account.salts):
                account.salts.append(derive(seed, 16 + i))
            elif cell != before[i]:
                account.salts[i] = derive(seed, 16 + i)
        state = state_root(account.cells, account.salts)
        record = Record(1, 3, 1, account.number, sequence, len(self.log), signed.digest, index, id, st.type, st.refers,
                        st.month, time, state)
        account.records.append(record)
        account.seeds.append(seed)
        account.sources.append((st, signed.cose, inclusion(leaves, index)))
        account.states.append((list(account.cells), list(account.salts)))
        self.log.append(record_log_leaf(derive(seed, 0), record))
        return [account.number, sequence, state, derive(seed, 0)]

    # -- what is given out

    def receipt(self, digest):
        """§12."""
        kept = self.postings[digest]
        taken = sum(len(r) == 4 for r in kept["results"])
        indexes = list(range(kept["first"], kept["first"] + taken))
        proof = set_proof(self.log[:kept["size"]], indexes) if taken else []
        return encode(["peal receipt 1", digest, kept["checkpoint"], kept["time"], kept["first"] if taken else None,
                       kept["results"], proof])

    def view(self, number, shown, coses):
        """A view of §14. shown: {sequence: (facets shown or None for a header, link?, [cell indexes])}."""
        account, directory = self.accounts[number], [a.directory_leaf() for a in self.accounts]
        items = []
        for sequence in sorted(shown):
            facets, linked, indexes = shown[sequence]
            st, cose, path = account.sources[sequence]
            opening = link = None
            if facets is not None:
                names, opening = ["head", *TYPES[st.type].facets], []
                for i, (name, value) in enumerate(zip(names, st.values(self.origin))):
                    salt = derive(st.seed, i)
                    opening.append([salt, value] if i == 0 or name in facets else leaf(1, 1, i, salt, value))
            if linked:
                if cose not in coses:
                    coses.append(cose)
                link = [coses.index(cose), path]
            cells, salts = account.states[sequence]
            tree = [leaf(6, 1, i, salt, cell) for i, (cell, salt) in enumerate(zip(cells, salts))]
            opened = [[len(cells), i, salts[i], cells[i], inclusion(tree, i)] for i in indexes]
            items.append([list(account.records[sequence]), opening, link, opened])
        return [number, account.id, derive(account.seeds[-1], 1), len(account.records), inclusion(directory, number),
                items, set_proof(account.leaves(), sorted(shown))]

    def proof(self, number, shown, issuers, checkpoint=None):
        """A proof file of the last commit. issuers: {account: shown}, as in view."""
        size, directory_size, directory_root, time, note = self.head
        coses = []
        subject = self.view(number, shown, coses)
        views = [self.view(n, s, coses) for n, s in issuers.items()]
        head = [directory_size, directory_root, time, inclusion(self.log, size - 1)]
        return proof_file(encode([checkpoint or note, head, subject, coses, views]))


def refresh_sums(cells, entries):
    """Brings the totals and months cells up to date with the entries; new ones are appended, totals first (§7)."""
    for i, cell in enumerate(cells):
        if cell[0] == 2:
            cells[i] = totals_cell(entries, cell[1], cell[2])
        elif cell[0] == 3:
            cells[i] = months_cell(entries, cell[1])
    for entry in entries:
        if not any(c[0] == 2 and c[1:3] == [entry.insurance, entry.currency] for c in cells):
            cells.append(totals_cell(entries, entry.insurance, entry.currency))
        if not any(c[0] == 3 and c[1] == entry.insurance for c in cells):
            cells.append(months_cell(entries, entry.insurance))


# ---- Notes, checkpoints and cosignatures (§11) ----------------------------------------------------------------------

ED25519, COSIGNATURE = 1, 4


class VerifierKey(NamedTuple):
    name: str
    type: int
    public: bytes

    @property
    def hash(self):
        return H(self.name.encode() + b"\n" + bytes([self.type]) + self.public)[:4]

    def __str__(self):
        blob = base64.b64encode(bytes([self.type]) + self.public).decode()
        return f"{self.name}+{self.hash.hex()}+{blob}"


def unbase64(text, place):
    """Standard base64, padded, as an encoder writes it."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError as error:
        raise Refusal("malformed", place) from error
    demand(base64.b64encode(data).decode() == text, place)
    return data


def parse_verifier_key(text):
    parts = text.split("+", 2)
    demand(len(parts) == 3 and key_name(parts[0]), "verifier key")
    blob = unbase64(parts[2], "verifier key")
    demand(len(blob) > 1, "verifier key")
    key = VerifierKey(parts[0], blob[0], blob[1:])
    demand(key.hash.hex() == parts[1], "verifier key")
    demand(key.type not in (ED25519, COSIGNATURE) or len(key.public) == 32, "verifier key")
    return key


class Line(NamedTuple):
    name: str
    hash: bytes
    blob: bytes  # what follows the hash


def parse_note(note):
    """A C2SP signed note: its text (with the last newline) and its signature lines."""
    try:
        size = len(note.encode())
    except UnicodeEncodeError as error:
        raise Refusal("malformed", "note") from error
    demand(size <= 65536 and not any(c < " " and c != "\n" for c in note), "note")
    end = note.rfind("\n\n")
    demand(end >= 0 and note.endswith("\n") and end + 2 < len(note), "note")
    rows, lines = note[end + 2:-1].split("\n"), []
    demand(len(rows) <= 64, "signatures")
    for line in rows:
        parts = line.split(" ")
        demand(len(parts) == 3 and parts[0] == "\u2014" and key_name(parts[1]), "signature")
        blob = unbase64(parts[2], "signature")
        demand(len(blob) >= 5, "signature")
        lines.append(Line(parts[1], blob[:4], blob[4:]))
    return note[:end + 1], lines


def number_text(text, below=2 ** 53):
    demand(re.fullmatch("0|[1-9][0-9]{0,18}", text) is not None and int(text) < below, "number")
    return int(text)


def parse_checkpoint(body):
    """The text of a checkpoint: origin, size, root."""
    lines = body.split("\n")
    demand(len(lines) == 4 and lines[3] == "" and ORIGIN(lines[0]), "checkpoint")
    size, root = number_text(lines[1]), unbase64(lines[2], "root")
    demand(len(root) == 32, "root")
    return lines[0], size, root


def cosigned(time, body):
    return f"cosignature/v1\ntime {time}\n{body}".encode()


def signature_line(key, blob):
    return f"\u2014 {key.name} {base64.b64encode(key.hash + blob).decode()}\n"


def make_checkpoint(private, origin, size, root):
    body = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    key = VerifierKey(origin, ED25519, public_of(private))
    return body + "\n" + signature_line(key, sign(private, body.encode()))


def cosign(note, name, private, time):
    body, _ = parse_note(note)
    key = VerifierKey(name, COSIGNATURE, public_of(private))
    return note + signature_line(key, time.to_bytes(8, "big") + sign(private, cosigned(time, body)))


def known_signatures(note, keys):
    """[(key, time or None)] for the lines of these keys, all of which must verify, else bad-checkpoint."""
    body, lines = parse_note(note)
    found = []
    for line in lines:
        for key in keys:
            if (key.name, key.hash) != (line.name, line.hash) or key.type not in (ED25519, COSIGNATURE):
                continue
            if key.type == ED25519:
                check(verify(key.public, line.blob, body.encode()), "bad-checkpoint", key.name)
                found.append((key, None))
            else:
                check(len(line.blob) == 72, "bad-checkpoint", key.name)
                time = int.from_bytes(line.blob[:8], "big")
                check(verify(key.public, line.blob[8:], cosigned(time, body)), "bad-checkpoint", key.name)
                found.append((key, time))
    return found


# ---- Receipts (§12) -------------------------------------------------------------------------------------------------

RESULT = either(row(NUMBER, COUNT, HASH, B16),
                row(uint(54, 20), lambda v: type(v) is str, opt(row(NUMBER, COUNT))))
RECEIPT = row(exactly("peal receipt 1"), HASH, NOTE, TIME, opt(COUNT), many(RESULT, 1), HASHES)


def check_receipt(receipt, posting, key):
    """Recomputes every accepted record and its commitment; gives the results. Failures: malformed (a Refusal),
    bad-checkpoint, bad-receipt."""
    item = decode(receipt, "receipt")
    demand(RECEIPT(item), "receipt")
    _, digest, note, time, first, results, proof = item
    signed, statements = read_posting(posting)
    try:
        origin, size, log_root = parse_checkpoint(parse_note(note)[0])
    except Refusal as refusal:
        raise Failure("bad-checkpoint", refusal.field) from refusal
    check(key.type == ED25519 and key.name == origin, "bad-checkpoint", "key")
    check(known_signatures(note, [key]), "bad-checkpoint", "not signed by the key")
    try:
        check_posting(posting, origin)
    except Refusal as refusal:
        raise Failure("bad-receipt", refusal.name) from refusal
    check(digest == signed.digest, "bad-receipt", "digest")
    check(len(results) == len(statements), "bad-receipt", "results")
    leaves = []
    for index, (st, result) in enumerate(zip(statements, results)):
        if len(result) == 3:
            continue
        check(first is not None, "bad-receipt", "first")
        account, sequence, state, salt = result
        whole = st.type in TYPES and (st.type == OPENED) == (sequence == 0) == (st.address is None)
        check(whole and (st.address is None or st.address[0] == account), "bad-receipt", "account")
        record = Record(1, 3, 1, account, sequence, first + len(leaves), digest, index, st.root(origin), st.type,
                        st.refers, st.month, time, state)
        leaves.append(record_log_leaf(salt, record))
    if not leaves:
        check(first is None and not proof, "bad-receipt", "nothing was accepted")
        return results
    indexes = list(range(first, first + len(leaves)))
    check(indexes[-1] < size - 1, "bad-receipt", "first")
    try:
        check(set_root(indexes, leaves, size, proof) == log_root, "bad-receipt", "proof")
    except Refusal as refusal:
        raise Failure("bad-receipt", refusal.field) from refusal
    return results


# ---- Trust lists (§15) ----------------------------------------------------------------------------------------------

class TrustError(Exception):
    def __init__(self, line, why):
        super().__init__(f"line {line}: {why}")
        self.line = line


@dataclasses.dataclass
class Trust:
    """What a trust list says of one ledger."""
    origin: str
    line: int
    operators: list = dataclasses.field(default_factory=list)  # (key, from or None, until or None)
    witnesses: list = dataclasses.field(default_factory=list)
    auditors: list = dataclasses.field(default_factory=list)
    need: tuple | None = None
    fresh: int | None = None
    pins: list = dataclasses.field(default_factory=list)       # (size, root)
    final: tuple | None = None

    def keys(self):
        return [key for key, _, _ in self.operators] + self.witnesses + self.auditors

    def finish(self):
        self.need, self.fresh = self.need or (0, 0), 604800 if self.fresh is None else self.fresh
        if not self.operators:
            raise TrustError(self.line, "no operator")
        if self.need[0] > len(self.witnesses) or self.need[1] > len(self.auditors):
            raise TrustError(self.line, "more are needed than there are keys")


def moment(word):
    """- or ISO 8601 UTC to the second."""
    if word == "-":
        return None
    demand(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", word, re.ASCII) is not None, "time")
    try:
        parsed = datetime.datetime.strptime(word, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    except ValueError as error:
        raise Refusal("malformed", "time") from error
    seconds = int(parsed.timestamp())
    demand(seconds >= 0, "time")
    return seconds


def parse_trust(data):
    """{origin: Trust}; TrustError names the line."""
    if len(data) > 1 << 20:
        raise TrustError(1, "longer than 1 MiB")
    lines = data.split(b"\n")
    if lines[0] != b"peal trust 1":
        raise TrustError(1, "the first line is not: peal trust 1")
    ledgers, here = {}, None
    for number, line in enumerate(lines[1:-1], 2):
        try:
            line = line.decode()
            if line == "" or line[0] == "#":
                continue
            words = line.split(" ")
            if words[0] == "ledger":
                demand(len(words) == 2 and ORIGIN(words[1]) and words[1] not in ledgers, "ledger")
                here = ledgers[words[1]] = Trust(words[1], number)
            else:
                demand(here is not None, "ledger")
                trust_line(here, words)
        except (Refusal, UnicodeDecodeError) as error:
            raise TrustError(number, str(error)) from error
    if lines[-1]:
        raise TrustError(len(lines), "no newline at the end")
    for ledger in ledgers.values():
        ledger.finish()
    return ledgers


def trust_line(here, words):
    def pin():
        demand(len(words) == 3, "pin")
        size, root = number_text(words[1]), unbase64(words[2], "root")
        demand(size > 0 and len(root) == 32, "pin")
        return size, root

    def new_key(type):
        key = parse_verifier_key(words[1])
        demand(key.type == type and all(k.type != type or k.public != key.public for k in here.keys()), "key")
        return key
    match words[0]:
        case "operator":
            demand(len(words) == 4, "operator")
            key = new_key(ED25519)
            demand(key.name == here.origin, "operator")
            here.operators.append((key, moment(words[2]), moment(words[3])))
        case "witness" | "auditor":
            demand(len(words) == 2, words[0])
            (here.witnesses if words[0] == "witness" else here.auditors).append(new_key(COSIGNATURE))
        case "need":
            demand(len(words) == 5 and words[2::2] == ["witnesses", "auditors"] and not here.need, "need")
            here.need = number_text(words[1]), number_text(words[3])
        case "fresh":
            demand(len(words) == 2 and here.fresh is None, "fresh")
            here.fresh = number_text(words[1])
        case "pin":
            here.pins.append(pin())
        case "final":
            demand(here.final is None, "final")
            here.final = pin()
        case _:
            demand(False, "unknown word")


# ---- Proof files (§14) ----------------------------------------------------------------------------------------------

FIRST, LAST = "peal proof 1", "end of peal proof"
OPENING = many(either(HASH, row(B16, anything)), 1)
SHOWN = row(RECORD, opt(OPENING), opt(row(COUNT, HASHES)), many(row(COUNT, COUNT, B16, CELL, HASHES)))
VIEW = row(NUMBER, HASH, B16, COUNT, HASHES, many(SHOWN, 1), HASHES)
BODY = row(NOTE, row(COUNT, HASH, TIME, HASHES), VIEW, many(BYTES), many(VIEW))
FILE = row(exactly(FIRST), BYTES, HASH, exactly(LAST))


def proof_file(body):
    return encode([FIRST, body, H(body), LAST])


class Shown:
    """A record as a view shows it, and what the checks learn of it."""

    def __init__(self, item):
        record, self.opening, self.link, self.cells = item
        self.record = Record(*record)
        self.facets = {}     # shown facets by name
        self.signed = None   # what its posting says, when it is linked
        self.proved = False  # its issuer

    def cell(self, kind):
        return next((c[3] for c in self.cells if c[3][0] == kind), None)


class View:
    def __init__(self, item):
        self.number, self.id, self.blind, self.size, self.path, shown, self.proof = item
        self.shown = [Shown(s) for s in shown]
        self.by_sequence = {s.record.sequence: s for s in self.shown}

    @property
    def address(self):
        return [self.number, self.id]


class Body:
    """A proof file that is whole; else damaged. Unusable when it is none at all."""

    def __init__(self, data):
        if not data.startswith(b"\x84" + encode(FIRST)) and not data.endswith(encode(LAST)):
            raise Unusable("foreign")
        try:
            demand(len(data) <= 64 << 20, "size")
            frame = decode(data, "frame")
            demand(FILE(frame) and H(frame[1]) == frame[2], "frame")
            body = decode(frame[1], "body")
            demand(BODY(body) and all(len(cose) >= 200 for cose in body[3]), "body")
        except Refusal as refusal:
            raise Failure("damaged", refusal.field) from refusal
        self.note, self.head, subject, self.coses, views = body
        self.directory_size, self.directory_root, self.time, self.log_path = self.head
        self.subject, self.views = View(subject), [View(v) for v in views]


# ---- The verdict (§16) ----------------------------------------------------------------------------------------------

def verify_proof(data, ledgers, now):
    """The verdict on a proof file under a trust list ({origin: Trust}), at a time. Raises Unusable."""
    verdict = {"valid": False, "failure": None}
    try:
        body = Body(data)                                                                          # 1
        trust, size, seen = check_head(body, ledgers, verdict, now)                                     # 2 to 6
        every = [body.subject, *body.views]
        for number, view in enumerate(every):                                                      # 7
            check_account(view, body, size)
            check(view.number not in [v.number for v in every[1:number]], "bad-account", "issuer twice")
        pairs = [(view, shown) for view in every for shown in view.shown]
        for view, shown in pairs:                                                                  # 8
            check_opening(view, shown, trust.origin)
        for view, shown in pairs:                                                                  # 9
            check_link(shown, body.coses, trust.origin)
        for view, shown in pairs:                                                                  # 10
            shown.proved = shown.signed is not None and check_issuer(body, view, shown)
        for view, shown in pairs:                                                                  # 11
            check_cells(shown)
        entries = [check_references(view) for view in every][0]                                    # 12
        totals = check_totals(body.subject, entries)                                               # 13
    except Failure as failure:
        verdict.update(failure=failure.name, why=str(failure))
        return verdict
    verdict.update(valid=True, **findings(body, trust, seen, entries, totals, now))
    return verdict


def check_head(body, ledgers, verdict, now):
    origin = body.note.split("\n")[0]
    trust = ledgers.get(origin)
    check(trust, "unknown-ledger", origin)
    verdict["origin"] = origin
    try:
        _, size, log_root = parse_checkpoint(parse_note(body.note)[0])
    except Refusal as refusal:
        raise Failure("bad-checkpoint", refusal.field) from refusal
    found = known_signatures(body.note, trust.keys())
    signers = {key for key, _ in found}
    check(any(key in signers and (since is None or since <= body.time) and (until is None or body.time < until)
              for key, since, until in trust.operators), "bad-checkpoint", "no operator key of that time has signed")
    seen = []
    for name, keys, need in (("not-witnessed", trust.witnesses, trust.need[0]),
                             ("not-audited", trust.auditors, trust.need[1])):
        good = [k for k in keys if any(k == key and time + 600 >= body.time for key, time in found)]
        check(len(good) >= need, name, f"{len(good)} of {need}")
        seen.append([k.name for k in good])
    for pin_size, pin_root in trust.pins + [trust.final] * bool(trust.final):
        check(pin_size != size or pin_root == log_root, "pin", "another root")
    check(not trust.final or size <= trust.final[0], "pin", "after the final checkpoint")
    leaf_hash = commit_leaf(body.directory_size, body.directory_root, body.time)
    check(size > 0 and included(leaf_hash, size - 1, size, body.log_path, log_root), "bad-head")
    check(body.time <= now + 600, "bad-head", "a time still to come")
    verdict.update(size=size, time=body.time)
    return trust, size, seen


def check_account(view, body, size):
    check(view.number < body.directory_size, "bad-directory", "number")
    records = [s.record for s in view.shown]
    try:
        account_root = set_root([r.sequence for r in records], [record_leaf(r) for r in records], view.size, view.proof)
    except Refusal as refusal:
        raise Failure("bad-account", refusal.field) from refusal
    leaf_hash = leaf(4, 1, view.number, view.blind, view.id, view.size, account_root)
    check(included(leaf_hash, view.number, body.directory_size, view.path, body.directory_root), "bad-directory")
    before = None
    for r in records:
        check(r.account == view.number, "bad-account", "account")
        check(r.log_index < size - 1 and r.time <= body.time, "bad-account", "log index or time beyond the head")
        if before:  # there is room in the log for the records between
            check(r.log_index - before.log_index >= r.sequence - before.sequence, "bad-account", "log index")
            check(r.time >= before.time, "bad-account", "time")
        before = r
        check((r.sequence == 0) == (r.type == OPENED) == (r.root == view.id), "bad-account", "opening")
        kind = TYPES.get(r.type)
        check(kind and (r.refers is not None) == kind.refers and (r.month is not None) == kind.month, "bad-account", "type")
        check(r.refers is None or r.refers < r.sequence, "bad-account", "refers")


def check_opening(view, shown, origin):
    r, opening = shown.record, shown.opening
    if opening is None:
        return
    kind = TYPES[r.type]
    check(len(opening) == 1 + len(kind.facets) and type(opening[0]) is list, "bad-statement", "leaves")
    leaves = [part if type(part) is bytes else leaf(1, 1, i, *part) for i, part in enumerate(opening)]
    check(root(leaves) == r.root, "bad-statement", "root")
    head = opening[0][1]
    check(type(head) is list and len(head) == 6 and TIME(head[3]), "bad-statement", "head")
    address = None if r.type == OPENED else view.address
    check(encode(head) == encode([origin, address, r.type, head[3], r.refers, r.month]), "bad-statement", "head")
    for (name, shape), part in zip(kind.facets.items(), opening[1:]):
        if type(part) is list:
            check(shape(part[1]), "bad-statement", name)
            shown.facets[name] = part[1]


def check_link(shown, coses, origin):
    if shown.link is None:
        return
    r, (number, path) = shown.record, shown.link
    check(number < len(coses), "bad-posting", "number")
    try:
        signed = read_cose(coses[number])
    except Refusal as refusal:
        raise Failure("bad-posting", refusal.field) from refusal
    check(signed.origin == origin and signed.digest == r.digest, "bad-posting", "digest")
    check(signed.verifies, "bad-posting", "signature")
    check(signed.count_in_limits() and (signed.issuer or r.type == OPENED), "bad-posting", "count")
    check(included(leaf(2, 1, r.index, r.root), r.index, signed.count, path, signed.root), "bad-posting", "path")
    if "who" in shown.facets:
        check(named_issuer(r.type, shown.facets["who"]) == signed.issuer, "bad-posting", "who")
    shown.signed = signed


def check_issuer(body, view, shown):
    """Whether the issuer's key and role are proved; False when there is no view to check them by (§14)."""
    r, signed = shown.record, shown.signed
    bad = "bad-issuer"
    own = signed.issuer is None or signed.issuer == view.address
    source = shown.facets["who"][0] if r.type == CONTRIBUTION and "who" in shown.facets else None
    only_own = r.type in (ROTATED, VETOED, COMPLETED, CHANGED) or source == SELF
    check(own or not only_own, bad, "another than the account itself")
    check(r.type not in (GRANTED, REVOKED) or signed.issuer[0] == 0, bad, "not the registrar")
    if r.type in (ROTATED, COMPLETED, CHANGED) or signed.issuer is None:
        keys = shown.facets.get("keys")
        check(not keys or keys[0] == signed.kid, bad, "key")
        if r.type == COMPLETED:
            return bool(keys) and check_recovery(view, r, keys)
        before = own_keys(view, r.sequence)
        check(not before or next_key(signed.kid) == before[1], bad, "not the key committed to")
        return bool(keys) and (r.type == OPENED or bool(before))
    if own:
        keys = own_keys(view, r.sequence)
        check(not keys or keys[0] == signed.kid, bad, "key")
        needs_role = r.type in (OPENED, SETTLEMENT, APPROVED) or r.type == CONTRIBUTION and source != SELF
        return bool(keys) and not needs_role
    else:
        issuer = next((v for v in [body.subject, *body.views] if v.address == signed.issuer), None)
        if issuer is None:
            return False
        state = next((s for s in reversed(issuer.shown) if s.record.log_index < r.log_index), None)
        check(state, bad, "no record before")
        after = issuer.by_sequence.get(state.record.sequence + 1)
        last = state.record.sequence == issuer.size - 1
        check(last or after and after.record.log_index > r.log_index, bad, "not the last record before")
        control = state.cell(0)
        check(control and control[1] == signed.kid, bad, "key")
    wanted, about = set(), shown
    if r.type == OPENED:
        wanted = {PLATFORM, EMPLOYER, BUREAU, AGENT}
    elif r.type == CONTRIBUTION and source != SELF:
        if source is None:
            return False
        wanted = {ROLE_OF_SOURCE[source]}
    elif r.type == SETTLEMENT:
        wanted, about = {FUND}, view.by_sequence.get(r.refers)
    elif r.type == APPROVED:
        rules = recovery_rules(view, r.sequence)
        if rules is None:
            return False
        wanted = set() if signed.issuer in rules[0] else {BUREAU}
    if wanted:
        what = about.facets.get("what") if about else None
        if what is None and r.type not in (OPENED, APPROVED):
            return False
        roles = state.cell(1) if state else None
        check(roles and not role_trouble(roles[1], wanted, what and what[0], r.time), bad, "role")
    return True


def last_shown(view, sequence, types, name):
    """A facet of the account's last record of these types before a sequence, if nothing in between is hidden."""
    for number in range(sequence - 1, -1, -1):
        shown = view.by_sequence.get(number)
        if shown is None:
            return None
        if shown.record.type in types:
            return shown.facets.get(name)
    return None


def own_keys(view, sequence):
    """The *keys* in force at a sequence."""
    return last_shown(view, sequence, (OPENED, ROTATED, COMPLETED, CHANGED), "keys")


def recovery_rules(view, sequence):
    """The *recovery* in force at a sequence, if every record before it is shown."""
    whole = sum(n < sequence for n in view.by_sequence) == sequence
    return last_shown(view, sequence, (OPENED, CHANGED), "recovery") if whole else None


def check_recovery(view, record, keys):
    """Whether a recovery is proved; False when what it takes is not shown, or does not suffice as far as it is proved."""
    rules = recovery_rules(view, record.sequence)
    if rules is None:
        return False
    before = [s for s in view.shown if s.record.sequence < record.sequence]
    since = max((s.record.sequence for s in before if s.record.type in (COMPLETED, CHANGED)), default=0)
    told, proved = [], []  # the approvals as the ledger says they stand, and those of them that are proved
    for shown in before[since:]:
        r = shown.record
        if r.type == APPROVED:
            by = shown.signed.issuer if shown.signed else shown.facets.get("who")
            if by is None or "keys" not in shown.facets:
                return False
            if counts(view, by, rules[0]):
                new = [by, r.sequence, r.time, False, *shown.facets["keys"]]
                told = approved(told, new)
                # One that is not proved counts for nothing, but takes out what its issuer approved of before.
                proved = [a for a in approved(proved, new) if a is not new or shown.proved]
        elif r.type == VETOED:
            told, proved = vetoed(told, rules), vetoed(proved, rules)
    due, _ = weigh(told, keys, rules)
    check(due is not None, "bad-issuer", "a recovery without approvals enough")
    check(due[0] <= record.time, "bad-issuer", "a recovery that was not due")
    due, _ = weigh(proved, keys, rules)
    return due is not None and due[0] <= record.time


def counts(view, approver, guardians):
    """Whether an approval is one: not the account's own, nor one by another with a guardian's number; nor, for account
    0, one by anybody but a guardian."""
    if approver in guardians:
        return approver != view.address
    return approver != view.address and view.number != 0 and approver[0] not in [number for number, _ in guardians]


def check_cells(shown):
    for cells, index, salt, cell, path in shown.cells:
        check(included(leaf(6, 1, index, salt, cell), index, cells, path, shown.record.state), "bad-cell", "path")
        check(cells == shown.cells[0][0] and all((cell[0] == i) == (index == i) for i in (0, 1)), "bad-cell", "index")
    indexes = [c[1] for c in shown.cells]
    check(len(set(indexes)) == len(indexes), "bad-cell", "index")


@dataclasses.dataclass
class Seen(Entry):
    """An entry as a proof shows it."""
    corrected: bool = False
    unclear: bool = False  # the last correction is shown as a header only: voided, or another amount


def check_references(view):
    """The entries of a view, by sequence."""
    entries, contributions = {}, {}
    for shown in view.shown:
        r, facets = shown.record, shown.facets
        if r.type == CONTRIBUTION:
            insurance = facets.get("what", [None])[0]
            entries[r.sequence] = Seen(None, insurance, r.month, None, *facets.get("amount", [None] * 4))
            contributions[r.sequence] = shown
        if r.type not in (SETTLEMENT, CORRECTION):
            continue
        entry = entries.get(r.refers)
        if shown.opening is not None:
            check(entry and entry.month == r.month, "bad-reference", "target")
        if entry is None:
            continue
        about, by = contributions[r.refers], facets.get("who", [None])[0]
        if shown.signed:
            by = shown.signed.issuer
        named = about.facets.get("what", [None] * 3)[2]
        if r.type == CORRECTION:
            named = about.signed.issuer if about.signed else about.facets.get("who", [None] * 3)[1]
        check(not by or not named or by == named, "bad-reference", "issuer")
        check(not entry.void and not entry.settled, "bad-reference", "void or settled")
        if r.type == SETTLEMENT and facets.get("amount") and entry.amount is not None:
            now = [entry.amount, entry.credited, entry.base, entry.currency]
            check(list(facets["amount"]) == now, "bad-reference", "amount")
        if r.type == SETTLEMENT:
            entry.settled, entry.unclear = True, False
        else:
            entry.corrected = True
            entry.unclear = "amount" not in facets
            entry.void = not entry.unclear and facets["amount"] is None
        if facets.get("amount") or r.type == CORRECTION and not entry.void:
            entry.amount, entry.credited, entry.base, entry.currency = facets.get("amount") or [None] * 4
    return entries


def check_totals(view, entries):
    """[(sequence, cell, basis)] for the opened totals and months cells."""
    complete, result = len(view.shown) == view.size, []
    for shown in view.shown:
        for _, _, _, cell, _ in shown.cells:
            if cell[0] not in (2, 3):
                continue
            mine = [e for e in entries.values() if e.insurance == cell[1]]
            enough = complete and shown.record.sequence == view.size - 1
            enough = enough and all(e.void or e.insurance for e in entries.values()) and not any(e.unclear for e in mine)
            if cell[0] == 2:
                enough = enough and all(e.void or e.amount is not None for e in mine)
            if enough:
                again = totals_cell(mine, cell[1], cell[2]) if cell[0] == 2 else months_cell(mine, cell[1])
                check(again == cell, "bad-total", "recomputed")
            result.append((shown.record.sequence, cell, "recomputed" if enough else "asserted by the ledger"))
    return result


def standing(view, sequence, entry):
    later = sum(s.record.sequence > sequence for s in view.shown)
    if later < view.size - 1 - sequence or entry.unclear:
        return "not known"
    return "void" if entry.void else "settled" if entry.settled else "corrected" if entry.corrected else "standing"


def findings(body, trust, seen, entries, totals, now):
    """What a valid verdict says."""
    view, age = body.subject, now - body.time
    hidden = view.size - len(view.shown)
    contents = sum(s.opening is not None for s in view.shown)
    withheld = {}
    for shown in view.shown:
        if shown.opening is not None:
            for name in TYPES[shown.record.type].facets.keys() - shown.facets.keys():
                withheld[name] = withheld.get(name, 0) + 1
    issuers = {}
    for shown in view.shown:
        if shown.signed:
            who = address_text(shown.signed.issuer or view.address)
        elif "who" in shown.facets:
            who = address_text(named_issuer(shown.record.type, shown.facets["who"]) or view.address)
        else:
            continue
        issuers[who] = issuers.get(who, True) and shown.proved
    rests = [f"what is in the log: the operator of {trust.origin}"]
    if not seen[0]:
        rests.append("one log for all rests on the operator")
    if not seen[1]:
        rests.append("completeness rests on the operator")
    rests.append("the person of the address: a key or a bureau, outside this proof")
    return {
        "address": address_text(view.address), "age": age, "freshness": "fresh" if age <= trust.fresh else "stale",
        "witnesses": seen[0], "auditors": seen[1],
        "records": {"total": view.size, "contents": contents, "headers": len(view.shown) - contents, "hidden": hidden},
        "withheld": withheld, "complete": hidden == 0,
        "entries": [{"sequence": n, "month": e.month, "insurance": e.insurance, "amount": e.amount,
                     "credited": e.credited, "base": e.base, "currency": e.currency, "standing": standing(view, n, e)}
                    for n, e in sorted(entries.items()) if view.by_sequence[n].opening is not None],
        "totals": [{"sequence": n, "cell": cell, "basis": basis} for n, cell, basis in totals],
        "issuers": {who: "proved" if proved else "not checked" for who, proved in issuers.items()}, "rests": rests}


# ---- Signed reads (§17) ---------------------------------------------------------------------------------------------

COVERED = '("@method" "@authority" "@path" "@query")'
PARAMETER = r';(created|keyid|alg|tag)=(\d{1,15}|"[!#-\[\]-~ ]*")'


def signature_base(method, authority, path, query, params):
    """RFC 9421 §2.5 for the components that are covered. params: the inner list with its parameters."""
    authority = re.sub(":(80|443)$", "", authority.lower())
    lines = (("@method", method), ("@authority", authority), ("@path", path or "/"), ("@query", query or "?"))
    return "\n".join([f'"{name}": {value}' for name, value in lines] + [f'"@signature-params": {params}'])


def read_input(value):
    """A Signature-Input of §17: (the inner list with its parameters, the parameters by name)."""
    params = value.removeprefix("peal=")
    rest = params.removeprefix(COVERED)
    check(value.startswith("peal=" + COVERED) and re.fullmatch(f"({PARAMETER})*", rest), "bad-signature", "input")
    pairs = re.findall(PARAMETER, rest)
    values = dict(pairs)
    check(len(pairs) == len(values) == 4, "bad-signature", "parameters")
    check(values["created"].isdigit() and values["alg"] == '"ed25519"' and values["tag"] == '"peal-read"',
          "bad-signature", "parameters")
    try:
        parse_address(values["keyid"].strip('"'))
    except Refusal as refusal:
        raise Failure("bad-signature", "keyid") from refusal
    return params, values


def sign_read(private, method, authority, path, query, created, address):
    """The values of Signature-Input and Signature."""
    params = f'{COVERED};created={created};keyid="{address_text(address)}";alg="ed25519";tag="peal-read"'
    base = signature_base(method, authority, path, query, params)
    return "peal=" + params, f"peal=:{base64.b64encode(sign(private, base.encode())).decode()}:"


def verify_read(method, authority, path, query, input, signature, public, now=None):
    """The signature base, when the signature verifies (and, with a clock, is not older or newer than 300 s)."""
    params, values = read_input(input)
    check(now is None or abs(now - int(values["created"])) <= 300, "bad-signature", "created")
    base = signature_base(method, authority, path, query, params)
    match = re.fullmatch("peal=:([A-Za-z0-9+/]+=*):", signature)
    check(match, "bad-signature", "signature")
    try:
        blob = unbase64(match[1], "signature")
    except Refusal as refusal:
        raise Failure("bad-signature", "base64") from refusal
    check(verify(public, blob, base.encode()), "bad-signature")
    return base


# ---- Vectors --------------------------------------------------------------------------------------------------------

class Differs(Exception):
    pass


def same(what, expected, got):
    if isinstance(got, bytes):
        got = got.hex()
    if expected != got:
        raise Differs(f"{what}: expected {expected}, got {got}")


def unhex(values):
    return [bytes.fromhex(v) for v in values]


def run_address(v):
    address = parse_address(v["text"])
    same("number", v["number"], address[0])
    same("id", v["id"], address[1])
    same("text", v["text"].lower(), address_text(address))


def run_tree(v):
    h, proof = lambda name: bytes.fromhex(v[name]), unhex(v.get("proof", []))
    match v["kind"]:
        case "root":
            good = root([H(b"\0" + d) for d in unhex(v["leaves_data"])]) == h("root")
        case "inclusion":
            good = included(h("leaf"), v["index"], v["size"], proof, h("root"))
        case "consistency":
            good = consistent(v["old"], v["new"], h("old_root"), h("new_root"), proof)
        case "set":
            good = set_root(v["indexes"], unhex(v["leaves"]), v["size"], proof) == h("root")
    demand(good, "tree")


def run_cbor(v):
    decode(bytes.fromhex(v["hex"]))


def run_statement(v):
    st = Statement.of(decode(bytes.fromhex(v["hex"])))
    if v.get("root"):
        same("root", v["root"], st.root(v["origin"]))
    st.check_shape()
    st.check_amount()


def run_posting(v):
    signed, _ = read_posting(bytes.fromhex(v["hex"]))
    if v.get("digest"):
        same("digest", v["digest"], signed.digest)
    check_posting(bytes.fromhex(v["hex"]), v["origin"])


def run_note(v):
    body, _ = parse_note(v["text"])
    origin, size, log_root = parse_checkpoint(body)
    check(known_signatures(v["text"], [parse_verifier_key(k) for k in v["keys"]]), "unknown-key")
    for name, got in (("origin", origin), ("size", size), ("root", log_root)):
        if name in v:
            same(name, v[name], got)


def run_trust(v):
    try:
        parse_trust(v["text"].encode())
    except TrustError as error:
        same("line", v.get("line"), error.line)
        raise Refusal("malformed", str(error)) from error


def run_record(v):
    """A record with what the ledger's seed makes of it, or the leaves of a commit (§3, §7, §10)."""
    if "record" in v:
        item, seed = decode(bytes.fromhex(v["record"])), bytes.fromhex(v["record_seed"])
        demand(RECORD(item), "record")
        record, salt = Record(*item), derive(seed, 0)
        same("log_salt", v["log_salt"], salt)
        same("blind", v["blind"], derive(seed, 1))
        same("leaf", v["leaf"], record_leaf(record))
        same("commitment", v["commitment"], leaf(7, 1, salt, record.account, record.sequence, record_leaf(record)))
    if "log_leaf" in v:
        item = decode(bytes.fromhex(v["log_leaf"]))
        demand(row(exactly(1), exactly(5), exactly(1), exactly(0), HASH)(item), "log leaf")
        same("log_leaf_hash", v["log_leaf_hash"], leaf(*item[1:]))
    if "commit_leaf" in v:
        values = [v["directory_size"], bytes.fromhex(v["directory_root"]), v["time"]]
        same("commit_leaf", v["commit_leaf"], encode([1, 5, 1, 1, *values]))
        same("commit_leaf_hash", v["commit_leaf_hash"], commit_leaf(*values))


def run_story(v):
    ledger = Ledger(v["origin"], bytes.fromhex(v["operator_seed"]))
    for number, commit in enumerate(v["commits"]):
        answers = ledger.commit(commit["time"], unhex(commit["postings"]), unhex(commit["record_seeds"]))
        same(f"commit {number} postings", len(commit["results"]), len(answers))
        for index, (expected, answer) in enumerate(zip(commit["results"], answers)):
            where = f"commit {number} posting {index}"
            if "refused" in answer:
                same(where, expected, {"refused": refusal_json(answer["refused"], expected.get("refused"))})
                continue
            same(where + " statements", len(expected.get("results", [])), len(answer["results"]))
            for at, (want, got) in enumerate(zip(expected["results"], answer["results"])):
                got = (refusal_json(got, want) if len(got) == 3 else
                       {"account": got[0], "sequence": got[1], "state_root": got[2].hex()})
                same(f"{where} statement {at}", want, got)
        same(f"commit {number} size", commit["size"], len(ledger.log))
        same(f"commit {number} root", commit["root"], root(ledger.log))
        if ledger.head:
            for name, got in zip(("directory_size", "directory_root", "checkpoint"), (*ledger.head[1:3], ledger.head[4])):
                same(f"commit {number} {name}", commit[name], got)


def refusal_json(refusal, expected):
    """Where a posting is malformed, its field is free words (§9): taken as they stand."""
    code, field, record = refusal
    free = code == 1 and expected and expected.get("code") == 1
    return {"code": code, "field": expected["field"] if free else field, "record": record}


def run_receipt(v):
    check_receipt(bytes.fromhex(v["receipt"]), bytes.fromhex(v["posting"]), parse_verifier_key(v["key"]))


def run_proof(v):
    verdict = verify_proof(bytes.fromhex(v["file"]), parse_trust(v["trust"].encode()), v["now"])
    if not verdict["valid"]:
        raise Failure(verdict["failure"], verdict["why"])
    if v["expect"] == "valid":
        for name, expected in v.get("verdict", {}).items():
            found = [e["standing"] for e in verdict["entries"]] if name == "standings" else verdict[name]
            same(name, expected, found)


def run_signed_read(v):
    if "base" in v and v["input"].startswith("peal="):
        same("base", v["base"], signature_base(v["method"], v["authority"], v["path"], v["query"], v["input"][5:]))
    verify_read(v["method"], v["authority"], v["path"], v["query"], v["input"], v["signature"], bytes.fromhex(v["key"]))


RUNNERS = {"address": run_address, "tree": run_tree, "cbor": run_cbor, "statement": run_statement, "posting": run_posting,
           "note": run_note, "trust": run_trust, "record": run_record, "story": run_story, "receipt": run_receipt,
           "proof": run_proof, "signed-read": run_signed_read}


def run_vector(kind, vector):
    """None when a vector holds, else what differs."""
    got, why = "valid", ""
    try:
        if kind not in RUNNERS:
            return f"no check for vectors of {kind}"
        RUNNERS[kind](vector)
    except (Refusal, Failure) as error:
        got, why = error.name, str(error)
    except Unusable as error:
        got = str(error)
    except Differs as error:
        return str(error)
    except Exception as error:  # a fault of the vector, or of this program
        return f"expected {vector.get('expect')}, got {type(error).__name__}: {error}"
    return None if got == vector["expect"] else f"expected {vector['expect']}, got {got}" + (f" ({why})" if why else "")


def run_vectors(directory):
    passed = failed = 0
    for path in sorted(pathlib.Path(directory).glob("*/*.json")):
        trouble = run_vector(path.parent.name, json.loads(path.read_text()))
        passed, failed = passed + (not trouble), failed + bool(trouble)
        if trouble:
            print(f"{path.parent.name}/{path.name}: {trouble}")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


# ---- Self-test ------------------------------------------------------------------------------------------------------

def rejects(name, call, *args):
    """Whether a call fails by this name."""
    try:
        call(*args)
    except (Refusal, Failure) as error:
        return error.name == name
    return False


def test_encoding():
    for good in ("00", "1818", "20", "f4", "f5", "f6", "80", "40", "60", "3bffffffffffffffff", "81" * 16 + "00", "81" * 15 + "80"):
        decode(bytes.fromhex(good))
    for bad in ("", "1800", "0000", "a0", "d81800", "c240", "c249010000000000000000", "f7", "f0", "f97e00", "fa3f800000", "9f01ff",
                "5f4101ff", "61ff", "8100ff", "1b0000000000000001", "5800", "81" * 17 + "00", "d9010280", "d81c00"):
        assert rejects("malformed", decode, bytes.fromhex(bad)), bad
    assert not any(map(text(9), ("", "a\x7f", "a\u0085", "0123456789"))) and text(3)("\u2014")
    assert not any(map(ORIGIN, ("a b", "a+b", "a\u3000b", "")))


def test_trees(rng):
    for n in list(range(1, 34)) + [100]:
        leaves = [leaf(2, 1, i, rng.randbytes(32)) for i in range(n)]
        top = root(leaves)
        for i in range(n):
            path = inclusion(leaves, i)
            assert included(leaves[i], i, n, path, top)
            assert not any(included(leaves[i], j, n, path, top) for j in range(n + 2) if j != i)
            assert not included(leaves[i], i, n, path + [top], top) and not (path and included(leaves[i], i, n, path[:-1], top))
        for old in range(1, n + 1):
            before, path = root(leaves[:old]), consistency(leaves, old)
            assert consistent(old, n, before, top, path)
            assert not consistent(old, n, before, top, path + [top]) and not consistent(0, n, before, top, path)
            assert old == n or not consistent(old, n, before, top, path[:-1]) and not consistent(old, n, top, top, path)
        for _ in range(20):
            some = sorted(rng.sample(range(n), rng.randint(1, n)))
            proof, chosen = set_proof(leaves, some), [leaves[i] for i in some]
            assert set_root(some, chosen, n, proof) == top and (len(some) < n or proof == [])
            assert rejects("malformed", set_root, some, chosen, n, proof + [top])
            assert not proof or rejects("malformed", set_root, some, chosen, n, proof[:-1])
            assert rejects("malformed", set_root, some + some[-1:], chosen + chosen[-1:], n, proof)
            assert len(some) > 1 or set_root(some, chosen, n, proof) == inclusion_root(chosen[0], some[0], n, inclusion(leaves, some[0]))


def test_keys(rng):
    assert bech32_polymod([ord("a") >> 5, 0, ord("a") & 31] + [CHARSET.index(c) for c in "lqfn3a"]) == 0x2bc830a3  # BIP 350
    for _ in range(50):
        address = [rng.randrange(2 ** 40), rng.randbytes(32)]
        written = address_text(address)
        assert len(written) == 72 and parse_address(written) == parse_address(written.upper()) == address
        at = rng.randrange(5, 72)
        other = written[:at] + rng.choice([c for c in CHARSET if c != written[at]]) + written[at + 1:]
        for bad in (other, written[:-1], written + "q", written[:20].upper() + written[20:], " " + written):
            assert rejects("malformed", parse_address, bad)
    private = wallet_key(bytes(64), "sign/0")
    public, signature = public_of(private), sign(private, b"m")
    s = int.from_bytes(signature[32:], "little")
    assert verify(public, signature, b"m") and not verify(public, signature, b"n")
    assert not verify(public, signature[:32] + (s + L).to_bytes(32, "little"), b"m")
    for y in SMALL_ORDER:
        for sign_bit in (0, 1 << 255):
            assert not good_point((y | sign_bit).to_bytes(32, "little"))
    assert not good_point((P + 3).to_bytes(32, "little")) and good_point(public)
    # With A = R = the neutral point and s = 0 the library says yes, and strict verification no.
    one = (1).to_bytes(32, "little")
    Ed25519PublicKey.from_public_bytes(one).verify(one + bytes(32), b"m")
    assert not verify(one, one + bytes(32), b"m")


def test_months():
    assert [month_of(t) for t in (0, 1767225599, 1767225600, 2 ** 40 - 1)] == [197001, 202512, 202601, 3681202]
    entries = [Entry(1, 1, m, 1, 5, 2, None, "CNY", m == 202512) for m in (202601, 202512, 202511, 202601, 202603)]
    assert months_cell(entries, 1) == [3, 1, [[202511, 3], [202603, 1]], 4, 1]
    assert totals_cell(entries, 1, "CNY") == [2, 1, "CNY", 25, 10, 5, 2]


EVERYTHING = {"who", "what", "amount", "evidence", "keys", "recovery", "role"}


class Town:
    """A small ledger with a registrar, a fund, a platform and a worker, for the tests below."""

    def __init__(self, rng):
        self.rng, self.now, self.ids = rng, 1767225600, {}
        self.operator, self.origin = rng.randbytes(32), "ledger.example/test"
        self.ledger = Ledger(self.origin, self.operator)
        self.private, self.address = {}, {}
        for name in ("registrar", "fund", "platform", "worker"):
            self.join(name)
        self.give("fund", FUND)
        self.give("platform", PLATFORM)

    def join(self, name, guardians=(), need=0, delay=604800, by=None):
        self.private[name] = self.new_keys()
        opening = self.opening(name, self.address[by] if by else None, guardians, need, delay)
        result = self.send(by, [opening], self.private[by or name][0])[0]
        self.address[name] = [result[0], self.ledger.accounts[result[0]].id]

    def new_keys(self):
        return [self.rng.randbytes(32) for _ in range(3)]

    def keys(self, private):
        first, second, third = map(public_of, private)
        return [first, next_key(second), third]

    def account(self, name):
        return self.ledger.accounts[self.address[name][0]]

    def policy(self, guardians, need, delay=604800):
        return [[self.address[g] for g in guardians], need, delay]

    def opening(self, name, who=None, guardians=(), need=0, delay=604800):
        return self.st(OPENED, None, [who, self.keys(self.private[name]), self.policy(guardians, need, delay)])

    def st(self, type, to, facets, refers=None, month=None):
        return Statement(self.rng.randbytes(16), self.address[to] if to else None, type, self.now, refers, month, facets)

    def give(self, name, role):
        return self.send("registrar", [self.st(GRANTED, name, [self.address["registrar"], [role, [], None]])])

    def pay(self, amount, reference, source=1, by="platform", month=202601, to="worker", insurance=1, fund="fund"):
        return self.st(CONTRIBUTION, to, [[source, self.address[by], reference], [insurance, "cn-basic", self.address[fund]],
                                          [amount, amount // 2, None, "CNY"], None], month=month)

    def settle(self, refers, amount, month=202601, currency="CNY"):
        return self.st(SETTLEMENT, "worker", [[self.address["fund"], "transfer"], [amount, amount // 2, None, currency]],
                       refers, month)

    def correct(self, refers, amount, by="platform"):
        new = amount and [amount, amount // 2, None, "CNY"]
        return self.st(CORRECTION, "worker", [[self.address[by], "mistyped"], new], refers, 202601)

    def post(self, by, statements, key=None, all_or_nothing=False):
        key = key or self.private[by][0]
        data, self.digest = make_posting(key, self.origin, self.address[by] if by else None, self.rng.randbytes(16),
                                         self.now, statements, all_or_nothing)
        return data

    def send(self, by, statements, key=None, all_or_nothing=False):
        """The results of a posting in a commit of its own, or the name of the refusal of the whole."""
        data = self.post(by, statements, key, all_or_nothing)
        self.now += 60
        for accepted in range(len(statements), -1, -1):  # how many record seeds are due is known afterwards
            trial = copy.deepcopy(self.ledger)
            try:
                answer = trial.commit(self.now, [data], [self.rng.randbytes(16) for _ in range(accepted)])[0]
            except AssertionError:
                continue
            self.ledger, self.data = trial, data
            return answer["results"] if "results" in answer else answer["refused"]

    def told(self, by, statement, key=None):
        """accepted, or the name of the refusal of a statement or its posting; self.record is then the record it names."""
        answer = self.send(by, [statement], key)
        result, self.record = answer if type(answer[0]) is int else answer[0], None
        if len(result) == 4:
            return "accepted"
        code, _, self.record = result
        return next(name for name in REFUSALS if REFUSALS[name] == code)

    def approve(self, by, keys, to="ann"):
        return self.st(APPROVED, to, [self.address[by], keys])

    def veto(self, by="ann"):
        return self.st(VETOED, by, [self.address[by]])

    def complete(self, keys, by="ann"):
        return self.st(COMPLETED, by, [self.address[by], keys])

    def change(self, keys, guardians, need, by="ann", to=None):
        return self.st(CHANGED, to or by, [self.address[by], keys, self.policy(guardians, need)])

    def verdict(self, name, changes, views):
        """On a proof of an account that shows everything but for the changes; views: {issuer: cells to open}."""
        shown = {n: (EVERYTHING, True, []) for n in range(len(self.account(name).records))} | changes
        headers = {self.address[v][0]: {n: (None, False, cells) for n in range(len(self.account(v).records))}
                   for v, cells in views.items()}
        data = self.ledger.proof(self.address[name][0], {n: s for n, s in shown.items() if s}, headers)
        return verify_proof(data, parse_trust(trust_text(self).encode()), self.now)


def test_ledger(rng):
    town = Town(rng)
    told = town.told
    first = town.send("platform", [town.pay(100, "r1"), town.pay(0, "r0"), town.pay(40, "r2", month=202512), town.pay(7, "r1")])
    assert [len(r) for r in first] == [4, 3, 4, 3] and first[3] == [44, "who", [3, 1]] and first[1][:2] == [37, "amount"]
    size = len(town.ledger.log)
    assert town.ledger.commit(town.now, [town.data], []) == [{"results": first}] and len(town.ledger.log) == size
    town.send("fund", [town.settle(1, 100)])
    town.send("worker", [town.pay(30, "own", 3, "worker")])
    town.send("platform", [town.pay(60, "r3"), town.pay(70, "r4")])
    town.send("platform", [town.correct(5, 65), town.correct(6, None)])
    cells = town.ledger.accounts[3].cells
    assert cells[2:] == [[2, 1, "CNY", 235, 117, 100, 50], [3, 1, [[202512, 2]], 2, 1]], cells
    cases = [
        ("platform", town.pay(5, "x", 2), "role-missing"), ("platform", town.pay(5, "x", 3), "not-yours"),
        ("platform", town.pay(5, "x", by="fund"), "issuer-not-named"), ("platform", town.pay(5, "x", fund="worker"), "fund-unfit"),
        ("platform", town.pay(5, "x", month=202603), "month-in-future"), ("platform", town.pay(MAX, "x"), "total-overflow"),
        ("fund", town.settle(1, 100), "settled"), ("fund", town.settle(6, 70), "target-void"), ("fund", town.settle(9, 1), "target-missing"),
        ("fund", town.settle(5, 60), "amount-differs"), ("fund", town.settle(5, 65, 202512), "month-differs"),
        ("fund", town.settle(5, 65, currency="EUR"), "currency-differs"), ("platform", town.correct(5, 65), "amount-differs"),
        ("platform", town.correct(4, 1), "not-issuer"), ("platform", town.correct(1, 5), "settled"),
        ("worker", town.st(GRANTED, "worker", [town.address["worker"], [FUND, [], None]]), "not-registrar"),
        ("registrar", town.st(REVOKED, "fund", [town.address["registrar"]], 0), "target-missing"),
        ("worker", town.opening("worker", town.address["worker"]), "role-missing"),
        ("worker", town.st(ROTATED, "fund", [town.address["worker"], [bytes(32)] * 3]), "not-yours"),
        ("worker", town.st(ROTATED, "worker", [town.address["worker"], [bytes(32)] * 3]), "next-key"),
        ("worker", town.st(12, "worker", []), "unknown-type"), ("worker", town.st(REVOKED, "worker", [None], 1), "malformed-facet")]
    for by, statement, expected in cases:
        said = told(by, statement)
        assert said == expected, (expected, said)
    records = len(town.ledger.accounts[3].records)
    both_ = town.send("platform", [town.pay(8, "y"), town.pay(0, "z")], all_or_nothing=True)
    assert [r[0] for r in both_] == [47, 37] and len(town.ledger.accounts[3].records) == records
    assert len(town.send("platform", [town.pay(8, "y"), town.pay(9, "z")], all_or_nothing=True)[1]) == 4
    keys = [public_of(town.private["worker"][1]), next_key(public_of(town.private["worker"][2])), bytes(32)]
    rotation = town.st(ROTATED, "worker", [town.address["worker"], keys])
    assert told("worker", rotation) == "rotation-alone"
    assert told("worker", town.pay(3, "a", 3, "worker"), town.private["worker"][1]) == "key-not-current"
    assert len(town.send("worker", [rotation], town.private["worker"][1])[0]) == 4
    assert told("worker", town.pay(3, "a", 3, "worker")) == "key-not-current"
    return town


def test_receipts(town):
    key = VerifierKey(town.origin, ED25519, public_of(town.operator))
    answer = town.send("platform", [town.pay(11, "s1"), town.pay(0, "s0"), town.pay(12, "s2")])
    receipt = town.ledger.receipt(town.digest)
    assert check_receipt(receipt, town.data, key) == answer
    for at in range(0, len(receipt)):
        broken = bytearray(receipt)
        broken[at] ^= 1
        try:
            check_receipt(bytes(broken), town.data, key)
            assert b"amount" in receipt[at - 6:at + 7] or b"\x18\x25" in receipt[at - 1:at + 2], at  # the words of a refusal
        except (Refusal, Failure):
            pass


def trust_text(town, *more):
    operator = VerifierKey(town.origin, ED25519, public_of(town.operator))
    return "\n".join(["peal trust 1", "# a comment", "", f"ledger {town.origin}",
                      f"operator {operator} 2026-01-01T00:00:00Z -", *more, ""])


def test_trust(town):
    witness = VerifierKey("w", COSIGNATURE, public_of(bytes(32)))
    assert parse_trust(trust_text(town, f"witness {witness}", "need 1 witnesses 0 auditors").encode())
    for more, line in (((f"witness {witness}", f"witness {witness}"), 7), (("need 1 witnesses 0 auditors",), 4), (("fresh  3",), 6), (("pin 0 " + "A" * 43 + "=",), 6),
                       (("fresh 3", "fresh 3"), 7), (("pin 3 AAAA",), 6), (("what",), 6), ((f"ledger {town.origin}",), 6),
                       (("ledger x", "fresh 1"), 6), (("",) * 3 + (" ",), 9), ((f"auditor {witness} ",), 6), (("fresh 03",), 6)):
        try:
            parse_trust(trust_text(town, *more).encode())
            assert False, more
        except TrustError as error:
            assert error.line == line, (more, error)


def test_proofs(town, rng):
    ledger, worker = town.ledger, town.ledger.accounts[3]
    last = len(worker.records) - 1
    every = {n: (EVERYTHING, True, [2, 3] if n == last else []) for n in range(last + 1)}
    fund, platform = ledger.accounts[1], ledger.accounts[2]
    issuers = {2: {len(platform.records) - 1: (None, False, [0, 1])}, 1: {len(fund.records) - 1: (None, False, [0, 1])}}
    witness = VerifierKey("w", COSIGNATURE, public_of(bytes(32)))
    trust = parse_trust(trust_text(town, f"witness {witness}", f"auditor {VerifierKey('a', 4, public_of(bytes(31) + b'1'))}",
                                   "need 1 witnesses 0 auditors").encode())
    note = cosign(ledger.head[4], "w", bytes(32), ledger.head[3])

    def verdict(data, trust=trust, now=ledger.head[3] + 5):
        return verify_proof(data, trust, now)
    whole = ledger.proof(3, every, issuers, note)
    said = verdict(whole)
    assert said["valid"], said
    assert said["complete"] and said["freshness"] == "fresh" and said["witnesses"] == ["w"] and said["age"] == 5
    assert [e["standing"] for e in said["entries"]][:5] == ["settled", "standing", "standing", "corrected", "void"], said["entries"]
    assert {t["basis"] for t in said["totals"]} == {"recomputed"} and set(said["issuers"].values()) == {"proved"}
    assert verdict(ledger.proof(3, every, issuers))["failure"] == "not-witnessed"
    assert verdict(whole, now=ledger.head[3] + 604801)["freshness"] == "stale"
    assert verdict(whole, {})["failure"] == "unknown-ledger"
    assert verdict(ledger.proof(3, every, {2: {0: (None, False, [0, 1])}}, note))["failure"] == "bad-issuer"
    size = ledger.head[0]
    for pins, final, expected in (([(size, bytes(32))], None, "pin"), ([], (size - 1, bytes(32)), "pin"), ([(1, bytes(32))], None, None)):
        other = dataclasses.replace(trust[town.origin], pins=pins, final=final)
        assert verdict(whole, {town.origin: other})["failure"] == expected
    for _ in range(60):  # any choice of what to show is a valid proof
        some = sorted(rng.sample(range(last + 1), rng.randint(1, last + 1)))
        shown = {n: (rng.choice([None, set(), {"amount", "what"}, EVERYTHING]), False, rng.choice([[], [0], [1, 0]])) for n in some}
        for n in some:  # (a settlement or correction with contents needs its target)
            if worker.records[n].refers not in (None, *some):
                shown[n] = (None, False, [])
        said = verdict(ledger.proof(3, shown, {}, note))
        assert said["valid"] and said["records"]["hidden"] == last + 1 - len(some) and said["complete"] == (len(some) == last + 1), said
    failures = set()
    for at in list(range(0, len(whole), 7)) + list(range(60)):  # any bit, the digest wrong, and then the digest made good
        broken = bytearray(whole)
        broken[at] ^= 1 << rng.randrange(8)
        assert verdict(bytes(broken))["failure"] == "damaged"
        inside = bytearray(decode(whole)[1])
        inside[at % len(inside)] ^= 1 << rng.randrange(8)
        said = verdict(proof_file(bytes(inside)))
        changed = bytes(inside)[:note_end(inside)] != decode(whole)[1][:note_end(inside)]
        assert not said["valid"] or changed, said  # (a signature line of a key that became unknown is passed over)
        failures.add(said["failure"])
    assert {"damaged", "bad-checkpoint", "bad-account", "bad-directory", "bad-statement", "bad-posting"} <= failures, failures
    try:
        verdict(b"\x84" + whole[1:-1][20:])
        assert False
    except Unusable:
        pass


DAY = 86400


def test_recovery(rng):
    """Ann loses her keys. Two of her three guardians, or a bureau, can say that new ones take over."""
    town = Town(rng)
    for name in ("bo", "cy", "di", "bureau", "office"):
        town.join(name)
    town.give("bureau", BUREAU)
    town.give("office", BUREAU)
    town.join("ann", ("bo", "cy", "di"), 2)
    new, wrong = town.new_keys(), town.new_keys()
    keys, other = town.keys(new), town.keys(wrong)
    bo, bureau, cy, di = (town.address[name][0] for name in ("bo", "bureau", "cy", "di"))

    def says(expected, by, statement, key=None, record=None):
        """What the ledger says; record is the sequence, in the account that the statement is about, that a refusal names."""
        said = town.told(by, statement, key)
        assert said == expected, (said, expected)
        assert town.record == (None if record is None else [statement.address[0], record]), town.record

    def standing():
        return [(a[0], a[1], a[3]) for a in town.account("ann").cells[4][1]]

    says("accepted", "platform", town.pay(100, "a", to="ann"))                              # record 1, cells 2 and 3
    says("not-guardian", "fund", town.approve("fund", keys))
    says("not-guardian", "ann", town.approve("ann", keys))
    says("malformed-facet", "bo", town.approve("bo", keys[:2]))
    says("issuer-not-named", "bo", town.approve("cy", keys))
    says("nothing-pending", "ann", town.veto())
    says("key-not-current", "ann", town.complete(keys), new[0])
    # Bo approves of keys that were never Ann's, and then of hers; his second approval takes the first one's place.
    says("accepted", "bo", town.approve("bo", other))                                       # 2
    says("accepted", "bo", town.approve("bo", keys))                                        # 3
    assert town.account("ann").cells[4] == [4, [[bo, 3, town.now, False, *keys]]]
    says("already-approved", "bo", town.approve("bo", keys), record=3)
    says("key-not-current", "ann", town.complete(other), wrong[0])
    says("recovery-not-approved", "ann", town.complete(keys), new[0])
    says("accepted", "cy", town.approve("cy", keys))                                        # 4
    says("recovery-too-early", "ann", town.complete(keys), new[0], record=4)
    says("recovery-not-approved", "ann", town.complete([keys[0], *other[1:]]), new[0])
    says("rotation-alone", "ann", town.complete(keys))
    says("rotation-alone", "ann", town.complete(other), new[0])
    says("key-not-current", "ann", town.veto(), new[0])
    says("not-yours", "bo", town.st(VETOED, "ann", [town.address["bo"]]))
    says("not-yours", "bo", town.st(COMPLETED, "ann", [town.address["bo"], keys]))
    assert town.send("ann", [town.complete(keys)] * 2, new[0])[0] == REFUSALS["key-not-current"]
    test_thief(town, new[0])
    # Whoever holds the present key vetoes it: the approvals stand on, marked.
    before, salts = town.account("ann").cells[4][1], list(town.account("ann").salts)
    says("accepted", "ann", town.veto())                                                    # 5
    assert town.account("ann").cells[4] == [4, [[*a[:3], True, *a[4:]] for a in before]]
    assert [i for i, salt in enumerate(town.account("ann").salts) if salt != salts[i]] == [4]
    says("nothing-pending", "ann", town.veto())
    says("recovery-not-approved", "ann", town.complete(keys), new[0])
    # After a veto the same keys can be approved of again, and the clock runs anew.
    says("accepted", "bo", town.approve("bo", keys))                                        # 6
    says("already-approved", "bo", town.approve("bo", keys), record=6)
    says("recovery-not-approved", "ann", town.complete(keys), new[0])
    assert standing() == [(cy, 4, True), (bo, 6, False)]
    town.now += 7 * DAY
    says("accepted", "cy", town.approve("cy", keys))                                        # 7
    says("recovery-too-early", "ann", town.complete(keys), new[0], record=7)
    says("accepted", "ann", town.veto())                                                    # 8
    # She vetoes what a bureau says alone, too; for that there are 30 days.
    says("accepted", "bureau", town.approve("bureau", other))                               # 9
    town.now += 29 * DAY
    says("recovery-too-early", "ann", town.complete(other), wrong[0], record=9)
    says("accepted", "ann", town.veto())                                                    # 10
    says("accepted", "di", town.approve("di", other))                                       # 11
    says("accepted", "ann", town.veto())                                                    # 12
    says("recovery-not-approved", "ann", town.complete(other), wrong[0])
    # What guardians and a bureau say together a veto leaves, though the guardians' part of it was vetoed.
    says("accepted", "bureau", town.approve("bureau", keys))                                # 13
    due = town.now + 7 * DAY
    says("nothing-pending", "ann", town.veto())
    says("accepted", "di", town.approve("di", other))                                       # 14
    says("accepted", "ann", town.veto())                                                    # 15
    assert standing() == [(bo, 6, True), (cy, 7, True), (bureau, 13, False), (di, 14, True)]
    says("nothing-pending", "ann", town.veto())
    says("accepted", "platform", town.pay(100, "b", to="ann", insurance=2))                 # 16
    assert [c[0] for c in town.account("ann").cells] == [0, 1, 2, 3, 4, 2, 3]
    town.now = due - 61
    says("recovery-too-early", "ann", town.complete(keys), new[0], record=13)  # (send adds 60: a second before it is due)
    town.now = due - 60
    salts = list(town.account("ann").salts)
    says("accepted", "ann", town.complete(keys), new[0])                                    # 17
    ann = town.account("ann")
    assert ann.records[-1].time == due and ann.cells[0][1:4] == keys and ann.cells[4] == [4, []]
    assert [i for i, salt in enumerate(ann.salts) if salt != salts[i]] == [0, 4]
    says("key-not-current", "ann", town.veto())
    says("key-not-current", "ann", town.st(ROTATED, "ann", [town.address["ann"], keys]), town.private["ann"][1])
    says("accepted", "ann", town.pay(5, "mine", SELF, "ann", to="ann"), new[0])             # 18
    rotated = [public_of(new[1]), *other[1:]]
    says("accepted", "ann", town.st(ROTATED, "ann", [town.address["ann"], rotated]), new[1])  # 19
    test_recovery_proofs(town)
    # Eve has no guardians: one bureau and 30 days; two can be vetoed like one.
    town.join("eve")
    says("accepted", "bureau", town.approve("bureau", keys, "eve"))                         # 1
    says("accepted", "office", town.approve("office", keys, "eve"))                         # 2
    says("accepted", "eve", town.veto("eve"))                                               # 3
    says("nothing-pending", "eve", town.veto("eve"))
    says("accepted", "bureau", town.approve("bureau", keys, "eve"))                         # 4
    due = town.now + 30 * DAY
    says("accepted", "office", town.approve("office", keys, "eve"))                         # 5
    trial = copy.deepcopy(town)
    assert trial.told("eve", trial.veto("eve")) == "accepted" and [a[3] for a in trial.account("eve").approvals()] == [True] * 2
    says("accepted", "registrar", town.st(REVOKED, "bureau", [town.address["registrar"]], 1))
    says("not-guardian", "bureau", town.approve("bureau", other, "eve"))  # (what it said before stands)
    # A vetoed approval takes room.
    town.give("fund", BUREAU)
    two = town.account("eve").approvals()
    town.account("eve").set_approvals(two + [[1000 + i, 9, 9, True, *other] for i in range(30)])
    says("state-full", "fund", town.approve("fund", keys, "eve"))
    says("already-approved", "office", town.approve("office", keys, "eve"), record=5)
    town.account("eve").set_approvals(two)
    town.now = due - 61
    says("recovery-too-early", "eve", town.complete(keys, "eve"), new[0], record=4)
    says("accepted", "eve", town.complete(keys, "eve"), new[0])
    test_registrar(town, new[0], keys)
    # No two guardians of one number.
    for guardians in ([town.address["bo"]] * 2, [town.address["bo"], [bo, bytes(32)]]):
        assert CELL([0, *keys, guardians[:1], 1, 0, None]) and not CELL([0, *keys, guardians, 1, 0, None])
        says("malformed-facet", None, town.st(OPENED, None, [None, keys, [guardians, 1, 0]]), new[0])
        says("malformed-facet", "cy", town.st(CHANGED, "cy", [town.address["cy"], keys, [guardians, 1, 0]]))
    # A ledger that does not judge recoveries is found out.
    for days, completed, vetoed_, failure in ((29, other, False, "bad-issuer"), (31, keys, False, "bad-issuer"),
                                              (31, other, True, "bad-issuer"), (31, other, False, None)):
        careless = copy.deepcopy(town)
        careless.ledger.__class__ = Careless
        careless.join("fay")
        careless.send("office", [careless.approve("office", other, "fay")])
        if vetoed_:
            careless.send("fay", [careless.veto("fay")])
        careless.account("fay").set_approvals([[0, 0, 0, False, *completed]])
        careless.now += days * DAY
        private = wrong if completed == other else new
        assert careless.told("fay", careless.complete(completed, "fay"), private[0]) == "accepted"
        for views, said in (({}, "not checked"), ({"office": [0, 1]}, "proved")):
            verdict = careless.verdict("fay", {}, views)
            assert verdict["failure"] == failure, verdict
            assert failure or verdict["issuers"][address_text(careless.address["fay"])] == said, verdict
    # What the account itself says is no approval, nor what another says that has a guardian's number.
    for by, guardians in (("fay", ()), ("bo", ("false",))):
        careless = copy.deepcopy(town)
        careless.give("bo", BUREAU)
        careless.address["false"] = [bo, bytes(32)]
        careless.join("fay", guardians, len(guardians))
        assert careless.told(by, careless.approve(by, keys, "fay")) == "not-guardian"
        careless.ledger.__class__ = Careless
        assert careless.told(by, careless.approve(by, keys, "fay")) == "accepted"
        assert careless.verdict("fay", {}, {"bo": [0, 1]})["valid"]
        careless.now += 31 * DAY
        assert careless.told("fay", careless.complete(keys, "fay"), new[0]) == "accepted"
        said = careless.verdict("fay", {}, {"bo": [0, 1]})
        assert said["failure"] == "bad-issuer" and "without approvals" in said["why"], said


class Careless(Ledger):
    def judge_recovery_approved(self, st, _signed, issuer, account, _count, time):
        def effect(account, sequence):
            account.set_approvals(approved(account.approvals(), [issuer.number, sequence, time, False, *st.get("keys")]))
        return account, effect

    def judge_recovery_completed(self, st, _signed, _issuer, account, _count, _time):
        return account, lambda account, _sequence: account.set_approvals([])

    def judge_recovery_changed(self, st, _signed, _issuer, account, _count, _time):
        return account, lambda account, _sequence: None


def test_weigh():
    """When approvals are due, and by which of them; ties."""
    keys, rules = [b"k", b"n", b"r"], ([1, 2, 3], 2, 10 * DAY)

    def weighed(*approvals, rules=rules):
        """approvals: (approver, time in days, vetoed); the sequence is the place. The time due is given in days."""
        due, firm = weigh([[by, i, day * DAY, veto, *keys] for i, (by, day, veto) in enumerate(approvals)], keys, rules)
        return due and (due[0] // DAY, due[1]), firm
    assert weighed() == (None, False) == weighed((1, 0, False)) == weighed((1, 0, False), (2, 0, True))
    assert weighed((1, 0, False), (2, 1, False), (3, 2, False)) == ((11, 1), False)
    assert weighed((1, 0, True), (2, 1, False), (3, 2, False)) == ((12, 2), False)
    assert weighed((9, 1, False)) == ((31, 0), False) and weighed((9, 1, True)) == (None, False)
    assert weighed((9, 1, True), (8, 2, False), (7, 3, False)) == ((32, 1), False)
    # Firm: after the later of the two, vetoed or not; but not later than either alone.
    assert weighed((1, 0, True), (2, 1, True), (9, 5, True)) == ((15, 2), True)
    assert weighed((9, 0, True), (1, 1, True), (2, 5, True), (3, 6, True)) == ((15, 2), True)
    assert weighed((1, 0, False), (2, 1, False), (9, 5, False)) == ((11, 1), True)
    assert weighed((9, 0, False), (1, 1, True), (2, 25, True)) == ((30, 0), True)
    assert weighed((9, 0, True), (8, 1, False), (1, 2, True), (2, 25, True)) == ((31, 1), True)
    # Ties: guardians, a bureau, both; of guardians and bureau in one commit the one that was recorded later.
    assert weighed((9, 0, False), (1, 1, False), (2, 20, False)) == ((30, 2), True)
    assert weighed((9, 0, False), (1, 1, True), (2, 20, True)) == ((30, 0), True)
    assert weighed((1, 0, True), (9, 4, True), (2, 4, True)) == ((14, 2), True)
    assert weighed((1, 0, True), (2, 4, True), (9, 4, True)) == ((14, 2), True)
    assert weighed((9, 4, True), (1, 4, False), (2, 4, False)) == ((14, 2), True)
    assert weighed((1, 4, False), (2, 4, False), (9, 4, False)) == ((14, 1), True)
    # Without guardians bureaus are not firm, however many; a long delay is theirs, too.
    assert weighed((9, 0, False), (8, 0, False), rules=([], 0, 40 * DAY)) == ((40, 0), False)
    mixed = [[1, 0, 0, False, *keys], [9, 1, 0, False, *keys], [2, 2, 0, False, b"j", b"n", b"r"]]
    assert vetoed(mixed, rules) == [[*a[:3], True, *a[4:]] for a in mixed]
    assert vetoed(mixed, ([1, 2], 1, 0)) == [*mixed[:2], [2, 2, 0, True, b"j", b"n", b"r"]]


def test_thief(town, new):
    """Bo and Cy approve of Ann's keys, whose private one is new. A thief vetoes all that is said, as it is said."""
    for order in itertools.permutations(("bo", "cy", "bureau")):
        trial = copy.deepcopy(town)
        keys = trial.account("ann").approvals()[0][4:]
        trial.account("ann").set_approvals([])
        for name in order:
            trial.now += 20 * DAY
            assert trial.told(name, trial.approve(name, keys)) == "accepted"
            due = trial.now + 7 * DAY
            said = trial.told("ann", trial.veto())
            assert said == ("nothing-pending" if name == order[-1] else "accepted"), (order, said)
            assert trial.told("ann", trial.veto()) == "nothing-pending"
        assert [a[3] for a in trial.account("ann").approvals()] == [True, True, False]
        last = trial.account("ann").approvals()[2][1]
        # Whoever says it again needlessly is the last, and the time runs from there.
        again = copy.deepcopy(trial)
        again.now += DAY
        assert again.told(order[0], again.approve(order[0], keys)) == "accepted"
        assert again.told("ann", again.veto()) == "nothing-pending"
        again.now = due - 60
        assert again.told("ann", again.complete(keys), new) == "recovery-too-early"
        assert again.record == [again.address["ann"][0], again.account("ann").approvals()[-1][1]]
        # A bureau that turns to other keys makes these not firm.
        other = copy.deepcopy(trial)
        assert other.told("bureau", other.approve("bureau", [*keys[:2], bytes(32)])) == "accepted"
        assert other.told("ann", other.veto()) == "accepted"
        assert other.told("ann", other.complete(keys), new) == "recovery-not-approved"
        trial.now = due - 61
        assert trial.told("ann", trial.complete(keys), new) == "recovery-too-early"
        assert trial.record == [trial.address["ann"][0], last], (order, trial.record)
        trial.now = due - 60
        assert trial.told("ann", trial.complete(keys), new) == "accepted"


def test_registrar(town, new, keys):
    """Nobody but its guardians recovers account 0."""
    town = copy.deepcopy(town)
    assert town.told("office", town.approve("office", keys, "registrar")) == "not-guardian"
    present = [public_of(town.private["registrar"][1]), *keys[1:]]
    named = town.change(present, ("bo",), 1, "registrar")
    assert town.told("registrar", named, town.private["registrar"][1]) == "accepted"
    careless = copy.deepcopy(town)
    assert town.told("office", town.approve("office", keys, "registrar")) == "not-guardian"
    assert town.told("bo", town.approve("bo", keys, "registrar")) == "accepted"
    town.now += 7 * DAY
    assert town.told("registrar", town.complete(keys, "registrar"), new) == "accepted"
    said = town.verdict("registrar", {}, {"bo": [0, 1]})
    assert said["valid"] and set(said["issuers"].values()) == {"proved"}, said
    careless.ledger.__class__ = Careless
    assert careless.told("office", careless.approve("office", keys, "registrar")) == "accepted"
    careless.now += 31 * DAY
    assert careless.told("registrar", careless.complete(keys, "registrar"), new) == "accepted"
    assert careless.verdict("registrar", {}, {"office": [0, 1]})["failure"] == "bad-issuer"


def test_recovery_proofs(town):
    """Proofs of Ann's account as test_recovery left it."""
    views = {name: [0, 1] for name in ("fund", "platform", "bo", "cy", "di", "bureau")}
    said = town.verdict("ann", {13: (EVERYTHING, True, [4]), 19: (EVERYTHING, True, [0, 2, 3, 4, 5, 6])}, views)
    assert said["valid"] and said["complete"] and set(said["issuers"].values()) == {"proved"}, said
    assert [t["basis"] for t in said["totals"]] == ["recomputed"] * 4, said["totals"]
    standing = [[1, 2, 3, True, *[bytes(32)] * 3]]
    assert CELL([4, []]) and CELL([4, standing * 32]) and not CELL([4, standing * 33]) and not CELL([4, [standing[0][:6]]])
    assert not CELL([4, [[1, 2, 3, *[bytes(32)] * 3]]]) and not CELL([4, [[1, 2, 3, 1, *[bytes(32)] * 3]]])

    def unchecked(changes, views=views):
        said = town.verdict("ann", changes, views)
        assert said["valid"], said
        return {name for name in town.address if said["issuers"].get(address_text(town.address[name])) == "not checked"}

    def without(name):
        return EVERYTHING - {name}, True, []
    header, unsigned = (None, False, []), (EVERYTHING, False, [])
    assert unchecked({1: header, 5: header, 16: header, 14: without("who")}) == set()
    assert unchecked({4: header}) == unchecked({6: without("keys")}) == unchecked({17: without("keys")}) == {"ann"}
    assert unchecked({18: None}) == {"ann"}
    # (What is hidden may have changed the guardians.)
    assert unchecked({1: None}) == unchecked({0: without("recovery")}) == {"ann", "bo", "cy", "di", "bureau"}
    # An approval that is not proved makes the recovery not checked that needs it, and no other.
    assert unchecked({}, {**views, "di": [0]}) == set()
    assert unchecked({}, {"bo": [0, 1]}) == {"platform", "cy", "di", "bureau", "ann"}
    for name, numbers, more in (("di", (11, 14), set()), ("cy", (4, 7), {"ann"}), ("bo", (2, 3, 6), {"ann"}),
                                ("bureau", (9, 13), {"ann"})):
        assert unchecked({}, {v: cells for v, cells in views.items() if v != name}) == {name} | more
        assert unchecked({numbers[-1]: unsigned}) == unchecked({n: unsigned for n in numbers}) == {name} | more
        assert unchecked({numbers[0]: unsigned}) == {name}
    for wrong in ({**views, "bureau": [0]}, {**views, "di": [1]}):
        assert town.verdict("ann", {}, wrong)["failure"] == "bad-issuer"


def test_absent(rng):
    """The bureau opens an account for Eve, who is not there yet; she claims it, and names guardians of her own."""
    town = Town(rng)
    for name in ("bo", "cy", "bureau", "office"):
        town.join(name)
    town.give("bureau", BUREAU)
    town.give("office", BUREAU)
    town.join("eve", ("bureau",), 1, 0, "bureau")                                           # record 0
    town.private["eve"], wrong = town.new_keys(), [town.new_keys() for _ in range(2)]
    present, after, later = town.private["eve"]
    keys, other, another = town.keys(town.private["eve"]), *map(town.keys, wrong)
    next_keys = [public_of(after), next_key(public_of(later)), keys[2]]
    bureau = town.address["bureau"][0]
    assert town.account("eve").cells[0][4:] == [[town.address["bureau"]], 1, 0, bureau]

    def says(expected, by, statement, key=None, record=None):
        said = town.told(by, statement, key)
        assert said == expected, (said, expected)
        assert town.record == (None if record is None else [statement.address[0], record]), town.record

    def salts_changed(call):
        before = list(town.account("eve").salts)
        call()
        return [i for i, salt in enumerate(town.account("eve").salts) if [salt] != before[i:i + 1]]

    def change(guardians=("bo", "cy"), need=2, keys=next_keys, by="eve"):
        return town.change(keys, guardians, need, by, "eve")
    # She comes, and the bureau's approval and her claim are of one commit.
    postings = [town.post("bureau", [town.approve("bureau", keys, "eve")]), town.post("eve", [town.complete(keys, "eve")])]
    answers = town.ledger.commit(town.now, postings, [rng.randbytes(16) for _ in range(2)])
    assert [len(r) for a in answers for r in a["results"]] == [4, 4], answers               # 1, 2
    assert town.account("eve").cells == [[0, *keys, [town.address["bureau"]], 1, 0, bureau], [1, []], [4, []]]
    # What a change of guardians takes.
    says("malformed-facet", "eve", change(need=3), after)
    says("malformed-facet", "eve", town.st(CHANGED, "eve", [town.address["eve"], next_keys]), after)
    says("issuer-not-named", "bo", change())
    says("not-yours", "bo", change(by="bo"))
    says("next-key", "eve", change(keys=other))
    says("next-key", "eve", change(keys=other), after)
    says("rotation-alone", "eve", change())
    assert [r[0] for r in town.send("eve", [change()] * 2)] == [REFUSALS["rotation-alone"]] * 2
    assert town.send("eve", [change()] * 2, after)[0] == REFUSALS["key-not-current"]
    says("key-not-current", "eve", change(), later)
    says("key-not-current", "eve", town.veto("eve"), after)
    # Not while a guardian and a bureau say the same, whatever keys they mean; after that it takes out every approval.
    says("accepted", "bureau", town.approve("bureau", other, "eve"))                        # 3
    trial = copy.deepcopy(town)
    assert trial.told("eve", trial.veto("eve")) == trial.told("office", trial.approve("office", other, "eve")) == "accepted"
    assert trial.told("eve", change(), after) == "recovery-pending" and trial.told("eve", trial.veto("eve")) == "nothing-pending"
    assert trial.told("eve", trial.complete(other, "eve"), wrong[0][0]) == "accepted"  # (her delay is 0)
    says("accepted", "office", town.approve("office", other, "eve"))                        # 4
    says("rotation-alone", "eve", change())
    says("recovery-pending", "eve", change(), after)
    says("accepted", "office", town.approve("office", next_keys, "eve"))                    # 5
    trial = copy.deepcopy(town)
    assert trial.told("bureau", trial.approve("bureau", next_keys, "eve")) == "accepted"
    assert trial.told("eve", change(), after) == "recovery-pending"
    assert salts_changed(lambda: says("accepted", "eve", change(), after)) == [0, 2]        # 6
    guardians = [town.address["bo"], town.address["cy"]]
    assert town.account("eve").cells == [[0, *next_keys, guardians, 2, 604800, bureau], [1, []], [4, []]]
    says("key-not-current", "eve", town.veto("eve"), present)
    # The bureau is one of many now: it takes 30 days, in which Eve can veto.
    says("accepted", "bureau", town.approve("bureau", other, "eve"))                        # 7
    says("recovery-too-early", "eve", town.complete(other, "eve"), wrong[0][0], record=7)
    says("accepted", "eve", town.veto("eve"), after)                                        # 8
    says("accepted", "bureau", town.approve("bureau", other, "eve"))                        # 9
    due = town.now + 30 * DAY
    says("accepted", "bo", town.approve("bo", another, "eve"))                              # 10
    town.now = due - 61
    says("recovery-too-early", "eve", town.complete(other, "eve"), wrong[0][0], record=9)
    says("accepted", "eve", town.complete(other, "eve"), wrong[0][0])                       # 11
    # Without approvals a change leaves the recovery cell as it is, and makes none.
    second = [public_of(wrong[0][1]), *another[1:]]
    assert salts_changed(lambda: says("accepted", "eve", change((), 0, second), wrong[0][1])) == [0]  # 12
    assert town.account("eve").cells[0][4:7] == [[], 0, 604800]
    says("accepted", "eve", town.pay(5, "mine", SELF, "eve", to="eve"), wrong[0][1])        # 13
    says("accepted", "cy", town.st(CHANGED, "cy", [town.address["cy"], [public_of(town.private["cy"][1]), *other[1:]],
                                                   town.policy(("bo",), 1)]), town.private["cy"][1])
    assert [c[0] for c in town.account("cy").cells] == [0, 1]
    # Kim's opener is the platform, which is no bureau: when she has named Bo it can do no more.
    town.join("kim", ("platform",), 1, 0, "platform")                                       # 0
    says("accepted", "platform", town.approve("platform", keys, "kim"))                     # 1
    says("accepted", "kim", town.complete(keys, "kim"), present)                            # 2
    says("accepted", "kim", town.change(next_keys, ("bo",), 1, "kim"), after)               # 3
    says("not-guardian", "platform", town.approve("platform", other, "kim"))
    says("accepted", "bo", town.approve("bo", other, "kim"))                                # 4
    town.now += 7 * DAY
    says("accepted", "kim", town.complete(other, "kim"), wrong[0][0])                       # 5
    test_absent_proofs(town, wrong[0])


def test_absent_proofs(town, private):
    """Proofs of Eve's and Kim's accounts as test_absent left them. private: whose approved keys are."""
    views = {name: [0, 1] for name in ("bo", "bureau", "office", "platform")}

    def unchecked(name, changes, views=views):
        said = town.verdict(name, changes, views)
        assert said["valid"], said
        return {name for name in town.address if said["issuers"].get(address_text(town.address[name])) == "not checked"}

    def without(name):
        return EVERYTHING - {name}, True, []
    header = None, False, []
    assert unchecked("eve", {11: (EVERYTHING, True, [0, 1, 2])}) == unchecked("kim", {}) == set()
    assert unchecked("kim", {}, {"bo": [0], "platform": [0, 1]}) == set()  # guardians, each at its place
    assert unchecked("eve", {3: header, 4: header, 5: without("keys"), 8: header, 13: header}) == set()
    assert unchecked("eve", {6: without("keys")}) == unchecked("eve", {10: header}) == {"eve"}
    assert unchecked("eve", {6: without("recovery")}) == {"eve", "bureau", "bo"}
    assert unchecked("eve", {0: without("recovery")}) == {"eve", "bureau", "office"}
    assert unchecked("kim", {0: without("recovery")}) == {"kim", "platform"}
    assert unchecked("kim", {3: without("recovery")}) == unchecked("kim", {3: None}) == {"kim", "bo"}
    assert unchecked("kim", {2: None}) == unchecked("kim", {1: None}) == {"kim", "bo"}
    assert town.verdict("eve", {}, {**views, "office": [0]})["failure"] == "bad-issuer"
    # A ledger that lets the opener act as the guardian that it was, that takes a change by the present key, or by another.
    for days, failure in ((1, "bad-issuer"), (31, None)):
        careless = copy.deepcopy(town)
        assert careless.told("office", careless.approve("office", careless.keys(private), "kim")) == "accepted"
        careless.now += days * DAY
        careless.ledger.__class__ = Careless
        assert careless.told("kim", careless.complete(careless.keys(private), "kim"), private[0]) == "accepted"
        assert careless.verdict("kim", {}, views)["failure"] == failure
    for by, to, key, why in (("bo", "bo", 0, "not the key committed to"), ("cy", "kim", 1, "another than the account itself")):
        careless = copy.deepcopy(town)
        careless.ledger.__class__ = Careless
        change = careless.change(careless.keys(careless.private["bo"]), (), 0, by, to)
        assert careless.told(by, change, careless.private[by][key]) == "accepted"
        said = careless.verdict(to, {}, {})
        assert said["failure"] == "bad-issuer" and why in said["why"], said


def note_end(body):
    """Where in a proof's body its checkpoint certainly ends (no signature line is longer than 200 bytes)."""
    return bytes(body).rfind("\u2014".encode()) + 200


def test_reads(rng):
    private, address = rng.randbytes(32), [3, rng.randbytes(32)]
    read = ("GET", "ledger.example", "/v1/accounts/3", "?from=0")
    input, signature = sign_read(private, *read, 1767225600, address)
    base = verify_read(*read, input, signature, public_of(private), 1767225700)
    assert base.split("\n")[:4] == ['"@method": GET', '"@authority": ledger.example', '"@path": /v1/accounts/3', '"@query": ?from=0']
    assert rejects("bad-signature", verify_read, *read, input, signature, public_of(private), 1767226000)
    assert rejects("bad-signature", verify_read, "PUT", *read[1:], input, signature, public_of(private))
    assert rejects("bad-signature", verify_read, *read, input.replace("peal-read", "peal-post"), signature, public_of(private))
    assert rejects("bad-signature", verify_read, *read, input.replace(' "@query"', ""), signature, public_of(private))


def selftest():
    rng = random.Random(1)
    test_encoding()
    test_trees(rng)
    test_keys(rng)
    test_months()
    town = test_ledger(rng)
    test_receipts(town)
    test_trust(town)
    test_proofs(town, rng)
    test_weigh()
    test_recovery(rng)
    test_absent(rng)
    test_reads(rng)
    print("selftest passed")
    return 0


# ---- Command line ---------------------------------------------------------------------------------------------------

def jsonable(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {k: jsonable(v) for k, v in value.items()}
    return [jsonable(v) for v in value] if isinstance(value, (list, tuple)) else value


def show(value):
    print(json.dumps(jsonable(value), ensure_ascii=False, indent=1))


def command_verify(a):
    try:
        ledgers = parse_trust(pathlib.Path(a.trust).read_bytes())
        verdict = verify_proof(pathlib.Path(a.file).read_bytes(), ledgers, int(time.time()) if a.now is None else a.now)
    except (OSError, TrustError, Unusable) as error:
        print(f"unusable: {error}", file=sys.stderr)
        return 2
    show(verdict)
    return 0 if verdict["valid"] else 1


def command_receipt(a):
    try:
        receipt, posting = pathlib.Path(a.receipt).read_bytes(), pathlib.Path(a.posting).read_bytes()
        key = parse_verifier_key(a.key)
    except (OSError, Refusal) as error:
        print(f"unusable: {error}", file=sys.stderr)
        return 2
    try:
        show({"valid": True, "results": check_receipt(receipt, posting, key)})
        return 0
    except (Refusal, Failure) as error:
        show({"valid": False, "failure": error.name, "why": str(error)})
        return 1


def command_open(a):
    public = public_of(a.sign_seed)
    keys = [public, next_key(a.next_public), a.reading_public]
    statement = Statement(a.seed, None, OPENED, a.time, None, None, [None, keys, [[], 0, 604800]])
    return send(a, None, statement, {"id": statement.root(a.origin)})


def command_contribute(a):
    issuer = parse_address(a.issuer)
    facets = [[SOURCES[a.source], issuer, a.reference], [a.insurance, a.scheme, parse_address(a.fund)],
              [a.amount, a.credited, None, a.currency], None]
    statement = Statement(a.seed, parse_address(a.account), CONTRIBUTION, a.time, None, a.month, facets)
    return send(a, issuer, statement, {})


def send(a, issuer, statement, said):
    Statement.of(statement.item()).check_shape()
    statement.check_amount()
    data, digest = make_posting(a.sign_seed, a.origin, issuer, a.posting_id, a.time, [statement])
    check_posting(data, a.origin)
    pathlib.Path(a.out).write_bytes(data)
    print(json.dumps(jsonable({**said, "digest": digest})))
    return 0


def main(arguments=None):
    parser = argparse.ArgumentParser(description="The independent reference implementation of PEAL.")
    commands = parser.add_subparsers(dest="command", required=True)

    def hexes(length):
        def convert(value):
            data = bytes.fromhex(value)
            if len(data) != length:
                raise ValueError
            return data
        return convert

    def add(name, run, help, *options):
        command = commands.add_parser(name, help=help)
        command.set_defaults(run=run)
        for option, *settings in options:
            command.add_argument(option, **(settings[0] if settings else {}))
    word, whole, key, short = ({"type": kind, "required": True} for kind in (str, int, hexes(32), hexes(16)))
    made = (("--origin", word), ("--sign-seed", key), ("--time", whole), ("--posting-id", short), ("--seed", short), ("--out", word))
    add("vectors", lambda a: run_vectors(a.directory), "check every DIR/*/*.json", ("directory",))
    add("verify", command_verify, "the verdict on a proof file", ("file",), ("--trust", word), ("--now", {"type": int}))
    add("receipt", command_receipt, "check a receipt against its posting", ("receipt",), ("posting",), ("--key", word))
    add("open", command_open, "make a self-opening", ("--next-public", key), ("--reading-public", key), *made)
    add("contribute", command_contribute, "make a posting of one contribution", ("--issuer", word), ("--account", word),
        ("--fund", word), ("--source", word | {"choices": list(SOURCES)}), ("--insurance", whole), ("--scheme", word),
        ("--month", whole), ("--amount", whole), ("--credited", whole), ("--currency", word), ("--reference", word), *made)
    add("selftest", lambda a: selftest(), "sanity tests of this program")
    a = parser.parse_args(arguments)
    try:
        return a.run(a)
    except (Refusal, OSError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
