#!/usr/bin/env python3
"""PEAL, version 1: the independent reference implementation.

Written from spec/README.md and spec/moving.md alone; the sections named below are those of the first page, and Moving is
the second. It is meant to be read beside them: plain, small, and slow where slowness is simpler. Needs Python 3.11, cbor2
and cryptography.
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
    "recovery-not-approved": 51, "recovery-too-early": 52, "recovery-pending": 53, "period-in-future": 54,
    "only-void": 55, "beyond-entitlement": 56, "not-settled": 57, "beyond-settled": 58, "beyond-refunded": 59,
    "interest-differs": 60, "beyond-balance": 61, "match-differs": 62, "grant-idle": 63, "not-grantee": 64,
    "grant-over": 65, "beyond-grant": 66, "bureau-unfit": 67, "own-cause": 68, "not-party": 69, "claim-over": 70,
    "not-heard": 71, "remedy-missing": 72, "identity-taken": 73, "link-unfit": 74, "not-closed": 75,
    "departed": 76, "not-due": 77, "money-left": 78, "not-recognised": 79, "not-shown": 80, "arrived-already": 81,
    "not-matched": 82, "move-unfit": 83}


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
END_OF_TIME = 2 ** 40 - 1
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


def identity(salt, id, document):
    """Hash no 11: *identity*, which binds a document to the account of this id without telling it (§5, §8)."""
    return leaf(11, 1, salt, id, document)


def ledger_list(data):
    """Hash no 12: of a trust list, in the ledgers cell (Moving)."""
    return leaf(12, 1, data)


def arrived(origin, id):
    """Hash no 13: the token that an arrival of this account takes (Moving)."""
    return leaf(13, 1, origin, id)


def document(text):
    """Whether a text is COUNTRY:kind:NUMBER (§8, Identity)."""
    return len(text.encode()) <= 64 and re.fullmatch("[A-Z]{2}:[a-z-]+:[A-Z0-9]+", text) is not None


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
APPROVED, VETOED, COMPLETED, CHANGED, IDENTITY = range(8, 13)
ENGAGEMENT, BENEFIT, REFUND, INTEREST = range(13, 17)
CLAIM, RULING = 17, 18
CONSENT, CONSENT_REVOKED, ACCESS = range(21, 24)
LINKED, ERASED = 27, 29
AWARD, RECEIVED, MATCHING, UNASKED, CLAIM_FOR, ANSWERED, CLOSED, REMEDIED, PAID_FOR, WITHDRAWN = range(30, 40)
DEPARTURE, ARRIVAL = 19, 20
MOVED_OUT, MOVED_IN, MOVE_CLOSED, LET_GO, RECOGNISED, TRANSCRIBED = range(40, 46)  # LET_GO: departure-approved

CONTRIBUTIONS = {CONTRIBUTION, MATCHING, PAID_FOR}  # a matching and a paid-for are contributions, too
CLAIMS = {CLAIM, CLAIM_FOR}
SAID_TO_CLAIMS = {ANSWERED, RULING, REMEDIED, CLOSED}  # what is said to a claim, and erased with it
# These, departures and what is transcribed are withdrawn; a link of another's account, and a withdrawal of what another
# said, need role bureau:
BONDS = {IDENTITY, LINKED}
TARGETS = {  # the types that a statement may refer to (§8); a grant is found by its place among the roles
    SETTLEMENT: CONTRIBUTIONS, CORRECTION: {*CONTRIBUTIONS, ENGAGEMENT, AWARD}, BENEFIT: {AWARD},
    REFUND: CONTRIBUTIONS, RECEIVED: CONTRIBUTIONS, MATCHING: CONTRIBUTIONS,
    CONSENT_REVOKED: {CONSENT}, ACCESS: {CONSENT}, CLAIM_FOR: {CONSENT}, PAID_FOR: {CONSENT},
    ANSWERED: CLAIMS, RULING: CLAIMS, REMEDIED: CLAIMS, CLOSED: CLAIMS,
    WITHDRAWN: {*BONDS, DEPARTURE, TRANSCRIBED}, ERASED: {ENGAGEMENT, *CLAIMS},
    MOVED_OUT: {DEPARTURE}, MOVED_IN: {ARRIVAL}, MOVE_CLOSED: {DEPARTURE}, LET_GO: {DEPARTURE}}
ROLES = {  # one of these an issuer needs (§5); of contributions and matchings the source says which, see BONDS, and who
    # erases, or says that something arrived or that a move is closed, in another's account needs role bureau
    OPENED: {PLATFORM, EMPLOYER, BUREAU, AGENT}, SETTLEMENT: {FUND}, ENGAGEMENT: {PLATFORM, EMPLOYER}, BENEFIT: {FUND},
    REFUND: {FUND}, INTEREST: {FUND}, AWARD: {FUND, BUREAU}, RULING: {BUREAU}, UNASKED: {BUREAU},
    IDENTITY: {BUREAU}, MOVED_OUT: {FUND}, MOVED_IN: {FUND}, TRANSCRIBED: {BUREAU}}
# These need a role in force, and none that covers:
WHATEVER_INSURANCE = {OPENED, APPROVED, ENGAGEMENT, RULING, UNASKED, *BONDS, WITHDRAWN, ERASED, ARRIVAL, MOVE_CLOSED, LET_GO,
                      TRANSCRIBED}
A_TRANSFER = 4  # of the kinds of claims
READ, TO_CLAIM, PAY = 1, 2, 3  # the rights of a consent
OUTCOMES = {1: "upheld", 2: "in-part", 3: "rejected"}  # of a ruling


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
WHO_REFERENCE = row(ADDRESS, text(64))
WHO_CONTRIBUTION = row(SOURCE, ADDRESS, text(64))
WORKED = row(opt(COUNT), PERIOD, opt(text(64)))
SUM = row(AMOUNT, CURRENCY)
RETURNED = row(AMOUNT, AMOUNT, CURRENCY)
INTEREST_AMOUNT = row(AMOUNT, CURRENCY, many(row(uint(2 ** 53, 1), uint(13, 1)), 1, 32), uint(1_000_001, 1))
STEPS = many(row(uint(1201, 1), uint(2 ** 53, 1)), 1, 32)
ENTITLEMENT = row(CURRENCY, both(STEPS, lambda v: (sum(months for months, _ in v) <= 1200
                                                   and sum(months * amount for months, amount in v) <= MAX)))
SAYS = text(512)
MONTHS = both(row(MONTH, MONTH), lambda v: v[0] <= v[1])
SHOWING = both(many(COUNT, 0, 32), increasing)  # records of the account
REMEDY = both(many(COUNT, 1, 32), increasing)
CLAIM_FACET = row(uint(6, 1), ADDRESS, ADDRESS, opt(INSURANCE), opt(MONTHS), SHOWING)
ANSWER = row(BOOL, SHOWING)
RULING_FACET = both(row(uint(4, 1), opt(TIME)), lambda v: (v[1] is None) == (OUTCOMES[v[0]] == "rejected"))
RIGHTS = both(many(uint(4, 1), 1, 3), increasing)
PARTS = both(many(uint(6, 1), 0, 5), increasing)
FEW = both(many(INSURANCE, 0, 32), increasing)
CONSENT_FACET = row(ADDRESS, text(128), RIGHTS, FEW, opt(MONTHS), PARTS, TIME, BOOL)
LOOKED = row(text(128), FEW, opt(MONTHS), PARTS)


def blob(most):
    return lambda v: type(v) is bytes and 1 <= len(v) <= most


LIST = blob(8192)
TO = row(ORIGIN, ADDRESS, opt(ADDRESS))
FROM = row(ORIGIN, ADDRESS, opt(COUNT), COUNT, HASH, opt(ADDRESS))
SHOWN_FILE = row(LIST, blob(32768))
MOVED = row(AMOUNT, AMOUNT, AMOUNT, CURRENCY)
LEDGER = row(ORIGIN, opt(LIST))
PAPER = row(INSURANCE, text(32), text(128), MONTHS, AMOUNT, CURRENCY)
READ_FROM = row(text(128), HASH, opt(text(32)))

TYPES = {
    OPENED: Type("opened", False, False, {"who": opt(ADDRESS), "keys": KEYS, "recovery": RECOVERY}),
    ROTATED: Type("rotated", False, False, {"who": ADDRESS, "keys": KEYS}),
    GRANTED: Type("granted", False, False, {"who": ADDRESS, "role": ROLE_FACET}),
    REVOKED: Type("revoked", True, False, {"who": ADDRESS}),
    CONTRIBUTION: Type("contribution", False, True, {"who": WHO_CONTRIBUTION, "what": WHAT,
                                                     "amount": AMOUNT_FACET, "evidence": EVIDENCE}),
    SETTLEMENT: Type("settlement", True, True, {"who": WHO_REFERENCE, "amount": AMOUNT_FACET}),
    CORRECTION: Type("correction", True, True, {"who": row(ADDRESS, text(128)), "amount": opt(AMOUNT_FACET)}),
    APPROVED: Type("recovery-approved", False, False, {"who": ADDRESS, "keys": KEYS}),
    VETOED: Type("recovery-vetoed", False, False, {"who": ADDRESS}),
    COMPLETED: Type("recovery-completed", False, False, {"who": ADDRESS, "keys": KEYS}),
    CHANGED: Type("recovery-changed", False, False, {"who": ADDRESS, "keys": KEYS, "recovery": RECOVERY}),
    ENGAGEMENT: Type("engagement", False, True, {"who": WHO_REFERENCE, "evidence": WORKED, "amount": SUM}),
    BENEFIT: Type("benefit", True, True, {"who": WHO_REFERENCE, "amount": SUM}),
    REFUND: Type("refund", True, True, {"who": WHO_REFERENCE, "amount": RETURNED}),
    INTEREST: Type("interest", False, True, {"who": WHO_REFERENCE, "what": WHAT, "amount": INTEREST_AMOUNT}),
    AWARD: Type("award", False, True, {"who": WHO_REFERENCE, "what": WHAT, "amount": ENTITLEMENT}),
    RECEIVED: Type("refund-received", True, True, {"who": WHO_REFERENCE, "amount": SUM}),
    MATCHING: Type("matching", True, True, {"who": WHO_CONTRIBUTION, "what": WHAT, "amount": AMOUNT_FACET,
                                            "evidence": EVIDENCE}),
    CLAIM: Type("claim", False, False, {"who": ADDRESS, "claim": CLAIM_FACET, "says": SAYS}),
    RULING: Type("ruling", True, False, {"who": ADDRESS, "ruling": RULING_FACET, "says": SAYS}),
    CONSENT: Type("consent-granted", False, False, {"who": ADDRESS, "consent": CONSENT_FACET}),
    CONSENT_REVOKED: Type("consent-revoked", True, False, {"who": ADDRESS}),
    ACCESS: Type("access", True, False, {"who": ADDRESS, "looked": LOOKED}),
    UNASKED: Type("access-unasked", False, False, {"who": ADDRESS, "looked": LOOKED, "says": SAYS}),
    CLAIM_FOR: Type("claim-for", True, False, {"who": ADDRESS, "claim": CLAIM_FACET, "says": SAYS}),
    ANSWERED: Type("claim-answered", True, False, {"who": ADDRESS, "answer": ANSWER, "says": SAYS}),
    CLOSED: Type("claim-closed", True, False, {"who": ADDRESS, "says": SAYS}),
    REMEDIED: Type("claim-remedied", True, False, {"who": ADDRESS, "remedy": REMEDY}),
    PAID_FOR: Type("paid-for", True, True, {"who": WHO_CONTRIBUTION, "what": WHAT, "amount": AMOUNT_FACET,
                                            "evidence": EVIDENCE}),
    IDENTITY: Type("identity-bound", False, False, {"who": ADDRESS, "identity": HASH, "token": HASH}),
    LINKED: Type("account-linked", False, False, {"who": ADDRESS, "link": ADDRESS}),
    WITHDRAWN: Type("withdrawn", True, False, {"who": ADDRESS, "says": SAYS}),
    ERASED: Type("erased", True, False, {"who": ADDRESS, "says": SAYS}),
    DEPARTURE: Type("departure", False, False, {"who": ADDRESS, "to": TO}),
    ARRIVAL: Type("arrival", False, False, {"who": ADDRESS, "from": FROM, "shown": SHOWN_FILE}),
    MOVED_OUT: Type("transferred-out", True, False, {"who": WHO_REFERENCE, "what": WHAT, "moved": MOVED}),
    MOVED_IN: Type("transferred-in", True, False, {"who": WHO_REFERENCE, "what": WHAT, "moved": MOVED, "out": COUNT,
                                                   "shown": SHOWN_FILE}),
    MOVE_CLOSED: Type("move-closed", True, False, {"who": ADDRESS, "shown": SHOWN_FILE}),
    LET_GO: Type("departure-approved", True, False, {"who": ADDRESS}),
    RECOGNISED: Type("ledger-recognised", False, False, {"who": ADDRESS, "ledger": LEDGER}),
    TRANSCRIBED: Type("transcribed", False, False, {"who": WHO_REFERENCE, "paper": PAPER, "source": READ_FROM}),
}
WITH_REFERENCE = {SETTLEMENT, CORRECTION, ENGAGEMENT, BENEFIT, REFUND, INTEREST, AWARD, RECEIVED, MOVED_OUT, MOVED_IN,
                  TRANSCRIBED}  # or with a reason
FRAME = row(B16, opt(ADDRESS), COUNT, TIME, opt(COUNT), opt(MONTH), many(anything))


def named_issuer(type, who):
    """The address that a *who* names."""
    return who[1] if type in CONTRIBUTIONS else who[0] if type in WITH_REFERENCE else who


def currency_of(amount):
    """The currency of any *amount*: the only text in it."""
    return next(v for v in amount if type(v) is str)


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
        """amount-range, for whatever states an amount. (Of work nothing may be earned; the steps of an award are shape.)"""
        if self.type in (MOVED_OUT, MOVED_IN):
            own, pooled, kept, _ = self.get("moved")
            refuse(own + pooled < 1 or own + pooled + kept > MAX, "amount-range", "moved")
        amount = self.get("amount")
        if amount is None or self.type in (ENGAGEMENT, AWARD):
            return
        parted = self.type in (*CONTRIBUTIONS, SETTLEMENT, CORRECTION, REFUND)  # it says which part is credited
        refuse(amount[0] < 1 or parted and amount[1] > amount[0], "amount-range", "amount")

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
# And at most, in the cells of Moving:
OUTS, INS, ARRIVALS, LEDGERS, SHOWN_PARTS = 64, 64, 16, 256, 4
CARRIED = (INSURANCE, CURRENCY, AMOUNT, AMOUNT)  # own and pooled
CELL = either(
    both(row(exactly(0), HASH, HASH, HASH, GUARDIANS, COUNT, TIME, opt(NUMBER)), lambda v: need_fits(v[4], v[5])),
    row(exactly(1), many(row(ROLE, INSURANCES, opt(TIME), COUNT))),
    row(exactly(2), INSURANCE, CURRENCY, AMOUNT, AMOUNT, AMOUNT, AMOUNT),
    row(exactly(3), INSURANCE, many(row(MONTH, uint(2 ** 53, 1))), COUNT, COUNT),
    row(exactly(4), many(row(NUMBER, COUNT, TIME, BOOL, *[HASH] * 3), 0, APPROVALS)),
    row(exactly(5), INSURANCE, CURRENCY, AMOUNT, AMOUNT, AMOUNT, AMOUNT),
    row(exactly(6), opt(row(COUNT, ORIGIN, ADDRESS, TIME, many(row(COUNT, *CARRIED), 0, OUTS), BOOL))),
    row(exactly(7), many(row(COUNT, ORIGIN, ADDRESS, opt(COUNT), COUNT, HASH, many(row(COUNT, COUNT, *CARRIED), 0, INS)),
                         0, ARRIVALS)),
    row(exactly(8), many(row(ORIGIN, opt(HASH)), 0, LEDGERS)))
CELLS = 256  # at most, and beside them those of which there is one of a kind at most:
RECOVERY_CELL, MOVE_CELL, ARRIVALS_CELL, LEDGERS_CELL = BESIDE = (4, 6, 7, 8)


def state_root(cells, salts):
    return root([leaf(6, 1, i, salt, cell) for i, (cell, salt) in enumerate(zip(cells, salts))])


@dataclasses.dataclass
class Entry:
    """What became of a contribution, a matching or a paid-for (§8). A reader of a proof leaves unknown what is withheld: None."""
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
    refunded: int = 0
    refunded_credited: int = 0
    received: int = 0

    def money(self):
        return [self.amount, self.credited, self.base, self.currency]

    def stands(self):
        """Whether it makes its month count (§7): neither void nor refunded whole."""
        return not self.void and not (self.refunded and self.refunded >= self.amount)


@dataclasses.dataclass
class Engagement:
    """What became of an engagement."""
    issuer: int
    month: int
    currency: str
    void: bool = False


@dataclasses.dataclass
class Award:
    """What became of an award."""
    issuer: int
    insurance: int
    month: int  # the first
    fund: int
    currency: str
    steps: list
    void: bool = False
    paid: dict = dataclasses.field(default_factory=dict)  # by month

    def gives(self, month):
        """What it gives in a month; 0 if nothing."""
        begin = month_count(self.month)
        for months, amount in self.steps:
            if begin <= month_count(month) < begin + months:
                return amount
            begin += months
        return 0


@dataclasses.dataclass
class Consent:
    """What became of a consent."""
    grantee: list
    purpose: str
    rights: list
    insurances: list     # none: all
    months: list | None  # None: all
    parts: list
    until: int
    once: bool
    over: bool = False   # revoked or used up

    def holds(self, right, insurances, months, parts):
        """Whether what is done lies within it (§8); of what is done, too, no insurances are all, and None is all months."""
        return (right in self.rights
                and (not self.insurances or bool(insurances) and set(insurances) <= set(self.insurances))
                and (self.months is None or months is not None and self.months[0] <= months[0] and months[1] <= self.months[1])
                and set(parts) <= set(self.parts))


@dataclasses.dataclass
class Claim:
    """What became of a claim or a claim-for."""
    party: list
    bureau: list
    time: int                     # of its record
    state: str = "open"           # the latest of its steps (§8)
    accepts: bool | None = None   # None: not answered
    outcome: int | None = None    # None: not ruled on
    closed: bool = False


@dataclasses.dataclass
class Bond:
    """What became of an identity-bound, an account-linked or a transcribed."""
    issuer: int
    token: bytes | None = None  # of an identity-bound only
    void: bool = False          # withdrawn


@dataclasses.dataclass
class Departure:
    """What became of a departure: who said it and who has approved of it. (Whether it stands is in the move cell.)"""
    issuer: int
    approvals: set = dataclasses.field(default_factory=set)  # account numbers


class Arrival(NamedTuple):
    """What an arrival says of where from."""
    origin: str
    address: list
    departure: int | None


class Move(NamedTuple):
    """A departure as the move cell has it."""
    departure: int
    origin: str
    address: list
    due: int
    outs: list    # [sequence, insurance, currency, own, pooled]
    closed: bool


class Arrived(NamedTuple):
    """An arrival as the arrivals cell has it."""
    arrival: int
    origin: str
    address: list
    departure: int | None
    size: int
    root: bytes
    ins: list     # [sequence, out, insurance, currency, own, pooled]

    def is_of(self, origin, id):
        return self.origin == origin and self.address[1] == id


class Movement(NamedTuple):
    """What a refund, a benefit or interest adds to a fund cell. A reader of a proof leaves unknown what is withheld."""
    type: int
    insurance: int | None
    amount: list | None  # the facet


def totals_cell(entries, insurance, currency):
    mine = [e for e in entries if (e.insurance, e.currency, e.void) == (insurance, currency, False)]
    return [2, insurance, currency, sum(e.amount for e in mine), sum(e.credited for e in mine),
            sum(e.amount for e in mine if e.settled), sum(e.credited for e in mine if e.settled)]


def fund_cell(movements, insurance, currency):
    mine = [m for m in movements if m.insurance == insurance and currency_of(m.amount) == currency]

    def total(type, part=0):
        return sum(m.amount[part] for m in mine if m.type == type)
    return [5, insurance, currency, total(REFUND), total(REFUND, 1), total(BENEFIT), total(INTEREST)]


def next_month(month):
    return month + 1 if month % 100 < 12 else month + 89


def month_count(month):
    """Months since January of year 0."""
    return month // 100 * 12 + month % 100 - 1


def months_cell(entries, insurance):
    mine = [e for e in entries if e.insurance == insurance and e.stands()]
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
        self.records, self.seeds, self.sources = [], [], []  # sources: (statement or None: erased, cose, posting path)
        self.cells, self.salts, self.states = [], [], []     # states: (cells, salts) after each record
        self.entries = {}                                    # by sequence: Entry, Engagement, Award, Consent, Claim, Bond,
                                                             # Departure or Arrival
        self.movements = []                                  # what the fund cells are made of
        self.erased = set()                                  # the sequences of records whose contents are erased

    def contributions(self):
        return [e for e in self.entries.values() if type(e) is Entry]

    @property
    def address(self):
        return [self.number, self.id]

    def key(self):
        return self.cells[0][1]

    def next(self):
        return self.cells[0][2]

    def cell(self, kind, otherwise=None):
        """What is in the cell of a kind of which there is one at most."""
        return next((c[1] for c in self.cells if c[0] == kind), otherwise)

    def set_cell(self, kind, value):
        """Changes such a cell; what first changes it makes it."""
        at = next((i for i, c in enumerate(self.cells) if c[0] == kind), len(self.cells))
        self.cells[at:at + 1] = [[kind, value]]

    def approvals(self):
        return self.cell(RECOVERY_CELL, [])

    def set_approvals(self, approvals):
        self.set_cell(RECOVERY_CELL, approvals)

    def move(self):
        """The departure that stands."""
        there = self.cell(MOVE_CELL)
        return there and Move(*there)

    def set_move(self, move):
        self.set_cell(MOVE_CELL, move and list(move))

    def departed(self, time):
        """Whether a departure is in force."""
        move = self.move()
        return move is not None and time >= move.due

    def keys_change(self, time):
        """A departure that is not due yet falls."""
        if self.move() and not self.departed(time):
            self.set_move(None)

    def arrivals(self):
        return [Arrived(*a) for a in self.cell(ARRIVALS_CELL, [])]

    def set_arrivals(self, arrivals):
        self.set_cell(ARRIVALS_CELL, [list(a) for a in arrivals])

    def balance(self, insurance, currency):
        """What is in the person's own account (Moving)."""
        def moved(rows):
            return sum(r[-2] for r in rows if r[-4:-2] == [insurance, currency])
        _, _, _, _, refunded_credited, _, interest = fund_cell(self.movements, insurance, currency)
        settled_credited = totals_cell(self.contributions(), insurance, currency)[6]
        outs, ins = self.move().outs if self.move() else [], [i for a in self.arrivals() for i in a.ins]
        return max(0, settled_credited - refunded_credited + interest + moved(ins) - moved(outs))

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


TIME_TO_ANSWER = 1_296_000  # a claim (§8): 15 days

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


def interest_due(stretches, rate):
    """(The sum of balance × months) × rate / 12,000,000, half up (§8)."""
    return (sum(balance * months for balance, months in stretches) * rate + 6_000_000) // 12_000_000


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
        self.references = {}               # (issuer, account, type, reference) -> [account, sequence] of the first use
        self.tokens = {}                   # token -> [account, sequence] of the binding that stands
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

    # -- judging: the refusals 20 to 83, in the order of §9, and then the effect on the account (§8)

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

    def demand_here(self, account, time):
        """Refusal 76: that no departure is in force. (Those whom it is said of have few refusals after it.)"""
        move = account.move()
        refuse(account.departed(time), "departed", "address", move and [account.number, move.departure])

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
            self.demand_role(issuer, ROLES[OPENED], None, time)
        opened_by = issuer.number if issuer else None

        def effect(account, _sequence):
            account.cells += [[0, key, after, reading, guardians, need, delay, opened_by], [1, []]]
        return None, effect

    def demand_rotation(self, keys, signed, issuer, account, count):
        """Refusals 26 to 28, common to rotations and changes of guardians."""
        refuse(issuer is not account, "not-yours", "who")
        refuse(next_key(keys[0]) != account.next(), "next-key", "keys")
        refuse(signed.kid != keys[0] or count != 1, "rotation-alone", "keys")

    def judge_rotated(self, st, signed, issuer, account, count, time):
        keys = st.get("keys")
        self.demand_rotation(keys, signed, issuer, account, count)

        def effect(account, _sequence):
            account.cells[0] = [0, *keys, *account.cells[0][4:]]
            account.keys_change(time)
        return account, effect

    def judge_granted(self, st, _signed, issuer, account, _count, time):
        refuse(issuer.number != 0, "not-registrar", "who")
        self.demand_here(account, time)

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
        """A contribution, a matching or a paid-for."""
        source = st.get("who")[0]
        insurance, amount = st.get("what")[0], st.get("amount")
        if st.type == CONTRIBUTION:
            refuse(source == SELF and issuer is not account, "not-yours", "who")
        else:  # a matching never, and a paid-for always, is of source self
            refuse((source == SELF) != (st.type == PAID_FOR), "not-yours", "who")
        matched = self.target(account, st) if st.type == MATCHING else None
        consent = self.target(account, st) if st.type == PAID_FOR else None
        if source != SELF:
            self.demand_role(issuer, {ROLE_OF_SOURCE[source]}, insurance, time)
        self.demand_month(st, time)
        st.check_amount()
        fund = self.demand_fund(st, time)
        if matched:
            self.demand_not_void(account, st, matched)
            refuse(st.month != matched.month, "month-differs", "month")
        slot = self.demand_reference(st, issuer, account)
        entry = Entry(issuer.number, insurance, st.month, fund.number, *amount)
        self.demand_total(account, entry)
        self.demand_room(account, [2, insurance, entry.currency], [3, insurance])
        refuse(matched and insurance != matched.insurance, "match-differs", "what")
        if consent:
            self.demand_consent(account, st, consent, issuer, time, PAY, "what", [insurance], [st.month, st.month])
        self.demand_here(account, time)

        def effect(account, sequence):
            account.entries[sequence] = entry
            self.references[slot] = [account.number, sequence]
            if consent:
                self.use(account, st, consent)
        return account, effect

    judge_matching = judge_paid_for = judge_contribution

    def demand_month(self, st, time):
        refuse(st.month > next_month(month_of(time)), "month-in-future", "month")

    def demand_fund(self, st, time):
        """The account of the fund in *what*."""
        insurance, _, address = st.get("what")
        fund = self.find(address)
        unfit = fund is None or role_trouble(fund.cells[1][1], {FUND}, insurance, time)
        refuse(unfit, "fund-unfit", "what")
        return fund

    def demand_reference(self, st, issuer, account):
        """The reference's place among those that are taken; matchings and paid-fors share those of contributions."""
        kind = CONTRIBUTION if st.type in CONTRIBUTIONS else st.type
        slot = (issuer.number, account.number, kind, st.get("who")[-1])
        refuse(slot in self.references, "reference-taken", "who", self.references.get(slot))
        return slot

    def demand_total(self, account, new, old=None):
        entries = [e for e in account.contributions() if e is not old] + [new]
        total = totals_cell(entries, new.insurance, new.currency)
        refuse(max(total[3:]) > MAX, "total-overflow", "amount")

    def demand_movement(self, account, movement):
        """Refusals 45 and 46 of benefits and interest."""
        currency = currency_of(movement.amount)
        total = fund_cell([*account.movements, movement], movement.insurance, currency)
        refuse(max(total[5:]) > MAX, "total-overflow", "amount")
        self.demand_room(account, [5, movement.insurance, currency])

    def demand_room(self, account, *wanted):
        """That the account has the cells that begin like this, or has room for them."""
        counted = [c for c in account.cells if c[0] not in BESIDE]
        new = [w for w in wanted if not any(c[:len(w)] == w for c in counted)]
        refuse(len(counted) + len(new) > CELLS, "state-full", "what")

    def target(self, account, st):
        """What became of the record that a statement refers to."""
        there = st.refers < len(account.records) and account.records[st.refers].type in TARGETS[st.type]
        there = there and (st.type == ERASED or st.refers not in account.erased)
        refuse(not there, "target-missing", "refers")
        return account.entries[st.refers]

    def demand_not_void(self, account, st, entry):
        refuse(entry.void, "target-void", "refers", [account.number, st.refers])

    def demand_same(self, st, entry):
        """Refusals 41 and 42."""
        refuse(entry.month != st.month, "month-differs", "month")
        amount = st.get("amount")
        other = type(entry) is Entry and amount and currency_of(amount) != entry.currency
        refuse(other, "currency-differs", "amount")

    def demand_open(self, account, st, entry):
        """Refusals 37 and 39 to 42, common to settlements and corrections."""
        st.check_amount()
        self.demand_not_void(account, st, entry)
        refuse(type(entry) is Entry and entry.settled, "settled", "refers", [account.number, st.refers])
        self.demand_same(st, entry)

    def judge_settlement(self, st, _signed, issuer, account, _count, time):
        entry = self.target(account, st)
        self.demand_role(issuer, ROLES[SETTLEMENT], entry.insurance, time)
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
        if amount is None:
            after = dataclasses.replace(entry, void=True)
        else:
            refuse(type(entry) is Entry and amount == entry.money(), "amount-differs", "amount")
            refuse(type(entry) is not Entry, "only-void", "amount")
            values = dict(zip(("amount", "credited", "base", "currency"), amount))
            after = dataclasses.replace(entry, **values)
            self.demand_total(account, after, entry)

        def effect(account, _sequence):
            account.entries[st.refers] = after
        return account, effect

    def judge_engagement(self, st, _signed, issuer, account, _count, time):
        self.demand_role(issuer, ROLES[ENGAGEMENT], None, time)
        self.demand_month(st, time)
        slot = self.demand_reference(st, issuer, account)
        _, end = st.get("evidence")[1]
        refuse(end > time + 600, "period-in-future", "evidence")
        self.demand_here(account, time)

        def effect(account, sequence):
            account.entries[sequence] = Engagement(issuer.number, st.month, currency_of(st.get("amount")))
            self.references[slot] = [account.number, sequence]
        return account, effect

    def judge_award(self, st, _signed, issuer, account, _count, time):
        insurance = st.get("what")[0]
        self.demand_role(issuer, ROLES[AWARD], insurance, time)
        fund = self.demand_fund(st, time)
        slot = self.demand_reference(st, issuer, account)
        self.demand_here(account, time)

        def effect(account, sequence):
            account.entries[sequence] = Award(issuer.number, insurance, st.month, fund.number, *st.get("amount"))
            self.references[slot] = [account.number, sequence]
        return account, effect

    def judge_benefit(self, st, _signed, issuer, account, _count, time):
        award, amount = self.target(account, st), st.get("amount")
        self.demand_role(issuer, ROLES[BENEFIT], award.insurance, time)
        refuse(award.fund != issuer.number, "not-fund", "who")
        self.demand_month(st, time)
        st.check_amount()
        self.demand_not_void(account, st, award)
        refuse(currency_of(amount) != award.currency, "currency-differs", "amount")
        slot = self.demand_reference(st, issuer, account)
        movement = Movement(BENEFIT, award.insurance, amount)
        self.demand_movement(account, movement)
        gives, paid = award.gives(st.month), award.paid.get(st.month, 0) + amount[0]
        refuse(not gives, "beyond-entitlement", "month", [account.number, st.refers])
        refuse(paid > gives, "beyond-entitlement", "amount", [account.number, st.refers])

        def effect(account, sequence):
            account.entries[st.refers] = dataclasses.replace(award, paid={**award.paid, st.month: paid})
            account.movements.append(movement)
            self.references[slot] = [account.number, sequence]
        return account, effect

    def judge_refund(self, st, _signed, issuer, account, _count, time):
        entry, amount = self.target(account, st), st.get("amount")
        self.demand_role(issuer, ROLES[REFUND], entry.insurance, time)
        refuse(entry.fund != issuer.number, "not-fund", "who")
        st.check_amount()
        self.demand_not_void(account, st, entry)
        self.demand_same(st, entry)
        slot = self.demand_reference(st, issuer, account)
        self.demand_room(account, [5, entry.insurance, entry.currency])  # (more than was settled is not refunded: no overflow)
        refuse(not entry.settled, "not-settled", "refers", [account.number, st.refers])
        refunded, credited = entry.refunded + amount[0], entry.refunded_credited + amount[1]
        left, left_credited = entry.amount - refunded, entry.credited - credited
        refuse(left < 0 or left_credited < 0 or left_credited > left, "beyond-settled", "amount", [account.number, st.refers])
        outs = account.move().outs if account.move() else []
        refuse(outs and amount[1] > account.balance(entry.insurance, entry.currency), "beyond-balance", "amount")

        def effect(account, sequence):
            account.entries[st.refers] = dataclasses.replace(entry, refunded=refunded, refunded_credited=credited)
            account.movements.append(Movement(REFUND, entry.insurance, amount))
            self.references[slot] = [account.number, sequence]
        return account, effect

    def judge_refund_received(self, st, _signed, issuer, account, _count, _time):
        entry = self.target(account, st)
        refuse(entry.issuer != issuer.number, "not-issuer", "who")
        st.check_amount()
        self.demand_same(st, entry)
        slot = self.demand_reference(st, issuer, account)
        received = entry.received + st.get("amount")[0]
        refuse(received > entry.refunded, "beyond-refunded", "amount", [account.number, st.refers])

        def effect(account, sequence):
            account.entries[st.refers] = dataclasses.replace(entry, received=received)
            self.references[slot] = [account.number, sequence]
        return account, effect

    def judge_interest(self, st, _signed, issuer, account, _count, time):
        insurance, _, fund_address = st.get("what")
        amount, currency, stretches, rate = st.get("amount")
        self.demand_role(issuer, ROLES[INTEREST], insurance, time)
        refuse(fund_address != issuer.address, "not-fund", "who")
        self.demand_month(st, time)
        st.check_amount()
        slot = self.demand_reference(st, issuer, account)
        movement = Movement(INTEREST, insurance, st.get("amount"))
        self.demand_movement(account, movement)
        refuse(amount != interest_due(stretches, rate), "interest-differs", "amount")
        balance = account.balance(insurance, currency)
        refuse(any(b > balance for b, _ in stretches), "beyond-balance", "amount")
        self.demand_here(account, time)

        def effect(account, sequence):
            account.movements.append(movement)
            self.references[slot] = [account.number, sequence]
        return account, effect

    # Consents (§8)

    def demand_consent(self, account, st, consent, issuer, time, right, field, insurances, months, parts=()):
        """Refusals 64 to 66: that what is done may be done by the consent."""
        refuse(consent.grantee != issuer.address, "not-grantee", "who")
        refuse(consent.over or time >= consent.until, "grant-over", "refers", [account.number, st.refers])
        refuse(not consent.holds(right, insurances, months, parts), "beyond-grant", field)

    def use(self, account, st, consent):
        """The effect on a consent of what was done by it."""
        account.entries[st.refers] = dataclasses.replace(consent, over=consent.once)

    def judge_consent_granted(self, st, _signed, issuer, account, _count, time):
        refuse(issuer is not account, "not-yours", "who")
        consent = Consent(*st.get("consent"))
        refuse(consent.until <= time or consent.grantee[0] == account.number, "grant-idle", "consent")

        def effect(account, sequence):
            account.entries[sequence] = consent
        return account, effect

    def judge_consent_revoked(self, st, _signed, issuer, account, _count, _time):
        refuse(issuer is not account, "not-yours", "who")
        consent = self.target(account, st)
        refuse(consent.over, "grant-over", "refers", [account.number, st.refers])  # (one that has ended may be revoked)

        def effect(account, _sequence):
            account.entries[st.refers] = dataclasses.replace(consent, over=True)
        return account, effect

    def judge_access(self, st, _signed, issuer, account, _count, time):
        consent = self.target(account, st)
        _purpose, insurances, months, parts = st.get("looked")
        self.demand_consent(account, st, consent, issuer, time, READ, "looked", insurances, months, parts)

        def effect(account, _sequence):
            self.use(account, st, consent)
        return account, effect

    def judge_access_unasked(self, _st, _signed, issuer, account, _count, time):
        self.demand_role(issuer, ROLES[UNASKED], None, time)
        return account, lambda account, _sequence: None

    # Claims (§8)

    def demand_records(self, account, field, named, above=-1):
        """That the account has the records that a facet names (they rise)."""
        refuse(named and not above < named[0] <= named[-1] < len(account.records), "target-missing", field)

    def judge_claim(self, st, _signed, issuer, account, _count, time):
        """A claim or a claim-for."""
        kind, party, bureau, insurance, months, records = st.get("claim")
        refuse(st.type == CLAIM and issuer is not account, "not-yours", "who")
        consent = self.target(account, st) if st.type == CLAIM_FOR else None
        self.demand_records(account, "claim", records)
        if consent:
            insurances = [] if insurance is None else [insurance]
            self.demand_consent(account, st, consent, issuer, time, TO_CLAIM, "claim", insurances, months)
        ruler = self.find(bureau)
        refuse(not ruler or role_trouble(ruler.cells[1][1], {BUREAU}, insurance, time), "bureau-unfit", "claim")
        # The issuer is the account itself, or its grantee, who may be neither of the two, either.
        apart = len({account.number, party[0], bureau[0]}) == 3 and issuer.number not in (party[0], bureau[0])
        refuse(not apart, "own-cause", "claim")
        if kind != A_TRANSFER:
            self.demand_here(account, time)

        def effect(account, sequence):
            account.entries[sequence] = Claim(party, bureau, time)
            if consent:
                self.use(account, st, consent)
        return account, effect

    judge_claim_for = judge_claim

    def step(self, st, claim, state, **changes):
        """The effect of a step of a claim."""
        def effect(account, _sequence):
            account.entries[st.refers] = dataclasses.replace(claim, state=state, **changes)
        return effect

    def judge_claim_answered(self, st, _signed, issuer, account, _count, _time):
        claim, (accepts, records) = self.target(account, st), st.get("answer")
        self.demand_records(account, "answer", records)
        refuse(issuer.address != claim.party, "not-party", "who")
        over = claim.accepts is not None or claim.outcome or claim.closed
        refuse(over, "claim-over", "refers", [account.number, st.refers])
        return account, self.step(st, claim, "answered", accepts=accepts)

    def judge_ruling(self, st, _signed, issuer, account, _count, time):
        claim, (outcome, _by) = self.target(account, st), st.get("ruling")
        self.demand_role(issuer, ROLES[RULING], None, time)
        refuse(issuer.address != claim.bureau, "not-party", "who")
        refuse(claim.outcome or claim.closed, "claim-over", "refers", [account.number, st.refers])
        heard = claim.accepts is not None or time >= claim.time + TIME_TO_ANSWER
        refuse(not heard, "not-heard", "refers", [account.number, st.refers])
        return account, self.step(st, claim, OUTCOMES[outcome], outcome=outcome)

    def judge_claim_remedied(self, st, _signed, issuer, account, _count, _time):
        claim = self.target(account, st)
        self.demand_records(account, "remedy", st.get("remedy"), st.refers)
        refuse(issuer.address != claim.party, "not-party", "who")
        due = OUTCOMES[claim.outcome] != "rejected" if claim.outcome else claim.accepts
        refuse(claim.closed or not due, "claim-over", "refers", [account.number, st.refers])
        return account, self.step(st, claim, "remedied")

    def judge_claim_closed(self, st, _signed, issuer, account, _count, _time):
        claim = self.target(account, st)
        refuse(issuer is not account and issuer.address != claim.bureau, "not-party", "who")
        refuse(claim.closed, "claim-over", "refers", [account.number, st.refers])
        done = issuer is account or claim.state in ("rejected", "remedied")
        refuse(not done, "remedy-missing", "refers", [account.number, st.refers])
        return account, self.step(st, claim, "closed", closed=True)

    # Identity (§8)

    def judge_identity_bound(self, st, _signed, issuer, account, _count, time):
        token = st.get("token")
        self.demand_role(issuer, ROLES[IDENTITY], None, time)
        refuse(token in self.tokens, "identity-taken", "token", self.tokens.get(token))
        self.demand_here(account, time)

        def effect(account, sequence):
            account.entries[sequence] = Bond(issuer.number, token)
            self.tokens[token] = [account.number, sequence]
        return account, effect

    def judge_account_linked(self, st, _signed, issuer, account, _count, time):
        if issuer is not account:
            self.demand_role(issuer, {BUREAU}, None, time)
        refuse(self.find(st.get("link")) in (None, account), "link-unfit", "link")

        def effect(account, sequence):
            account.entries[sequence] = Bond(issuer.number)
        return account, effect

    def judge_withdrawn(self, st, _signed, issuer, account, _count, time):
        bond = self.target(account, st)
        departure = type(bond) is Departure
        stands = departure and self.stands(account, st)
        if issuer.number != bond.issuer or stands and account.departed(time):
            self.demand_role(issuer, {BUREAU}, None, time)
        if departure:
            self.demand_stands(account, st)
            refuse(account.move().outs, "money-left", "refers", [account.number, st.refers])
            return account, lambda account, _sequence: account.set_move(None)
        self.demand_not_void(account, st, bond)

        def effect(account, _sequence):
            account.entries[st.refers] = dataclasses.replace(bond, void=True)
            self.tokens.pop(bond.token, None)
        return account, effect

    # Erasure (§8)

    def judge_erased(self, st, _signed, issuer, account, _count, time):
        entry = self.target(account, st)
        if issuer is not account:
            self.demand_role(issuer, {BUREAU}, None, time)
        refuse(st.refers in account.erased, "target-void", "refers", [account.number, st.refers])
        refuse(type(entry) is Claim and not entry.closed, "not-closed", "refers", [account.number, st.refers])
        steps = [r.sequence for r in account.records if r.refers == st.refers and r.type in SAID_TO_CLAIMS]

        def effect(account, _sequence):
            account.erased.update([st.refers, *steps])
            for n in (st.refers, *steps):
                account.sources[n] = (None, *account.sources[n][1:])
        return account, effect

    # Recovery (§8)

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
            account.keys_change(time)
        return account, effect

    def judge_recovery_changed(self, st, signed, issuer, account, count, time):
        keys, recovery = st.get("keys"), st.get("recovery")
        self.demand_rotation(keys, signed, issuer, account, count)
        refuse(any(weigh(account.approvals(), a[4:], self.rules(account))[1] for a in account.approvals()),
               "recovery-pending", "recovery")

        def effect(account, _sequence):
            account.cells[0] = [0, *keys, *recovery, account.cells[0][7]]
            if account.approvals():  # (there may be no recovery cell)
                account.set_approvals([])
            account.keys_change(time)
        return account, effect

    # Moving

    def is_bureau(self, account, time):
        return not role_trouble(account.cells[1][1], {BUREAU}, None, time)

    def demand_watcher(self, address, field, time):
        """Refusal 67 of departures and arrivals: that the bureau that is named, if one is, is one."""
        watcher = address and self.find(address)
        refuse(address and (not watcher or not self.is_bureau(watcher, time)), "bureau-unfit", field)

    def stands(self, account, st):
        """Whether the departure that a statement refers to stands."""
        return account.move() is not None and account.move().departure == st.refers

    def demand_stands(self, account, st, more=True):
        refuse(not self.stands(account, st) or not more, "target-void", "refers", [account.number, st.refers])

    def judge_departure(self, st, _signed, issuer, account, _count, time):
        origin, address, bureau = st.get("to")
        refuse(issuer is not account, "not-yours", "who")
        self.demand_watcher(bureau, "to", time)
        move = account.move()
        refuse(move, "departed", "address", move and [account.number, move.departure])  # in force or not
        bound = account.number == 0 or any(in_force(r, time) for r in account.cells[1][1])
        refuse(bound or origin == self.origin, "move-unfit", "to")
        due = min(time + account.cells[0][6], END_OF_TIME)

        def effect(account, sequence):
            account.entries[sequence] = Departure(issuer.number)
            account.set_move(Move(sequence, origin, address, due, [], False))
        return account, effect

    def judge_departure_approved(self, st, _signed, issuer, account, _count, time):
        departure = self.target(account, st)
        numbers, need, _ = self.rules(account)
        guardian = issuer.number in numbers
        knows = issuer.address in account.cells[0][4] if guardian else self.is_bureau(issuer, time)
        self.demand_stands(account, st)
        refuse(not knows or issuer is account, "not-guardian", "who")
        again = account.departed(time) or issuer.number in departure.approvals
        refuse(again, "already-approved", "refers", [account.number, st.refers])
        by_guardians = sum(number in numbers for number in departure.approvals) + guardian
        enough = not guardian or by_guardians >= max(need, 1)

        def effect(account, _sequence):
            account.entries[st.refers] = dataclasses.replace(departure, approvals=departure.approvals | {issuer.number})
            if enough:
                account.set_move(account.move()._replace(due=time))
        return account, effect

    def judge_arrival(self, st, _signed, issuer, account, _count, time):
        origin, address, departure, size, root_, bureau = st.get("from")
        if issuer is not account:
            self.demand_role(issuer, {BUREAU}, None, time)
        arrivals, token = account.arrivals(), arrived(origin, address[1])
        old = next((a for a in arrivals if a.is_of(origin, address[1])), None)
        refuse(not old and len(arrivals) >= ARRIVALS, "state-full", "from")
        self.demand_watcher(bureau, "from", time)
        self.demand_here(account, time)
        body, trust = self.demand_shown(st, origin, address, time)
        refuse(not self.shows_departure(st, account, issuer, body, trust, time), "not-shown", "shown")
        again = old and size > old.size and (departure in (None, old.departure) or not old.ins)
        refuse(token in self.tokens and not again, "arrived-already", "from", self.tokens.get(token))

        def effect(account, sequence):
            account.entries[sequence] = Arrival(origin, address, departure)
            if old:
                account.set_arrivals([a._replace(size=size, root=root_, departure=old.departure if departure is None else departure)
                                      if a == old else a for a in arrivals])
            else:
                account.set_arrivals([*arrivals, Arrived(sequence, origin, address, departure, size, root_, [])])
            self.tokens[token] = [account.number, sequence]  # (the last one of this account)
        return account, effect

    def demand_shown(self, st, origin, address, time):
        """Refusals 79 and 80: the proof that is shown, of this account of that ledger, and what its list says of it."""
        data, file = st.get("shown")
        trust = only_ledger(data, origin)
        recognised = dict(self.accounts[0].cell(LEDGERS_CELL, []))
        refuse(not trust or recognised.get(origin) != ledger_list(data), "not-recognised", "shown")
        try:
            body = examine(file, {origin: trust}, time, {})[0]
        except (Failure, Unusable) as error:
            raise Refusal("not-shown", "shown") from error
        refuse(body.subject.address != address or max(len(body.coses), len(body.views)) > SHOWN_PARTS, "not-shown", "shown")
        return body, trust

    def shows_departure(self, st, account, issuer, body, trust, time):
        """What an arrival demands of what is shown."""
        _, _, departure, size, root_, _ = st.get("from")
        view = body.subject
        if (view.size, view.root) != (size, root_):
            return False
        last = view.by_sequence.get(view.size - 1)
        if departure is None:
            move = last and last.cell(MOVE_CELL)
            gone = move and move[1] and move[1][3] <= body.time and move[1][1:3] != [self.origin, account.address]
            return (issuer is not account and bool(trust.final) and (body.size, body.root) in [*trust.pins, trust.final]
                    and last is not None and not gone)
        if time - body.time > trust.fresh:
            return False
        there = view.by_sequence.get(departure)
        if not there or not last or there.record.type != DEPARTURE or "to" not in there.facets or not there.signed:
            return False
        control, move = there.cell(0), last.cell(MOVE_CELL)
        if not control or control[1] != there.signed.kid or there.facets["to"][:2] != [self.origin, account.address]:
            return False
        return move is not None and move[1] is not None and move[1][0] == departure and move[1][3] <= body.time

    def judge_transferred_out(self, st, _signed, issuer, account, _count, time):
        self.target(account, st)
        (insurance, _, fund), (own, pooled, _, currency) = st.get("what"), st.get("moved")
        self.demand_role(issuer, ROLES[MOVED_OUT], insurance, time)
        refuse(fund != issuer.address, "not-fund", "who")
        st.check_amount()
        self.demand_stands(account, st)
        slot = self.demand_reference(st, issuer, account)
        move = account.move()
        refuse(len(move.outs) >= OUTS, "state-full", "who")
        refuse(own > account.balance(insurance, currency), "beyond-balance", "moved")
        refuse(not account.departed(time), "not-due", "refers", [account.number, st.refers])

        def effect(account, sequence):
            account.set_move(move._replace(outs=[*move.outs, [sequence, insurance, currency, own, pooled]], closed=False))
            self.references[slot] = [account.number, sequence]
        return account, effect

    def judge_transferred_in(self, st, _signed, issuer, account, _count, time):
        there = self.target(account, st)
        refuse(all(a[0] != st.refers for a in account.arrivals()), "target-missing", "refers")
        (insurance, _, fund), (own, pooled, _, currency), out = st.get("what"), st.get("moved"), st.get("out")
        self.demand_role(issuer, ROLES[MOVED_IN], insurance, time)
        refuse(fund != issuer.address, "not-fund", "who")
        st.check_amount()
        slot = self.demand_reference(st, issuer, account)
        arrivals = account.arrivals()
        mine = next(a for a in arrivals if a.is_of(there.origin, there.address[1]))
        refuse(account.balance(insurance, currency) + own > MAX, "total-overflow", "moved")
        refuse(len(mine.ins) >= INS, "state-full", "who")
        body, _ = self.demand_shown(st, there.origin, there.address, time)
        told = body.subject.by_sequence.get(out)
        same = (told and told.record.type == MOVED_OUT and told.record.refers == mine.departure and told.proved
                and told.facets.get("what", [None])[0] == insurance and told.facets.get("moved") == st.get("moved"))
        refuse(not same, "not-shown", "shown")
        before = next((i[0] for i in mine.ins if i[1] == out), None)
        refuse(before is not None, "arrived-already", "out", [account.number, before])

        def effect(account, sequence):
            ins = [*mine.ins, [sequence, out, insurance, currency, own, pooled]]
            account.set_arrivals([a._replace(ins=ins) if a == mine else a for a in arrivals])
            self.references[slot] = [account.number, sequence]
        return account, effect

    def judge_move_closed(self, st, _signed, issuer, account, _count, time):
        self.target(account, st)
        if issuer is not account:
            self.demand_role(issuer, {BUREAU}, None, time)
        move = account.move()
        self.demand_stands(account, st, more=not (move and move.closed))
        waiting = any(c[0] == 2 and c[3] > c[5] for c in account.cells)
        refuse(waiting and issuer is account, "not-settled", "refers", [account.number, st.refers])
        refuse(not account.departed(time), "not-due", "refers", [account.number, st.refers])
        body, _ = self.demand_shown(st, move.origin, move.address, time)
        last = body.subject.by_sequence.get(body.subject.size - 1)
        cell = last and last.cell(ARRIVALS_CELL)
        refuse(not cell, "not-shown", "shown")
        there = next((a for a in map(Arrived._make, cell[1])
                      if (a.origin, a.address, a.departure) == (self.origin, account.address, st.refers)), None)
        refuse(not there or not all(out in [i[1:] for i in there.ins] for out in move.outs), "not-matched", "shown")
        return account, lambda account, _sequence: account.set_move(move._replace(closed=True))

    def judge_ledger_recognised(self, st, _signed, issuer, account, _count, _time):
        origin, data = st.get("ledger")
        refuse(issuer.number != 0, "not-registrar", "who")
        ledgers = account.cell(LEDGERS_CELL, [])
        known = origin in [name for name, _ in ledgers]
        refuse(not known and len(ledgers) >= LEDGERS, "state-full", "ledger")
        refuse(account.number != 0, "move-unfit", "address")
        refuse(origin == self.origin or data is not None and not only_ledger(data, origin), "move-unfit", "ledger")
        new = [origin, data and ledger_list(data)]

        def effect(account, _sequence):
            account.set_cell(LEDGERS_CELL, [new if old[0] == origin else old for old in ledgers] + [new] * (not known))
        return account, effect

    def judge_transcribed(self, st, _signed, issuer, account, _count, time):
        self.demand_role(issuer, ROLES[TRANSCRIBED], None, time)
        _first, last = st.get("paper")[3]
        refuse(last > next_month(month_of(time)), "month-in-future", "paper")
        slot = self.demand_reference(st, issuer, account)
        self.demand_here(account, time)

        def effect(account, sequence):
            account.entries[sequence] = Bond(issuer.number)
            self.references[slot] = [account.number, sequence]
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
        refresh_sums(account.cells, account.contributions(), account.movements)
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
        """A view of §14. shown: {sequence: (facets shown or None for a header, link?, [cell indexes])}.

        What is erased is a header, whatever is asked for."""
        account, directory = self.accounts[number], [a.directory_leaf() for a in self.accounts]
        items = []
        for sequence in sorted(shown):
            facets, linked, indexes = shown[sequence]
            st, cose, path = account.sources[sequence]
            opening = link = None
            if facets is not None and st:
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


def refresh_sums(cells, entries, movements):
    """Brings the totals, months and fund cells up to date; new ones are appended, totals before months (§7)."""
    for i, cell in enumerate(cells):
        if cell[0] == 2:
            cells[i] = totals_cell(entries, cell[1], cell[2])
        elif cell[0] == 3:
            cells[i] = months_cell(entries, cell[1])
        elif cell[0] == 5:
            cells[i] = fund_cell(movements, cell[1], cell[2])
    for entry in entries:
        if not any(c[0] == 2 and c[1:3] == [entry.insurance, entry.currency] for c in cells):
            cells.append(totals_cell(entries, entry.insurance, entry.currency))
        if not any(c[0] == 3 and c[1] == entry.insurance for c in cells):
            cells.append(months_cell(entries, entry.insurance))
    for _, insurance, amount in movements:
        if not any(c[:3] == [5, insurance, currency_of(amount)] for c in cells):
            cells.append(fund_cell(movements, insurance, currency_of(amount)))


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
                row(uint(84, 20), lambda v: type(v) is str, opt(row(NUMBER, COUNT))))
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


def only_ledger(data, origin):
    """What a trust list says that names this ledger and no other; None where it does not."""
    try:
        ledgers = parse_trust(data)
    except TrustError:
        return None
    return ledgers[origin] if [*ledgers] == [origin] else None


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
        found = examine(data, ledgers, now, verdict)
    except Failure as failure:
        verdict.update(failure=failure.name, why=str(failure))
        return verdict
    verdict.update(valid=True, **findings(*found, now))
    return verdict


def examine(data, ledgers, now, verdict):
    """The checks, in their order; the first that does not hold is the Failure. Gives what the findings are made of."""
    body = Body(data)                                                                              # 1
    trust, seen = check_head(body, ledgers, verdict, now)                                          # 2 to 6
    every = [body.subject, *body.views]
    for number, view in enumerate(every):                                                          # 7
        check_account(view, body)
        check(view.number not in [v.number for v in every[1:number]], "bad-account", "issuer twice")
    pairs = [(view, shown) for view in every for shown in view.shown]
    for view, shown in pairs:                                                                      # 8
        check_opening(view, shown, trust.origin)
    for view, shown in pairs:                                                                      # 9
        check_link(shown, body.coses, trust.origin)
    for view, shown in pairs:                                                                      # 10
        check_source(shown)
        shown.proved = shown.signed is not None and check_issuer(body, view, shown)
    for view, shown in pairs:                                                                      # 11
        check_cells(shown)
    history = [check_references(view) for view in every][0]                                        # 12
    return body, trust, seen, history, check_totals(body.subject, history)                         # 13


def check_head(body, ledgers, verdict, now):
    origin = body.note.split("\n")[0]
    trust = ledgers.get(origin)
    check(trust, "unknown-ledger", origin)
    verdict["origin"] = origin
    try:
        _, size, log_root = _, body.size, body.root = parse_checkpoint(parse_note(body.note)[0])
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
    return trust, seen


def check_account(view, body):
    check(view.number < body.directory_size, "bad-directory", "number")
    records = [s.record for s in view.shown]
    try:
        view.root = set_root([r.sequence for r in records], [record_leaf(r) for r in records], view.size, view.proof)
    except Refusal as refusal:
        raise Failure("bad-account", refusal.field) from refusal
    leaf_hash = leaf(4, 1, view.number, view.blind, view.id, view.size, view.root)
    check(included(leaf_hash, view.number, body.directory_size, view.path, body.directory_root), "bad-directory")
    before = None
    for r in records:
        check(r.account == view.number, "bad-account", "account")
        check(r.log_index < body.size - 1 and r.time <= body.time, "bad-account", "log index or time beyond the head")
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


def check_source(shown):
    """No matching, and every paid-for, is of source self, whoever has signed it."""
    if "who" in shown.facets and shown.record.type in (MATCHING, PAID_FOR):
        check((shown.facets["who"][0] == SELF) == (shown.record.type == PAID_FOR), "bad-issuer", "source")


def check_issuer(body, view, shown):
    """Whether the issuer's key and role are proved; False when there is no view to check them by (§14)."""
    r, signed = shown.record, shown.signed
    bad = "bad-issuer"
    own = signed.issuer is None or signed.issuer == view.address
    by_source = r.type in (CONTRIBUTION, MATCHING)  # (a paid-for takes no role)
    source = shown.facets["who"][0] if by_source and "who" in shown.facets else None
    only_own = source == SELF or r.type in (ROTATED, VETOED, COMPLETED, CHANGED, CLAIM, CONSENT, CONSENT_REVOKED, DEPARTURE)
    check(own or not only_own, bad, "another than the account itself")
    if r.type == CLOSED and not own:
        claim = target_of(view, r)
        named = claim and claim.facets.get("claim")
        check(not named or signed.issuer == named[2], bad, "neither the account itself nor the bureau")
    check(r.type not in (GRANTED, REVOKED, RECOGNISED) or signed.issuer[0] == 0, bad, "not the registrar")
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
        needs_role = r.type in ROLES or r.type in (APPROVED, LET_GO) or by_source and source != SELF
        needs_role = needs_role or r.type == WITHDRAWN and said_by(view, r) != view.address
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
    wanted, about = ROLES.get(r.type, set()), shown
    if by_source and source != SELF:
        if source is None:
            return False
        wanted = {ROLE_OF_SOURCE[source]}
    elif r.type in (SETTLEMENT, BENEFIT, REFUND):
        about = target_of(view, r)
    elif r.type in (APPROVED, LET_GO):
        rules = recovery_rules(view, r.sequence)
        if rules is None:
            return False
        wanted = set() if signed.issuer in rules[0] else {BUREAU}
    elif r.type in (LINKED, ERASED, ARRIVAL, MOVE_CLOSED):
        wanted = {BUREAU}
    elif r.type == WITHDRAWN:
        by = said_by(view, r)
        if by is None:
            return False
        wanted = set() if signed.issuer == by else {BUREAU}
    if wanted:
        what = about.facets.get("what") if about else None
        if what is None and r.type not in WHATEVER_INSURANCE:
            return False
        roles = state.cell(1) if state else None
        check(roles and not role_trouble(roles[1], wanted, what and what[0], r.time), bad, "role")
    return True


def target_of(view, record):
    """What a record refers to, if it is shown and of a type that the record may refer to."""
    target = view.by_sequence.get(record.refers)
    return target if target and target.record.type in TARGETS[record.type] else None


def said_by(view, record):
    """Who signed what a record refers to, where that is shown; else None."""
    target = target_of(view, record)
    return target and signer(target)


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
    unclear: bool = False  # the last correction is shown without its amount: voided, or another amount
    told: int = 0          # the record that gives its amount: its own, or that of its last correction or settlement
    refunds: list = dataclasses.field(default_factory=list)   # the amounts of its refunds, None where withheld
    receipts: list = dataclasses.field(default_factory=list)  # likewise of what was received of them


@dataclasses.dataclass
class SeenOther:
    """An engagement, an award, a binding of an identity, a link, a departure, an arrival or what is transcribed, as a proof
    shows it."""
    type: int
    void: bool = False
    unclear: bool = False  # the amount of a correction is withheld
    benefits: list = dataclasses.field(default_factory=list)  # the amounts of an award's benefits, None where withheld


@dataclasses.dataclass
class History:
    """What the records of a view say together: by sequence the entries, the others (see SeenOther), and the states of claims;
    what makes the fund cells; and the sequences that erasures refer to."""
    entries: dict
    others: dict
    claims: dict
    movements: list
    erased: set


def check_references(view):
    """The History of a view."""
    history = History({}, {}, {}, [], set())
    for shown in view.shown:
        r, amount, insurance = shown.record, shown.facets.get("amount"), shown.facets.get("what", [None])[0]
        target = view.by_sequence.get(r.refers) if r.type in TARGETS else None
        check(target or r.type not in TARGETS or shown.opening is None, "bad-reference", "target not shown")
        if target:
            check(target.record.type in TARGETS[r.type], "bad-reference", "type of the target")
            same_month = target.record.month == r.month
            check(same_month or r.type in (BENEFIT, PAID_FOR, ERASED), "bad-reference", "month of the target")
        by, rightful = signer(shown), rightful_signers(view, shown, target)
        check(not by or not rightful or by in rightful, "bad-reference", "issuer")
        check(not target or r.refers not in history.erased, "bad-reference", "erased before")
        if r.type == ERASED:  # (what it refers to may be hidden, and still is known to be erased)
            history.erased.add(r.refers)
        elif target and target.record.type in CLAIMS:
            history.claims[r.refers] = claim_state(shown)
        elif target and target.record.type != CONSENT:
            check_reference(view, history, shown, target)
            if r.type in (BENEFIT, REFUND):
                insurance = target.facets.get("what", [None])[0]
        if r.type in CONTRIBUTIONS:
            history.entries[r.sequence] = Seen(None, insurance, r.month, None, *amount or [None] * 4, told=r.sequence)
        elif r.type in (ENGAGEMENT, AWARD, *BONDS, DEPARTURE, ARRIVAL, TRANSCRIBED):
            history.others[r.sequence] = SeenOther(r.type)
        elif r.type in CLAIMS:
            history.claims[r.sequence] = "open"
        elif r.type in (BENEFIT, REFUND, INTEREST):
            history.movements.append(Movement(r.type, insurance, amount))
    return history


def signer(shown):
    """Who signed a record: known from its posting, else from *who*, else not."""
    if shown.signed:
        return shown.signed.issuer
    return named_issuer(shown.record.type, shown.facets["who"]) if "who" in shown.facets else None


def rightful_signers(view, shown, target):
    """Those one of whom has signed a record, where what it refers to (or of interest and transfers: itself) shows them; else
    None."""
    def named(about, facet, place):
        return [about.facets[facet][place]] if about and facet in about.facets else None

    type = shown.record.type
    if type in (INTEREST, MOVED_OUT, MOVED_IN):
        return named(shown, "what", 2)
    if type in (SETTLEMENT, REFUND, BENEFIT):
        return named(target, "what", 2)
    if type in (CORRECTION, RECEIVED):
        return [signer(target)] if target and signer(target) else None
    if type in (ACCESS, CLAIM_FOR, PAID_FOR):
        return named(target, "consent", 0)
    if type in (ANSWERED, REMEDIED):
        return named(target, "claim", 1)
    if type == RULING:
        return named(target, "claim", 2)
    if type == CLOSED:
        bureau = named(target, "claim", 2)
        return bureau and [*bureau, view.address]
    return None


def claim_state(shown):
    """What a step makes of its claim."""
    if shown.record.type == RULING:
        return OUTCOMES[shown.facets["ruling"][0]] if "ruling" in shown.facets else "not-known"
    return {ANSWERED: "answered", REMEDIED: "remedied", CLOSED: "closed"}[shown.record.type]


def check_reference(view, history, shown, target):
    """One record that refers to an entry or to one of the others (see SeenOther), and what it makes of that one."""
    r, facets, amount = shown.record, shown.facets, shown.facets.get("amount")
    entry = history.entries.get(r.refers) or history.others[r.refers]
    contribution = target.record.type in CONTRIBUTIONS
    if r.type in (SETTLEMENT, CORRECTION):
        check(not entry.void and not (contribution and entry.settled), "bad-reference", "void or settled")
    elif r.type in (MATCHING, BENEFIT, WITHDRAWN, MOVED_OUT, MOVE_CLOSED, LET_GO):
        check(not entry.void, "bad-reference", "void")
    elif r.type == REFUND:  # (its settlement may be one of the records between, if any is hidden)
        check(entry.settled or hidden_between(view, r.refers, r.sequence), "bad-reference", "not settled")
    if r.type == SETTLEMENT and amount and entry.amount is not None:  # (likewise a correction)
        same = amount == entry.money()
        check(same or hidden_between(view, entry.told, r.sequence), "bad-reference", "amount")
    if r.type in (BENEFIT, REFUND, RECEIVED) and amount:
        theirs = target.facets.get("amount") if r.type == BENEFIT else entry.amount is not None and entry.money()
        check(not theirs or currency_of(theirs) == currency_of(amount), "bad-reference", "currency")
    if r.type == CORRECTION and not contribution:
        check(amount is None, "bad-reference", "an engagement or an award is only voided")
    if r.type == MATCHING and "what" in facets and entry.insurance is not None:
        check(facets["what"][0] == entry.insurance, "bad-reference", "insurance")
    if r.type == SETTLEMENT:
        entry.settled, entry.unclear = True, False
    elif r.type == CORRECTION:
        entry.unclear = "amount" not in facets
        entry.void = not entry.unclear and amount is None
        if contribution:
            entry.corrected = True
    elif r.type == REFUND:
        entry.refunds.append(amount and amount[0])
        entry.refunded = sum(a or 0 for a in entry.refunds)
    elif r.type == RECEIVED:
        entry.receipts.append(amount and amount[0])
    elif r.type == BENEFIT:
        entry.benefits.append(amount and amount[0])
    elif r.type == WITHDRAWN:
        entry.void = True
    if contribution and (r.type == SETTLEMENT and amount or r.type == CORRECTION and not entry.void):
        entry.amount, entry.credited, entry.base, entry.currency = amount or [None] * 4
        entry.told = r.sequence


def check_totals(view, history):
    """[(sequence, cell, basis)] for the opened totals, months and fund cells."""
    entries, complete, result = history.entries, len(view.shown) == view.size, []
    for shown in view.shown:
        for _, _, _, cell, _ in shown.cells:
            if cell[0] not in (2, 3, 5):
                continue
            enough = complete and shown.record.sequence == view.size - 1
            if cell[0] == 5:
                enough = enough and all(m.insurance for m in history.movements)
                enough = enough and all(m.amount for m in history.movements if m.insurance == cell[1])
            else:
                mine = [e for e in entries.values() if e.insurance == cell[1]]
                enough = enough and all(e.void or e.insurance for e in entries.values())
                enough = enough and not any(e.unclear for e in mine)
            if cell[0] == 2:
                enough = enough and all(e.void or e.amount is not None for e in mine)
            if cell[0] == 3:  # whether one that was refunded is refunded whole
                enough = enough and all(e.amount is not None and None not in e.refunds for e in mine if e.refunds)
            if enough:
                again = (fund_cell(history.movements, cell[1], cell[2]) if cell[0] == 5 else
                         totals_cell(mine, cell[1], cell[2]) if cell[0] == 2 else months_cell(mine, cell[1]))
                check(again == cell, "bad-total", "recomputed")
            result.append((shown.record.sequence, cell, "recomputed" if enough else "asserted by the ledger"))
    return result


def hidden_between(view, first, last):
    return any(n not in view.by_sequence for n in range(first + 1, last))


def hidden_later(view, sequence):
    """Whether a record after this one is hidden."""
    return sum(s.record.sequence > sequence for s in view.shown) < view.size - 1 - sequence


def standing(view, sequence, entry):
    if hidden_later(view, sequence) or entry.unclear:
        return "not known"
    return "void" if entry.void else "settled" if entry.settled else "corrected" if entry.corrected else "standing"


def sum_known(view, sequence, amounts):
    """What amounts of later records come to; None where one is withheld or hidden."""
    return None if hidden_later(view, sequence) or None in amounts else sum(amounts)


def findings_on_entry(view, sequence, e):
    said = {"sequence": sequence, "month": e.month, "insurance": e.insurance, "amount": e.amount, "credited": e.credited,
            "base": e.base, "currency": e.currency, "standing": standing(view, sequence, e)}
    if e.refunds or e.receipts:
        said.update(refunded=sum_known(view, sequence, e.refunds), received=sum_known(view, sequence, e.receipts))
    return said


def findings_on_others(view, others):
    """On engagements and awards that are shown with contents; nothing where there are none."""
    def void(sequence, other):
        return None if hidden_later(view, sequence) or other.unclear else other.void
    shown = [(n, o) for n, o in sorted(others.items()) if view.by_sequence[n].opening is not None]
    words = {None: "not-known", True: "void", False: "standing"}
    engagements = [words[void(n, o)] for n, o in shown if o.type == ENGAGEMENT]
    awards = [{"void": void(n, o), "paid": sum_known(view, n, o.benefits)} for n, o in shown if o.type == AWARD]
    return {name: said for name, said in (("engagements", engagements), ("awards", awards)) if said}


def findings_on_claims(view, claims):
    """The states of claims that are shown with contents; nothing where there are none."""
    states = ["not-known" if hidden_later(view, n) else state for n, state in sorted(claims.items())
              if view.by_sequence[n].opening is not None]
    return {"claims": states} if states else {}


def findings_on_bonds(view, others):
    """On bindings of an identity and links that are shown, with contents or as headers; nothing where there are none."""
    found = {"identities": [], "links": []}
    for n, other in sorted(others.items()):
        shown = view.by_sequence[n]
        if other.type not in BONDS:
            continue
        by, facets = (None, {}) if shown.opening is None else (signer(shown), shown.facets)
        said = {"sequence": n, "issuer": by and address_text(by)}
        if other.type == IDENTITY:
            said["commitment"] = facets["identity"].hex() if "identity" in facets else None
        else:
            said["other"] = address_text(facets["link"]) if "link" in facets else None
        said["stands"] = None if hidden_later(view, n) else not other.void
        found["identities" if other.type == IDENTITY else "links"].append(said)
    return {name: said for name, said in found.items() if said}


def departure_stands(view, sequence, departure):
    """Whether a departure stands; None where that is not known: because a later record is hidden, or keys changed after it and
    nothing that refers to it since says that it stood."""
    if departure.void:
        return False
    if hidden_later(view, sequence):
        return None
    later = [shown.record for shown in view.shown if shown.record.sequence > sequence]
    changed = max([r.sequence for r in later if r.type in (ROTATED, COMPLETED, CHANGED)], default=None)
    under = [r.sequence for r in later if r.type in (MOVED_OUT, MOVE_CLOSED) and r.refers == sequence]
    return True if changed is None or any(at > changed for at in under) else None


def findings_on_moving(view, others):
    """On what is said of moving and shown with contents; nothing where there is none."""
    found = {"departures": [], "arrivals": [], "transfers": [], "moves_closed": [], "transcribed": []}
    for shown in view.shown:
        r, facets = shown.record, shown.facets
        if shown.opening is None:
            continue
        said = {"sequence": r.sequence}
        if r.type == DEPARTURE:
            origin, address, _ = facets.get("to", [None] * 3)
            found["departures"].append(said | {"origin": origin, "address": address and address_text(address),
                                               "stands": departure_stands(view, r.sequence, others[r.sequence])})
        elif r.type == ARRIVAL:
            origin, address, departure, size, root_, _ = facets.get("from", [None] * 6)
            found["arrivals"].append(said | {"origin": origin, "address": address and address_text(address),
                                             "departure": departure, "size": size, "root": root_ and root_.hex()})
        elif r.type in (MOVED_OUT, MOVED_IN):
            own, pooled, kept, currency = facets.get("moved", [None] * 4)
            insurance = facets.get("what", [None])[0]
            found["transfers"].append(said | {"type": TYPES[r.type].name, "insurance": insurance, "own": own, "pooled": pooled,
                                              "kept": kept, "currency": currency})
        elif r.type == MOVE_CLOSED:
            found["moves_closed"].append(r.sequence)
        elif r.type == TRANSCRIBED:
            insurance, _, _, months, amount, currency = facets.get("paper", [None] * 6)
            stands = None if hidden_later(view, r.sequence) else not others[r.sequence].void
            found["transcribed"].append(said | {"insurance": insurance, "months": months, "amount": amount,
                                                "currency": currency, "stands": stands})
    return {name: said for name, said in found.items() if said}


def findings(body, trust, seen, history, totals, now):
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
        "entries": [findings_on_entry(view, n, e) for n, e in sorted(history.entries.items())
                    if view.by_sequence[n].opening is not None],
        **findings_on_others(view, history.others), **findings_on_bonds(view, history.others),
        **findings_on_claims(view, history.claims), **({"erased": sorted(history.erased)} if history.erased else {}),
        **findings_on_moving(view, history.others),
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


def run_identity(v):
    demand(document(v["document"]), "malformed")
    same("commitment", v["commitment"], identity(bytes.fromhex(v["salt"]), bytes.fromhex(v["id"]), v["document"]).hex())


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
           "proof": run_proof, "signed-read": run_signed_read, "identity": run_identity}


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


EVERYTHING = {name for kind in TYPES.values() for name in kind.facets}


class Town:
    """A small ledger with a registrar, a fund, a platform and a worker, for the tests below."""

    def __init__(self, rng, origin="ledger.example/test"):
        self.rng, self.now, self.ids = rng, 1767225600, {}
        self.operator, self.origin = rng.randbytes(32), origin
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

    def give(self, name, role, insurances=(), until=None):
        return self.send("registrar", [self.st(GRANTED, name, [self.address["registrar"], [role, [*insurances], until]])])

    def pay(self, amount, reference, source=1, by="platform", month=202601, to="worker", insurance=1, fund="fund"):
        return self.st(CONTRIBUTION, to, [[source, self.address[by], reference], [insurance, "cn-basic", self.address[fund]],
                                          [amount, amount // 2, None, "CNY"], None], month=month)

    def settle(self, refers, amount, month=202601, currency="CNY"):
        return self.st(SETTLEMENT, "worker", [[self.address["fund"], "transfer"], [amount, amount // 2, None, currency]],
                       refers, month)

    def correct(self, refers, amount, by="platform"):
        new = amount and [amount, amount // 2, None, "CNY"]
        return self.st(CORRECTION, "worker", [[self.address[by], "mistyped"], new], refers, 202601)

    def what(self, insurance, fund):
        return [insurance, "cn-basic", self.address[fund]]

    def match(self, refers, amount, reference, source=2, by="employer", month=202601, insurance=1, fund="fund", currency="CNY",
              to="worker"):
        return self.st(MATCHING, to, [[source, self.address[by], reference], self.what(insurance, fund),
                                      [amount, amount // 2, None, currency], None], refers, month)

    def refund(self, refers, amount, credited, reference, by="fund", month=202601, currency="CNY", to="worker"):
        return self.st(REFUND, to, [[self.address[by], reference], [amount, credited, currency]], refers, month)

    def receive(self, refers, amount, reference, by="platform", month=202601, currency="CNY", to="worker"):
        return self.st(RECEIVED, to, [[self.address[by], reference], [amount, currency]], refers, month)

    def interest(self, amount, stretches, rate, reference, by="fund", month=202601, insurance=1, fund="fund", to="worker"):
        return self.st(INTEREST, to, [[self.address[by], reference], self.what(insurance, fund),
                                      [amount, "CNY", stretches, rate]], month=month)

    def engage(self, amount, period, reference, by="employer", month=202601):
        return self.st(ENGAGEMENT, "worker", [[self.address[by], reference], [None, period, None], [amount, "CNY"]], month=month)

    def award(self, steps, reference, by="bureau", month=202511, insurance=1, fund="fund", currency="CNY", to="worker"):
        return self.st(AWARD, to, [[self.address[by], reference], self.what(insurance, fund), [currency, steps]], month=month)

    def benefit(self, refers, amount, reference, by="fund", month=202512, currency="CNY", to="worker"):
        return self.st(BENEFIT, to, [[self.address[by], reference], [amount, currency]], refers, month)

    def void(self, refers, by, month, amount=None):
        return self.st(CORRECTION, "worker", [[self.address[by], "mistaken"], amount], refers, month)

    def consent(self, grantee, rights, insurances=(), months=None, parts=(), until=None, once=False, by="worker"):
        facet = [self.address[grantee], "to help", [*rights], [*insurances], months, [*parts], until or self.now + 90 * DAY, once]
        return self.st(CONSENT, "worker", [self.address[by], facet])

    def take_back(self, refers, by="worker"):
        return self.st(CONSENT_REVOKED, "worker", [self.address[by]], refers)

    def look(self, refers, insurances=(), months=None, parts=(), by="union"):
        return self.st(ACCESS, "worker", [self.address[by], ["to see", [*insurances], months, [*parts]]], refers)

    def look_unasked(self, by):
        return self.st(UNASKED, "worker", [self.address[by], ["to audit", [1], None, [3]], "by order of the court"])

    def claim(self, party="platform", bureau="bureau", insurance=1, months=None, records=(), by="worker", to="worker", refers=None):
        """A claim, or where it refers to a consent, a claim-for."""
        facet = [1, self.address[party], self.address[bureau], insurance, months, [*records]]
        return self.st(CLAIM if refers is None else CLAIM_FOR, to, [self.address[by], facet, "January is missing"], refers)

    def answer(self, refers, accepts, records=(), by="platform"):
        return self.st(ANSWERED, "worker", [self.address[by], [accepts, [*records]], "so it is"], refers)

    def rule(self, refers, outcome, by="bureau"):
        until = None if OUTCOMES[outcome] == "rejected" else self.now + 30 * DAY
        return self.st(RULING, "worker", [self.address[by], [outcome, until], "so ruled"], refers)

    def remedy(self, refers, records, by="platform"):
        return self.st(REMEDIED, "worker", [self.address[by], [*records]], refers)

    def close(self, refers, by="worker"):
        return self.st(CLOSED, "worker", [self.address[by], "done"], refers)

    def pay_for(self, refers, amount, reference, by="union", month=202512, insurance=1, fund="fund", source=SELF):
        return self.st(PAID_FOR, "worker", [[source, self.address[by], reference], self.what(insurance, fund),
                                            [amount, amount // 2, None, "CNY"], None], refers, month)

    def bind(self, token, by="bureau", to="worker", salt=bytes(16), document="CN:resident-id:11010519491231002X"):
        return self.st(IDENTITY, to, [self.address[by], identity(salt, self.address[to][1], document), token])

    def link(self, other, by="worker", to="worker"):
        return self.st(LINKED, to, [self.address[by], self.address[other]])

    def withdraw(self, refers, by="bureau", to="worker"):
        return self.st(WITHDRAWN, to, [self.address[by], "mistaken"], refers)

    def erase(self, refers, by="worker", to="worker", says="nobody's business"):
        return self.st(ERASED, to, [self.address[by], says], refers)

    # Moving: there is the other town.

    def depart(self, there, by="worker", bureau=None, to=None):
        facet = [there.origin, there.address["worker"], bureau and self.address[bureau]]
        return self.st(DEPARTURE, to or by, [self.address[by], facet])

    def let_go(self, by, refers, to="worker"):
        return self.st(LET_GO, to, [self.address[by]], refers)

    def arrive(self, there, departure, shown, by="worker", bureau=None, **other):
        account = there.account("worker")
        facet = {"origin": there.origin, "address": there.address["worker"], "departure": departure, "size": len(account.records),
                 "root": root(account.leaves()), "bureau": bureau and self.address[bureau]} | other
        return self.st(ARRIVAL, "worker", [self.address[by], [*facet.values()], shown])

    def move_out(self, refers, moved, reference, by="fund", insurance=1, currency="CNY", to="worker"):
        return self.st(MOVED_OUT, to, [[self.address[by], reference], self.what(insurance, by), [*moved, currency]], refers)

    def move_in(self, refers, moved, out, reference, shown, by="fund", insurance=1, currency="CNY"):
        return self.st(MOVED_IN, "worker", [[self.address[by], reference], self.what(insurance, by), [*moved, currency], out, shown],
                       refers)

    def close_move(self, refers, shown, by="worker"):
        return self.st(MOVE_CLOSED, "worker", [self.address[by], shown], refers)

    def recognise(self, origin, data, by="registrar", to="registrar"):
        return self.st(RECOGNISED, to, [self.address[by], [origin, data]])

    def transcribe(self, reference, by="bureau", months=(199001, 199512), to="worker"):
        paper = [1, "cn-basic", "a works long gone", [*months], 0, "CNY"]
        return self.st(TRANSCRIBED, to, [[self.address[by], reference], paper, ["work book", bytes(32), None]])

    def trust(self, *more):
        return trust_text(self, *more).encode()

    def shows(self, contents=(), cells=(), name="worker", fund=None, trust=None):
        """A *shown*: of the worker's account the records with contents and the last, whose cells of these kinds are opened (or
        those of other records: {sequence: kinds}), and a fund's view."""
        account, last = self.account(name), len(self.account(name).records) - 1
        cells = cells if type(cells) is dict else {last: cells}

        def opened(n):
            return [i for i, c in enumerate(account.states[n][0]) if c[0] in cells.get(n, ())]
        shown = {n: (EVERYTHING - {"shown"} if n in contents else None, n in contents, opened(n)) for n in {*contents, *cells, last}}
        views = {self.address[fund][0]: {n: (None, False, [0, 1]) for n in range(len(self.account(fund).records))}} if fund else {}
        return [trust or self.trust(), self.ledger.proof(self.address[name][0], shown, views)]

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
        """accepted, or the name of the refusal of a statement or its posting; self.field and self.record are then what
        it names."""
        answer = self.send(by, [statement], key)
        result, self.field, self.record = answer if type(answer[0]) is int else answer[0], None, None
        if len(result) == 4:
            return "accepted"
        code, self.field, self.record = result
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
        ("worker", town.st(24, "worker", []), "unknown-type"), ("worker", town.st(REVOKED, "worker", [None], 1), "malformed-facet")]
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


def test_fund_shapes():
    """The facets of engagements, awards, benefits, refunds and interest (§5)."""
    who = [[3, bytes(32)], "r"]
    good = {"who": who, "what": [1, "s", [1, bytes(32)]]}
    kinds = {ENGAGEMENT: {"evidence": [None, [5, 5], None], "amount": [0, "CNY"]}, BENEFIT: {"amount": [0, "CNY"]},
             REFUND: {"amount": [0, 1, "CNY"]}, INTEREST: {"amount": [0, "CNY", [[MAX, 12]] * 32, 1_000_000]},
             AWARD: {"amount": ["CNY", [[1200, 1]]]}, RECEIVED: {"amount": [MAX, "CNY"]}}
    for type, facets in kinds.items():
        assert all(shape((good | facets)[name]) for name, shape in TYPES[type].facets.items()), type
    assert TYPES[MATCHING].facets.keys() == TYPES[CONTRIBUTION].facets.keys() and TYPES[MATCHING].refers
    bad = [
        (ENGAGEMENT, "evidence", [None, [1, None, None], [None, None, "p"], [1, [2, 1], None], [None, [1, 2]]]),
        (ENGAGEMENT, "amount", [None, [1], [-1, "CNY"], [MAX + 1, "CNY"], [1, "cny"], [1, 0, "CNY"], [1, 0, None, "CNY"]]),
        (ENGAGEMENT, "who", [who[0], [who[0], ""], [who[0], "r" * 65], [1, *who]]), (MATCHING, "who", [who]),
        (BENEFIT, "amount", [None, [1, 1, "CNY"]]), (RECEIVED, "amount", [None, ["CNY", 1]]),
        (REFUND, "amount", [None, [1, "CNY"], [1, None, "CNY"], [1, 0, None, "CNY"]]),
        (INTEREST, "amount", [[1, "CNY", stretches, rate] for stretches, rate in (
            ([], 1), ([[1, 1]] * 33, 1), ([[0, 1]], 1), ([[1, 0]], 1), ([[1, 13]], 1), ([[1]], 1), ([[1, 1]], 0),
            ([[1, 1]], 1_000_001), ([[MAX + 1, 1]], 1))]),
        (AWARD, "amount", [["CNY", steps] for steps in (
            [], [[1, 1]] * 33, [[0, 1]], [[1, 0]], [[1201, 1]], [[600, 1], [601, 1]], [[2, 2 ** 52]], [[1, MAX], [1, 1]])])]
    for type, name, values in bad:
        assert not any(map(TYPES[type].facets[name], values)), (type, name)
    assert ENTITLEMENT(["CNY", [[1, MAX]]]) and ENTITLEMENT(["CNY", [[600, 1], [600, 1]]])
    award = Award(0, 1, 202611, 1, "CNY", [[2, 900], [1, 700]])
    assert [award.gives(m) for m in (202610, 202611, 202612, 202701, 202702)] == [0, 900, 900, 700, 0]  # the page's example
    halves = (5, 6, 18, 30, 29)  # 5/12, 1/2, 3/2, 5/2 and 29/12: half up
    assert [interest_due([[b, 1]], 1_000_000) for b in halves] == [0, 1, 2, 3, 2]
    assert interest_due([[1_000_000, 12]], 30_000) == 30_000 and interest_due([[1_000_000, 1]], 25_000) == 2083
    assert CELL([5, 1, "CNY", 0, 0, 0, 1]) and not CELL([5, 1, "CNY", 0, 0, 0]) and not CELL([5, 0, "CNY", 0, 0, 0, 0])
    entries = [Entry(1, 1, 202601, 1, 5, 2, None, "CNY", True, refunded=r) for r in (5, 4)]
    assert months_cell(entries[:1], 1) == [3, 1, [], 0, 0] and months_cell(entries, 1) == [3, 1, [[202601, 1]], 1, 1]
    assert totals_cell(entries, 1, "CNY") == [2, 1, "CNY", 10, 4, 10, 4]


def test_fund(rng):
    """The worker's account sees every type that a fund, a payer of wages and a bureau have: 13 to 16 and 30 to 32."""
    town = Town(rng)
    for name in ("employer", "bureau", "second", "medical", "former", "temp"):
        town.join(name)
    town.give("employer", EMPLOYER, (1, 2))
    town.give("bureau", BUREAU)
    town.give("second", FUND)
    town.give("medical", FUND, (2,))
    town.give("former", FUND, (), town.now)
    town.give("temp", EMPLOYER, (), town.now)
    worker = town.account("worker")
    totals, months, fund = 2, 3, 4  # where the cells are

    def says(expected, by, statement, field=None, record=None):
        """What the ledger says; record is a sequence in the worker's account."""
        said = town.told(by, statement)
        named = None if record is None else [statement.address[0], record]
        assert (said, town.field, town.record) == (expected, field, named), (said, town.field, town.record, expected)

    def accepted(by, statement, *changed):
        """Accepts it as one more record, and changes these cells and no others."""
        before = list(town.account("worker").salts)
        says("accepted", by, statement)
        salts = town.account("worker").salts
        assert [i for i, salt in enumerate(salts) if [salt] != before[i:i + 1]] == [*changed], salts

    def cell(index):
        return town.account("worker").cells[index]
    accepted("platform", town.pay(1000, "c1"), totals, months)                              # record 1
    accepted("platform", town.pay(600, "c2", month=202512), totals, months)                 # 2

    # Matchings: the payer's part beside the person's.
    says("malformed-facet", "employer", town.match(None, 5, "m"), "refers")
    says("not-yours", "worker", town.match(99, 5, "m", SELF, "worker"), "who")
    says("target-missing", "fund", town.match(0, 5, "m", by="fund"), "refers")
    says("target-missing", "employer", town.match(3, 5, "m"), "refers")
    says("role-missing", "employer", town.match(1, 5, "m", 1, month=202603), "who")
    says("role-not-covering", "employer", town.match(1, 5, "m", insurance=3), "who")
    says("role-expired", "temp", town.match(1, 5, "m", by="temp"), "who")
    says("month-in-future", "employer", town.match(1, 0, "m", month=202603), "month")
    says("amount-range", "employer", town.match(1, 0, "m", fund="worker"), "amount")
    says("fund-unfit", "employer", town.match(1, 5, "m", month=202512, fund="medical"), "what")
    says("month-differs", "platform", town.match(1, 5, "c1", 1, "platform", 202512), "month")
    says("reference-taken", "platform", town.match(1, MAX, "c1", 1, "platform"), "who", 1)
    says("total-overflow", "employer", town.match(1, MAX, "m"), "amount")
    says("match-differs", "employer", town.match(1, 5, "m", insurance=2), "what")
    key = VerifierKey(town.origin, ED25519, public_of(town.operator))
    assert check_receipt(town.ledger.receipt(town.digest), town.data, key) == [[62, "what", None]]
    accepted("employer", town.match(1, 200, "m1"), totals)                                  # 3
    assert cell(totals) == [2, 1, "CNY", 1800, 900, 0, 0] and cell(months) == [3, 1, [[202512, 2]], 2, 0]
    says("reference-taken", "employer", town.pay(5, "m1", 2, "employer"), "who", 3)
    says("not-issuer", "platform", town.correct(3, None), "who")
    trial = copy.deepcopy(town)  # one matches a matching, in another currency; both are corrected and voided as any other
    assert trial.told("platform", trial.match(3, 9, "m2", 1, "platform", currency="EUR")) == "accepted"
    assert trial.told("employer", trial.correct(3, 220, "employer")) == "accepted"
    assert trial.told("platform", trial.match(4, 9, "m3", 1, "platform")) == "accepted"
    assert trial.told("platform", trial.correct(4, 5)) == "currency-differs"
    assert trial.told("platform", trial.correct(4, None)) == "accepted"
    assert trial.account("worker").cells[totals:] == [[2, 1, "CNY", 1829, 914, 0, 0], [3, 1, [[202512, 2]], 2, 0],
                                                      [2, 1, "EUR", 0, 0, 0, 0]]

    accepted("fund", town.settle(3, 200), totals, months)                                   # 4
    accepted("fund", town.settle(1, 1000), totals)                                          # 5
    assert cell(totals) == [2, 1, "CNY", 1800, 900, 1200, 600] and cell(months) == [3, 1, [[202512, 2]], 2, 1]

    # Refunds: the fund gives back (part of) what was settled.
    says("target-missing", "platform", town.refund(4, 5, 0, "f", "platform"), "refers")
    says("role-missing", "platform", town.refund(1, 5, 0, "f", "platform"), "who")
    says("role-not-covering", "medical", town.refund(1, 5, 0, "f", "medical"), "who")
    says("role-expired", "former", town.refund(1, 5, 0, "f", "former"), "who")
    says("not-fund", "second", town.refund(1, 0, 0, "f", "second"), "who")
    says("amount-range", "fund", town.refund(1, 0, 0, "f", month=202512), "amount")
    says("amount-range", "fund", town.refund(1, 5, 6, "f"), "amount")
    says("month-differs", "fund", town.refund(1, 5, 0, "f", month=202512, currency="EUR"), "month")
    says("currency-differs", "fund", town.refund(1, 5000, 0, "f", currency="EUR"), "amount")
    says("not-settled", "fund", town.refund(2, 601, 300, "f", month=202512), "refers", 2)
    says("beyond-settled", "fund", town.refund(1, 1001, 500, "f"), "amount", 1)
    says("beyond-settled", "fund", town.refund(1, 600, 501, "f"), "amount", 1)
    says("beyond-settled", "fund", town.refund(1, 600, 50, "f"), "amount", 1)  # (of 400 left, 450 would be credited)
    says("beyond-settled", "fund", town.refund(1, MAX, 0, "f"), "amount", 1)
    accepted("fund", town.refund(1, 400, 100, "f1"), fund)                                  # 6
    assert cell(fund) == [5, 1, "CNY", 400, 100, 0, 0]
    says("reference-taken", "fund", town.refund(2, 5, 0, "f1", month=202512), "who", 6)
    says("beyond-settled", "fund", town.refund(1, 601, 400, "f"), "amount", 1)
    says("beyond-settled", "fund", town.refund(1, MAX, 0, "f"), "amount", 1)
    says("beyond-settled", "fund", town.refund(1, 300, 50, "f"), "amount", 1)
    two = town.send("fund", [town.refund(1, 5, 5, "g"), town.refund(1, 600, 400, "h")], all_or_nothing=True)
    assert two == [[47, "", None], [58, "amount", [3, 1]]] and cell(fund)[3] == 400, two
    accepted("fund", town.refund(1, 600, 400, "transfer"), fund)                            # 7
    says("beyond-settled", "fund", town.refund(1, 1, 0, "f"), "amount", 1)
    says("settled", "platform", town.correct(1, 5), "refers", 1)
    assert cell(months) == [3, 1, [[202512, 2]], 2, 1]  # (the matching stands in that month)
    accepted("fund", town.refund(3, 200, 100, "f3"), months, fund)                          # 8
    assert cell(months) == [3, 1, [[202512, 1]], 1, 0] and cell(fund) == [5, 1, "CNY", 1200, 600, 0, 0]
    assert cell(totals) == [2, 1, "CNY", 1800, 900, 1200, 600]

    # What the payer has back of it.
    says("target-missing", "platform", town.receive(6, 5, "b"), "refers")
    says("not-issuer", "employer", town.receive(1, 0, "b", "employer"), "who")
    says("amount-range", "platform", town.receive(1, 0, "b", month=202512), "amount")
    says("month-differs", "platform", town.receive(1, 5, "b", month=202512), "month")
    says("currency-differs", "platform", town.receive(1, 5000, "b", currency="EUR"), "amount")
    says("beyond-refunded", "platform", town.receive(1, 1001, "b"), "amount", 1)
    says("beyond-refunded", "platform", town.receive(2, 1, "b", month=202512), "amount", 2)
    accepted("platform", town.receive(1, 400, "b1"))                                        # 9
    says("reference-taken", "platform", town.receive(1, 601, "b1"), "who", 9)
    says("beyond-refunded", "platform", town.receive(1, 601, "b"), "amount", 1)
    accepted("platform", town.receive(1, 600, "c1"))                                        # 10

    # Interest: on what is on the person's own account, 600 − 600 so far, and then 1,000,000 more.
    says("beyond-balance", "fund", town.interest(1, [[6, 1]], 1_000_000, "i"), "amount")
    accepted("platform", town.pay(2_000_000, "c3"), totals, months)                         # 11
    accepted("fund", town.settle(11, 2_000_000), totals, months)                            # 12
    assert cell(totals) == [2, 1, "CNY", 2_001_800, 1_000_900, 2_001_200, 1_000_600]
    assert cell(months) == [3, 1, [[202512, 2]], 2, 1]
    over = [[1_000_001, 1]]
    says("role-missing", "platform", town.interest(0, over, 1, "i", "platform"), "who")
    says("role-not-covering", "medical", town.interest(0, over, 1, "i", "medical"), "who")
    says("role-expired", "former", town.interest(0, over, 1, "i", "former"), "who")
    says("not-fund", "second", town.interest(0, over, 1, "i", "second", 202603), "who")
    town.address["false"] = [town.address["fund"][0], bytes(32)]
    says("not-fund", "fund", town.interest(0, over, 1, "i", fund="false"), "who")
    says("month-in-future", "fund", town.interest(0, over, 1, "i", month=202603), "month")
    says("amount-range", "fund", town.interest(0, [[5, 1]], 1_000_000, "i"), "amount")
    says("interest-differs", "fund", town.interest(2, [[30, 1]], 1_000_000, "i"), "amount")
    says("interest-differs", "fund", town.interest(4, over, 1, "i"), "amount")
    says("beyond-balance", "fund", town.interest(2083, [[5, 1], [1_000_001, 1]], 25_000, "i"), "amount")
    accepted("fund", town.interest(3, [[30, 1]], 1_000_000, "i1"), fund)                    # 13
    says("reference-taken", "fund", town.interest(MAX, [[30, 1]], 1, "i1"), "who", 13)
    says("total-overflow", "fund", town.interest(MAX, [[30, 1]], 1, "i"), "amount")
    says("beyond-balance", "fund", town.interest(2083, [[1_000_004, 1]], 25_000, "i"), "amount")
    accepted("fund", town.interest(25_000, [[1_000_003, 1], [1_000_000, 11]], 25_000, "f1"), fund)  # 14
    assert cell(fund) == [5, 1, "CNY", 1200, 600, 0, 25_003]

    # Engagements, and how one is voided.
    period = [town.now, town.now + 60]
    says("role-missing", "fund", town.engage(5, period, "e", "fund"), "who")
    says("role-expired", "temp", town.engage(5, period, "e", "temp"), "who")
    says("month-in-future", "employer", town.engage(5, period, "e", month=202603), "month")
    says("period-in-future", "employer", town.engage(5, [0, town.now + 60 + 601], "e"), "evidence")
    accepted("employer", town.engage(0, [0, town.now + 60 + 600], "e1"))                    # 15
    says("reference-taken", "employer", town.engage(5, [0, town.now + 9999], "e1"), "who", 15)
    accepted("platform", town.engage(5000, period, "c1", "platform", 202602))               # 16
    says("target-missing", "employer", town.match(15, 5, "m"), "refers")
    says("target-missing", "fund", town.settle(15, 5), "refers")
    says("not-issuer", "platform", town.void(15, "platform", 202601), "who")
    says("amount-range", "employer", town.void(15, "employer", 202512, [0, 0, None, "CNY"]), "amount")
    says("month-differs", "employer", town.void(15, "employer", 202512, [1, 0, None, "EUR"]), "month")
    says("only-void", "employer", town.void(15, "employer", 202601, [1, 0, None, "EUR"]), "amount")
    says("only-void", "employer", town.void(15, "employer", 202601, [1, 0, None, "CNY"]), "amount")
    accepted("employer", town.void(15, "employer", 202601))                                 # 17
    says("target-void", "employer", town.void(15, "employer", 202512), "refers", 15)
    says("reference-taken", "employer", town.engage(5, period, "e1"), "who", 15)
    says("target-missing", "employer", town.void(17, "employer", 202601), "refers")

    # An award of 900 in 2025-11 and 2025-12 and of 700 in 2026-01, and its benefits.
    steps = [[2, 900], [1, 700]]
    says("role-missing", "platform", town.award(steps, "a", "platform"), "who")
    says("role-not-covering", "medical", town.award(steps, "a", "medical"), "who")
    says("role-expired", "former", town.award(steps, "a", "former"), "who")
    says("fund-unfit", "bureau", town.award(steps, "a", fund="medical"), "what")
    says("fund-unfit", "bureau", town.award(steps, "a", fund="false"), "what")
    accepted("bureau", town.award(steps, "a1"))                                             # 18
    says("reference-taken", "bureau", town.award(steps, "a1"), "who", 18)
    says("target-missing", "fund", town.benefit(1, 5, "p"), "refers")
    says("target-missing", "fund", town.refund(18, 5, 0, "f"), "refers")
    says("role-missing", "platform", town.benefit(18, 5, "p", "platform"), "who")
    says("role-not-covering", "medical", town.benefit(18, 5, "p", "medical"), "who")
    says("role-expired", "former", town.benefit(18, 5, "p", "former"), "who")
    says("not-fund", "second", town.benefit(18, 5, "p", "second", 202603), "who")
    says("month-in-future", "fund", town.benefit(18, 0, "p", month=202603), "month")
    says("amount-range", "fund", town.benefit(18, 0, "p", currency="EUR"), "amount")
    says("currency-differs", "fund", town.benefit(18, 5, "p", month=202602, currency="EUR"), "amount")
    says("beyond-entitlement", "fund", town.benefit(18, 5, "p", month=202510), "month", 18)
    says("beyond-entitlement", "fund", town.benefit(18, 5000, "p", month=202602), "month", 18)
    says("beyond-entitlement", "fund", town.benefit(18, 901, "p"), "amount", 18)
    says("beyond-entitlement", "fund", town.benefit(18, 701, "p", month=202601), "amount", 18)
    accepted("fund", town.benefit(18, 500, "p1"), fund)                                     # 19
    says("reference-taken", "fund", town.benefit(18, 401, "p1"), "who", 19)
    says("beyond-entitlement", "fund", town.benefit(18, 401, "p"), "amount", 18)
    accepted("fund", town.benefit(18, 400, "p2"), fund)                                     # 20
    says("beyond-entitlement", "fund", town.benefit(18, 1, "p"), "amount", 18)
    accepted("fund", town.benefit(18, 700, "f1", month=202601), fund)                       # 21
    assert cell(fund) == [5, 1, "CNY", 1200, 600, 1600, 25_003]
    trial = copy.deepcopy(town)
    assert trial.told("fund", trial.award([[1, MAX]], "a9", "fund", 202601)) == "accepted"
    assert trial.told("fund", trial.benefit(22, MAX - 1599, "p", month=202512)) == "total-overflow"
    assert trial.told("fund", trial.benefit(22, MAX - 1600, "p", month=202601)) == "accepted"
    assert trial.told("bureau", trial.award([[1200, 1]], "a8", month=299912)) == "accepted"
    says("not-issuer", "fund", town.void(18, "fund", 202511), "who")
    says("only-void", "bureau", town.void(18, "bureau", 202511, [1, 0, None, "CNY"]), "amount")
    accepted("bureau", town.void(18, "bureau", 202511))                                     # 22
    says("target-void", "fund", town.benefit(18, 5, "p", month=202511), "refers", 18)
    says("target-void", "fund", town.benefit(18, 5, "p1", month=202511, currency="EUR"), "refers", 18)
    accepted("fund", town.award([[1200, 1]], "a1", "fund", 202601))                         # 23
    accepted("fund", town.benefit(23, 1, "p9", month=202602), fund)                         # 24
    assert cell(fund) == [5, 1, "CNY", 1200, 600, 1601, 25_003]

    # Void is void.
    accepted("platform", town.void(2, "platform", 202512), totals, months)                  # 25
    says("target-void", "employer", town.match(2, 5, "m", month=202601), "refers", 2)
    says("target-void", "fund", town.refund(2, 5, 0, "f", month=202601), "refers", 2)
    assert town.account("worker").cells[totals:] == [[2, 1, "CNY", 2_001_200, 1_000_600, 2_001_200, 1_000_600],
                                                     [3, 1, [[202601, 1]], 1, 1], [5, 1, "CNY", 1200, 600, 1601, 25_003]]
    test_fund_proofs(town, rng)
    test_full(town)


def test_full(town):
    """256 cells, the fund cells among them and the recovery cell beside them (§7)."""
    town.join("full")

    def answer(by, statements, seeds):
        """Without send's trials, which copy the ledger."""
        data = town.post(by, statements)
        town.now += 60
        return town.ledger.commit(town.now, [data], [town.rng.randbytes(16) for _ in range(seeds)])[0]["results"]

    def accepted(by, *statements):
        assert all(len(r) == 4 for r in answer(by, statements, len(statements)))

    def full(by, statement):
        assert answer(by, [statement], 0) == [[46, "what", None]]
    accepted("platform", *[town.pay(8, f"n{n}", to="full", insurance=n) for n in range(1, 127)])  # records 1 to 126
    accepted("bureau", town.approve("bureau", [bytes(32)] * 3, "full"))                     # 127
    for n in (1, 2):
        settlement = town.settle(n, 8)
        settlement.address = town.address["full"]
        accepted("fund", settlement)                                                        # 128, 129
    assert len(town.account("full").cells) == 255
    trial = copy.deepcopy(town)  # a new insurance takes two cells, and there is room for two
    assert trial.told("platform", trial.pay(8, "x", to="full", insurance=200)) == "accepted"
    assert trial.told("fund", trial.refund(1, 1, 0, "f", to="full")) == "state-full"
    accepted("fund", town.refund(1, 1, 0, "f", to="full"))                                  # 130
    full("platform", town.pay(8, "x", to="full", insurance=200))
    full("platform", town.match(1, 8, "x", 1, "platform", insurance=200, to="full"))
    for currency in ("EUR", "USD"):
        accepted("bureau", town.award([[9, 9]], currency, currency=currency, to="full"))    # 131, 132
    accepted("fund", town.benefit(131, 9, "p", currency="EUR", to="full"))                  # 133
    assert [c[0] for c in town.account("full").cells[-3:]] == [4, 5, 5] and len(town.account("full").cells) == 257
    full("fund", town.benefit(132, 10, "q", month=202402, currency="USD", to="full"))
    full("fund", town.refund(2, 9, 0, "g", to="full"))
    full("fund", town.refund(3, 9, 0, "g", to="full"))
    full("fund", town.interest(2, [[30, 1]], 1_000_000, "i", insurance=2, to="full"))
    accepted("fund", town.refund(1, 1, 1, "g", to="full"))
    accepted("fund", town.interest(1, [[3, 4]], 1_000_000, "i", to="full"))
    assert town.account("full").cells[-2:] == [[5, 1, "CNY", 2, 1, 0, 1], [5, 1, "EUR", 0, 0, 9, 0]]


def test_fund_proofs(town, rng):
    """Proofs of the worker's account as test_fund left it: record 25 is the last."""
    views = {name: [0, 1] for name in ("fund", "platform", "employer", "bureau")}
    last = {25: (EVERYTHING, True, [2, 3, 4])}

    def verdict(changes=None, views=views, town=town):
        said = town.verdict("worker", {**last, **(changes or {})}, views)
        assert said["valid"], said
        return said

    def without(*names):
        return EVERYTHING - {*names}, True, []
    header = None, False, []

    def basis(said):
        return [t["basis"][0] for t in said["totals"]]  # r(ecomputed) or a(sserted): totals, months, fund

    def unchecked(said):
        return {name for name in town.address if said["issuers"].get(address_text(town.address[name])) == "not checked"}
    said = verdict()
    assert said["complete"] and basis(said) == ["r"] * 3 and unchecked(said) == set(), said
    found = {e["sequence"]: (e["standing"], e.get("refunded", "-"), e.get("received", "-")) for e in said["entries"]}
    assert found == {1: ("settled", 1000, 1000), 2: ("void", "-", "-"), 3: ("settled", 200, 0), 11: ("settled", "-", "-")}
    assert said["engagements"] == ["void", "standing"]
    assert said["awards"] == [{"void": True, "paid": 1600}, {"void": False, "paid": 1}]
    # What is withheld is not known, and what does not depend on it is.
    said = verdict({6: header})
    assert basis(said) == ["r", "a", "a"] and (said["entries"][0]["refunded"], said["entries"][0]["received"]) == (None, 1000)
    said = verdict({9: without("amount")})
    assert basis(said) == ["r", "r", "r"] and (said["entries"][0]["refunded"], said["entries"][0]["received"]) == (1000, None)
    said = verdict({19: without("amount"), 17: header})
    assert basis(said) == ["r", "r", "a"] and said["awards"] == [{"void": True, "paid": None}, {"void": False, "paid": 1}]
    assert said["engagements"] == ["not-known", "standing"] and unchecked(said) == set()
    said = verdict({22: without("amount"), 16: header})
    assert basis(said) == ["r"] * 3 and said["awards"][0] == {"void": None, "paid": 1600} and said["engagements"] == ["void"]
    said = verdict({24: None})
    assert basis(said) == ["a"] * 3 and said["awards"] == [{"void": None, "paid": None}] * 2
    assert said["engagements"] == ["not-known"] * 2 and said["entries"][0]["refunded"] is None
    assert basis(verdict({13: without("amount")})) == ["r", "r", "a"]
    assert basis(verdict({11: without("amount")})) == ["r"] * 3  # (the settlement repeats it)
    assert basis(verdict({11: without("amount"), 12: without("amount")})) == ["a", "r", "r"]
    assert basis(verdict({1: without("amount"), 5: without("amount")})) == ["a", "a", "r"]
    said = verdict({n: header for n in (15, 16, 18, 19, 20, 21, 22, 23, 24)} | {17: header})
    assert "engagements" not in said and "awards" not in said
    verdict({5: None, 4: None})  # (a settlement that is hidden is not one that is missing)
    # Whether an issuer had its role is not known without the facets that decide it.
    for changes, names in (({15: without("who", "evidence")}, set()), ({18: without("what")}, {"bureau", "fund"}),
                           ({23: without("what")}, {"fund"}), ({13: without("what")}, {"fund"}),
                           ({3: without("who")}, {"employer"}), ({3: without("what")}, {"employer", "fund"}), ({11: header}, {"fund"}),
                           ({9: header, 17: header, 22: header}, set())):
        assert unchecked(verdict(changes)) == names, (changes, names)
    for name in views:
        assert unchecked(verdict(views={v: cells for v, cells in views.items() if v != name})) == {name}
        assert town.verdict("worker", {}, {**views, name: [0]})["failure"] == "bad-issuer"
    # Any choice of what to show is a valid proof, where what is referred to with contents is shown.
    records = town.account("worker").records
    trust, parts = parse_trust(trust_text(town).encode()), [None, set(), {"what"}, {"amount"}, {"amount", "what"}, EVERYTHING]
    for _ in range(200):
        some = sorted({*rng.sample(range(26), rng.randint(0, 25)), 25})
        shown = {n: (rng.choice(parts), rng.random() < .5, [2, 3, 4] if n == 25 else []) for n in some}
        shown = showable(records, shown)
        said = verify_proof(town.ledger.proof(3, shown, {}), trust, town.now)
        assert said["valid"], said
    # Ledgers that record what the law refuses are found out.
    cheats = [
        ("fund", town.refund(2, 5, 0, "z", month=202512), "bad-reference"),       # void
        ("fund", town.refund(26, 5, 0, "z"), "bad-reference"),                    # not settled
        ("fund", town.refund(11, 5, 0, "z", month=202512), "bad-reference"),      # another month
        ("fund", town.refund(23, 5, 0, "z"), "bad-reference"),                    # not a contribution
        ("second", town.refund(11, 5, 0, "z", "second"), "bad-reference"),        # another fund
        ("second", town.benefit(23, 1, "z", "second", 202601), "bad-reference"),
        ("fund", town.benefit(18, 1, "z", month=202511), "bad-reference"),        # void
        ("fund", town.benefit(11, 1, "z", month=202601), "bad-reference"),        # not an award
        ("fund", town.benefit(23, 1, "z", month=202601, currency="EUR"), "bad-reference"),  # another currency
        ("fund", town.refund(11, 1, 0, "z", currency="EUR"), "bad-reference"),
        ("employer", town.receive(1, 1, "z", "employer"), "bad-reference"),       # another issuer
        ("platform", town.receive(1, 1, "z", month=202512), "bad-reference"),
        ("employer", town.match(2, 5, "z", month=202512), "bad-reference"),       # void
        ("employer", town.match(1, 5, "z", month=202512), "bad-reference"),
        ("employer", town.match(15, 5, "z"), "bad-reference"),                    # not a contribution
        ("employer", town.void(16, "employer", 202602), "bad-reference"),         # another issuer
        ("employer", town.void(15, "employer", 202601), "bad-reference"),         # void already
        ("worker", town.match(1, 5, "z", SELF, "worker"), "bad-issuer"),
        ("fund", town.engage(1, [0, 1], "z", "fund"), "bad-issuer"),              # without the role
        ("medical", town.interest(1, [[6, 1]], 1_000_000, "z", "medical", fund="medical"), "bad-issuer"),
        ("platform", town.award([[1, 1]], "z", "platform"), "bad-issuer"),
        ("medical", town.benefit(23, 1, "z", "medical", 202601), "bad-issuer"),
        ("medical", town.refund(11, 1, 0, "z", "medical"), "bad-issuer"),
        ("platform", town.match(11, 5, "z", 2, "platform"), "bad-issuer"),
        # None of these changed the cells.
        ("fund", town.refund(11, 2_000_000, 1_000_000, "z"), "bad-total"),
        ("fund", town.refund(11, 5, 0, "z"), "bad-total"),
        ("fund", town.benefit(23, 1, "z", month=202601), "bad-total"),
        ("fund", town.interest(3, [[30, 1]], 1_000_000, "z"), "bad-total"),
        ("employer", town.match(11, 5, "z"), "bad-total"),
        ("platform", town.receive(1, 1, "z"), None)]
    for by, statement, failure in cheats:
        cheated = copy.deepcopy(town)
        if statement.refers == 26:
            assert cheated.told("platform", cheated.pay(100, "c9")) == "accepted"
        cheated.ledger.__class__ = Lax
        assert cheated.told(by, statement) == "accepted"
        number = len(cheated.account("worker").records) - 1
        all_views = {name: [0, 1] for name in (*views, "second", "medical")}
        said = cheated.verdict("worker", {number: (EVERYTHING, True, [2, 3, 4])}, all_views)
        assert said["failure"] == failure, (by, TYPES[statement.type].name, failure, said)
        if failure == "bad-total" and statement.type == REFUND:  # the months cell alone gives a whole refund away
            whole = statement.facets[1][0] == 2_000_000
            said = cheated.verdict("worker", {number: (EVERYTHING, True, [3])}, all_views)
            assert said["failure"] == ("bad-total" if whole else None), said


def test_claim_shapes():
    """The facets of consents and claims (§5)."""
    here, there = [3, bytes(32)], [4, bytes(32)]
    consent = [here, "p", [1], [], None, [], 0, True]
    good = [
        (CONSENT, "consent", [consent, [here, "p" * 128, [1, 2, 3], [1, 65535], [202601, 202601], [1, 2, 3, 4, 5], 2 ** 40 - 1,
                                        False]]),
        (CLAIM, "claim", [[1, here, there, None, None, []], [5, here, here, 9, [202512, 202601], [*range(32)]]]),
        (UNASKED, "looked", [["p", [], None, []], ["p", [2, 3], [202601, 202602], [5]]]),
        (ANSWERED, "answer", [[True, []], [False, [*range(32)]]]), (REMEDIED, "remedy", [[0], [*range(32)]]),
        (RULING, "ruling", [[1, 0], [2, 5], [3, None]]), (CLOSED, "says", ["s" * 512]), (PAID_FOR, "who", [[SELF, here, "r"]])]
    bad = [
        (CONSENT, "consent", [consent[:at] + [value] + consent[at + 1:] for at, values in enumerate((
            (3, None), ("", "p" * 129), ([], [0], [4], [1, 1], [2, 1]), ([2, 1], [0], None),
            ([202602, 202601], [202601], [202613, 202701]), ([0], [6], [2, 2], None), (None, 2 ** 40), (1, None))) for value in values] + [consent[:7]]),
        (CLAIM, "claim", [[0, here, there, None, None, []], [6, here, there, None, None, []], [1, None, there, None, None, []],
                          [1, here, None, None, None, []], [1, here, there, 0, None, []], [1, here, there, None, [202602, 202601], []],
                          [1, here, there, None, None, [1, 1]], [1, here, there, None, None, [*range(33)]],
                          [1, here, there, None, None, None]]),
        (ACCESS, "looked", [["", [], None, []], ["p", [1, 1], None, []], ["p", [], [202602, 202601], []], ["p", [], None, [6]],
                            ["p", [], None]]),
        (ANSWERED, "answer", [[1, []], [None, []], [True, [2, 1]], [True]]), (REMEDIED, "remedy", [[], [1, 1], [*range(33)], None]),
        (RULING, "ruling", [[0, 5], [4, None], [1, None], [2, None], [3, 5], [1, 2 ** 40]]),
        (CLAIM_FOR, "says", ["", "s" * 513, "a\nb", None]), (CLAIM, "who", [[here, "r"], None]),
        (PAID_FOR, "who", [here, [here, "r"]])]
    for (type, name, values), expected in [(row, True) for row in good] + [(row, False) for row in bad]:
        for value in values:
            assert bool(TYPES[type].facets[name](value)) == expected, (type, name, value)
    assert TYPES[ACCESS].facets.keys() == {"who", "looked"} and TYPES[CLOSED].facets.keys() == {"who", "says"}
    assert {t for t, kind in TYPES.items() if kind.refers and AWARD < t < MOVED_OUT} == {*range(31, 40)} - {UNASKED}
    assert [t for t in range(64) if t not in TYPES] == [0, 24, 25, 26, 28, *range(46, 64)]
    # What lies within a consent (§8).
    some = Consent(here, "p", [1, 3], [1, 2], [202511, 202601], [1, 3], 5, False)
    every = Consent(here, "p", [1, 3], [], None, [1, 2, 3, 4, 5], 5, False)
    for within, *done in (
            (True, 1, [1], [202511, 202601], [1]), (True, 3, [1, 2], [202512, 202512], [1, 3]), (True, 1, [2], [202601, 202601], []),
            (False, 2, [1], [202512, 202512], []), (False, 1, [], [202512, 202512], []), (False, 1, [1, 3], [202512, 202512], []),
            (False, 1, [1], None, []), (False, 1, [1], [202510, 202601], []), (False, 1, [1], [202511, 202602], []),
            (False, 1, [1], [202510, 202602], []), (False, 1, [1], [202512, 202512], [2]), (False, 1, [1], [202512, 202512], [1, 2, 3])):
        assert some.holds(*done) == within, done
        assert every.holds(*done) == (done[0] != 2), done
    assert every.holds(1, [], None, [1, 2, 3, 4, 5])


def test_claims(rng):
    """The worker lets a union read, pay and claim for her, and claims what is missing: 17, 18, 21 to 23, 33 to 38."""
    town = Town(rng)
    for name in ("employer", "bureau", "office", "union", "clerk", "late", "temp", "medical"):
        town.join(name)
    town.give("employer", EMPLOYER)
    town.give("bureau", BUREAU)
    town.give("office", BUREAU, (2,))
    town.give("clerk", BUREAU)
    town.give("late", BUREAU, (), town.now)
    town.give("medical", FUND, (2,))
    for name in ("worker", "union", "bureau"):  # no account has these addresses
        town.address["not the " + name] = [town.address[name][0], bytes(32)]
    totals, months, fund = 2, 3, 4  # where the cells are

    def says(expected, by, statement, field=None, record=None):
        """What the ledger says; record is a sequence in the worker's account."""
        said = town.told(by, statement)
        named = None if record is None else [statement.address[0], record]
        assert (said, town.field, town.record) == (expected, field, named), (said, town.field, town.record, expected)

    def accepted(by, statement, *changed):
        """Accepts it as one more record, changes these cells and no others, and gives its sequence."""
        before = list(town.account("worker").salts)
        says("accepted", by, statement)
        salts = town.account("worker").salts
        assert [i for i, salt in enumerate(salts) if [salt] != before[i:i + 1]] == [*changed], salts
        return size() - 1

    def cell(index):
        return town.account("worker").cells[index]

    def size():
        return len(town.account("worker").records)

    def state(claim):
        return town.account("worker").entries[claim].state

    def at(time):
        """The next commit is of this time."""
        town.now = time - 60
    first = accepted("platform", town.pay(1000, "c1"), totals, months)

    # Consents, and what is read by them.
    says("malformed-facet", "worker", town.consent("union", []), "consent")
    says("not-yours", "union", town.consent("union", [READ], until=town.now, by="union"), "who")
    says("grant-idle", "worker", town.consent("union", [READ], until=town.now + 60), "consent")
    says("grant-idle", "worker", town.consent("worker", [READ]), "consent")
    says("grant-idle", "worker", town.consent("not the worker", [READ]), "consent")
    narrow = accepted("worker", town.consent("union", [READ], (1, 2), [202511, 202601], (1, 3)))
    says("malformed-facet", "union", town.look(None), "refers")
    says("target-missing", "platform", town.look(first, by="platform"), "refers")
    says("target-missing", "union", town.look(size()), "refers")
    says("not-grantee", "platform", town.look(narrow, (3,), by="platform"), "who")
    within = (1,), [202511, 202511], (3,)
    for looked in (((), *within[1:]), ((3,), *within[1:]), ((1, 3), *within[1:]), ((1,), None, (3,)), ((1,), [202510, 202601], (3,)),
                   ((1,), [202511, 202602], (3,)), (*within[:2], (2,)), (*within[:2], (1, 2, 3))):
        says("beyond-grant", "union", town.look(narrow, *looked), "looked")
    accepted("union", town.look(narrow, *within))
    accepted("union", town.look(narrow, (1, 2), [202511, 202601], (1, 3)))
    says("beyond-grant", "union", town.claim(by="union", months=[202512, 202512], refers=narrow), "claim")  # not these rights
    says("beyond-grant", "union", town.pay_for(narrow, 5, "x"), "what")
    wide = accepted("worker", town.consent("union", [READ, TO_CLAIM, PAY], (), None, (1, 2, 3, 4, 5), town.now + 60 + DAY))
    ends = town.now + DAY
    accepted("union", town.look(wide, (), None, (1, 2, 3, 4, 5)))
    accepted("union", town.look(wide, (65535,), [190001, 299912]))
    other = accepted("worker", town.consent("not the union", [READ]))
    says("not-grantee", "union", town.look(other, *within), "who")
    pays = accepted("worker", town.consent("union", [PAY]))
    says("beyond-grant", "union", town.look(pays, *within), "looked")
    # Once is once: what is refused does not use it up.
    once = accepted("worker", town.consent("union", [READ], (1,), None, (3,), once=True))
    says("beyond-grant", "union", town.look(once, (2,), None, (3,)), "looked")
    two = town.send("union", [town.look(once, *within), town.look(once, *within)], all_or_nothing=True)
    assert two == [[47, "", None], [65, "refers", [3, once]]], two
    two = town.send("union", [town.look(once, *within), town.look(once, *within)])
    assert [len(r) for r in two] == [4, 3] and two[1] == [65, "refers", [3, once]], two
    says("grant-over", "union", town.look(once, (2,)), "refers", once)
    says("not-grantee", "platform", town.look(once, by="platform"), "who")
    says("grant-over", "worker", town.take_back(once), "refers", once)
    # One that is taken back.
    says("not-yours", "union", town.take_back(size(), "union"), "who")
    says("target-missing", "worker", town.take_back(first), "refers")
    says("target-missing", "worker", town.take_back(size()), "refers")
    accepted("worker", town.take_back(other))
    says("grant-over", "worker", town.take_back(other), "refers", other)
    accepted("worker", town.take_back(narrow))
    says("grant-over", "union", town.look(narrow, (3,)), "refers", narrow)
    # One that ends: it can be taken back all the same.
    at(ends - 1)
    accepted("union", town.look(wide))
    at(ends)
    says("grant-over", "union", town.look(wide), "refers", wide)
    says("grant-over", "union", town.claim(by="union", party="union", refers=wide), "refers", wide)
    says("grant-over", "union", town.pay_for(wide, 5, "x"), "refers", wide)
    accepted("worker", town.take_back(wide))
    # A bureau looks without a consent, whatever its insurances.
    says("role-missing", "platform", town.look_unasked("platform"), "who")
    says("role-expired", "late", town.look_unasked("late"), "who")
    accepted("bureau", town.look_unasked("bureau"))
    accepted("office", town.look_unasked("office"))

    # What the union pays in her name.
    paying = accepted("worker", town.consent("union", [PAY], (1,), [202512, 202601]))
    says("malformed-facet", "union", town.pay_for(paying, 5, "x", month=None), "month")
    says("not-yours", "union", town.pay_for(size(), 5, "x", source=2), "who")
    says("target-missing", "union", town.pay_for(first, 5, "x", month=202603), "refers")
    says("month-in-future", "platform", town.pay_for(paying, 0, "x", "platform", 202603), "month")
    says("amount-range", "platform", town.pay_for(paying, 0, "x", "platform", fund="worker"), "amount")
    says("fund-unfit", "platform", town.pay_for(paying, 5, "c1", "platform", fund="medical"), "what")
    says("reference-taken", "platform", town.pay_for(paying, MAX, "c1", "platform"), "who", first)
    says("total-overflow", "platform", town.pay_for(paying, MAX, "x", "platform"), "amount")
    trial = copy.deepcopy(town)
    trial.account("worker").cells += [[9]] * 251
    assert trial.told("platform", trial.pay_for(paying, 5, "x", "platform", insurance=3)) == "state-full" and trial.field == "what"
    says("not-grantee", "platform", town.pay_for(paying, 5, "x", "platform", insurance=3), "who")
    says("beyond-grant", "union", town.pay_for(paying, 5, "x", insurance=2), "what")
    says("beyond-grant", "union", town.pay_for(paying, 5, "x", month=202511), "what")
    says("beyond-grant", "union", town.pay_for(paying, 5, "x", month=202602), "what")
    paid = accepted("union", town.pay_for(paying, 300, "u1"), totals, months)
    assert cell(totals) == [2, 1, "CNY", 1300, 650, 0, 0] and cell(months) == [3, 1, [[202512, 2]], 2, 0]
    says("reference-taken", "union", town.pay_for(paying, 300, "u1", month=202601), "who", paid)
    says("not-issuer", "worker", town.void(paid, "worker", 202512), "who")
    corrected = accepted("union", town.void(paid, "union", 202512, [320, 160, None, "CNY"]), totals)
    says("amount-differs", "fund", town.settle(paid, 300, 202512), "amount")
    says("not-settled", "fund", town.refund(paid, 5, 0, "f", month=202512), "refers", paid)
    before_settlement = copy.deepcopy(town)
    accepted("fund", town.settle(paid, 320, 202512), totals, months)
    matched = accepted("employer", town.match(paid, 40, "m1", month=202512), totals)
    assert cell(totals) == [2, 1, "CNY", 1360, 680, 320, 160] and cell(months) == [3, 1, [[202512, 2]], 2, 1]
    says("match-differs", "employer", town.match(paid, 40, "m2", month=202512, insurance=2), "what")
    accepted("fund", town.refund(paid, 320, 160, "f1", month=202512), months, fund)
    says("not-issuer", "worker", town.receive(paid, 5, "b", "worker", 202512), "who")
    accepted("union", town.receive(paid, 320, "b1", "union", 202512))
    assert cell(fund) == [5, 1, "CNY", 320, 160, 0, 0] and cell(months) == [3, 1, [[202512, 2]], 2, 0]  # (the matching stands)
    paying_once = accepted("worker", town.consent("union", [PAY], once=True))
    paid_once = accepted("union", town.pay_for(paying_once, 80, "u2", month=202601), totals)
    says("reference-taken", "union", town.pay_for(paying_once, 80, "u2", month=202601), "who", paid_once)
    says("grant-over", "union", town.pay_for(paying_once, 80, "u3", month=202601), "refers", paying_once)
    assert cell(totals) == [2, 1, "CNY", 1440, 720, 320, 160]

    # What a claim takes.
    town.give("temp", BUREAU, (), town.now + 60 + DAY)
    expires = town.now + DAY
    says("not-yours", "union", town.claim(by="union", records=(99,)), "who")
    says("target-missing", "worker", town.claim(bureau="platform", records=(0, size())), "claim")
    for bureau, insurance in (("platform", 1), ("late", 1), ("office", 1), ("not the bureau", 1), ("union", None)):
        says("bureau-unfit", "worker", town.claim(party=bureau, bureau=bureau, insurance=insurance), "claim")
    says("own-cause", "worker", town.claim(party="worker"), "claim")
    says("own-cause", "worker", town.claim(party="not the worker"), "claim")
    says("own-cause", "worker", town.claim(party="bureau"), "claim")
    says("own-cause", "worker", town.claim(party="not the bureau"), "claim")
    says("own-cause", "clerk", town.claim(bureau="clerk", by="clerk", to="clerk"), "claim")
    accepting = accepted("worker", town.claim(records=(0, first, size() - 1), months=[202512, 202601]))
    rejected = accepted("worker", town.claim(bureau="office", insurance=2))
    upheld = accepted("worker", town.claim(party="office", insurance=None))
    of_temp = accepted("worker", town.claim(bureau="temp"))
    silent = accepted("worker", town.claim(bureau="office", insurance=None))
    filed = town.now

    # Answers.
    says("target-missing", "platform", town.answer(first, True), "refers")
    says("target-missing", "platform", town.answer(pays, True), "refers")
    says("target-missing", "bureau", town.answer(accepting, True, (size(),), "bureau"), "answer")
    for name in ("bureau", "worker", "union"):
        says("not-party", name, town.answer(accepting, True, by=name), "who")
    accepted("platform", town.answer(accepting, True, (0, size() - 1)))
    says("claim-over", "platform", town.answer(accepting, False), "refers", accepting)
    accepted("platform", town.answer(rejected, False))
    says("claim-over", "platform", town.answer(rejected, True), "refers", rejected)
    assert [state(n) for n in (accepting, rejected, upheld)] == ["answered", "answered", "open"]

    # Rulings: the party rules on nothing, and nobody rules before the party was heard or had its 15 days.
    says("target-missing", "platform", town.rule(first, 1, "platform"), "refers")
    says("role-missing", "platform", town.rule(rejected, 1, "platform"), "who")
    says("role-expired", "late", town.rule(rejected, 1, "late"), "who")
    says("not-party", "bureau", town.rule(rejected, 1), "who")
    says("not-party", "office", town.rule(upheld, 1, "office"), "who")  # it is a bureau, and the party
    says("not-heard", "bureau", town.rule(upheld, 1), "refers", upheld)
    says("malformed-facet", "office", town.st(RULING, "worker", [town.address["office"], [3, town.now], "no"], rejected), "ruling")
    accepted("office", town.rule(rejected, 3, "office"))  # (answered: at once)
    says("claim-over", "office", town.rule(rejected, 1, "office"), "refers", rejected)
    says("claim-over", "platform", town.answer(rejected, True), "refers", rejected)
    says("remedy-missing", "bureau", town.close(upheld, "bureau"), "refers", upheld)
    at(expires)
    says("role-expired", "temp", town.rule(of_temp, 1, "temp"), "who")
    at(filed + 15 * DAY - 1)
    says("not-heard", "office", town.rule(silent, 2, "office"), "refers", silent)
    at(filed + 15 * DAY)
    accepted("office", town.rule(silent, 2, "office"))
    accepted("bureau", town.rule(upheld, 1))
    says("claim-over", "platform", town.answer(silent, True), "refers", silent)
    assert [state(n) for n in (rejected, silent, upheld, of_temp)] == ["rejected", "in-part", "upheld", "open"]

    # Remedies: of what was upheld, and of what was accepted and not ruled on.
    says("malformed-facet", "platform", town.remedy(accepting, ()), "remedy")
    says("target-missing", "platform", town.remedy(first, (size() - 1,)), "refers")
    for records in ((accepting,), (first, accepting + 1), (size(),), (accepting + 1, size())):
        says("target-missing", "worker", town.remedy(accepting, records, "worker"), "remedy")
    for name in ("worker", "bureau"):
        says("not-party", name, town.remedy(accepting, (accepting + 1,), name), "who")
    says("claim-over", "platform", town.remedy(of_temp, (of_temp + 1,)), "refers", of_temp)
    says("claim-over", "platform", town.remedy(rejected, (rejected + 1,)), "refers", rejected)
    mended = accepted("platform", town.pay(77, "c2"), totals)
    accepted("platform", town.remedy(accepting, (mended,)))
    accepted("platform", town.remedy(accepting, (accepting + 1, mended)))  # (once more)
    accepted("platform", town.remedy(silent, (mended,)))
    says("remedy-missing", "bureau", town.close(upheld, "bureau"), "refers", upheld)
    trial = copy.deepcopy(town)  # who accepted can be ruled on still, and then that is the claim's state
    assert trial.told("bureau", trial.rule(accepting, 1)) == "accepted"
    assert trial.told("bureau", trial.close(accepting, "bureau")) == "remedy-missing"
    assert trial.told("platform", trial.remedy(accepting, (mended,))) == "accepted"
    assert trial.told("bureau", trial.close(accepting, "bureau")) == "accepted"
    accepted("platform", town.answer(of_temp, False))
    says("claim-over", "platform", town.remedy(of_temp, (mended,)), "refers", of_temp)
    says("remedy-missing", "temp", town.close(of_temp, "temp"), "refers", of_temp)
    key = VerifierKey(town.origin, ED25519, public_of(town.operator))
    assert check_receipt(town.ledger.receipt(town.digest), town.data, key) == [[72, "refers", [3, of_temp]]]

    # Closing: by the person at any time, by the bureau when it is rejected or remedied, by the party never.
    says("target-missing", "platform", town.close(first, "platform"), "refers")
    for claim, party in ((accepting, "platform"), (upheld, "office"), (rejected, "bureau"), (upheld, "union")):
        says("not-party", party, town.close(claim, party), "who")
    accepted("bureau", town.close(accepting, "bureau"))
    accepted("office", town.close(rejected, "office"))
    accepted("worker", town.close(of_temp))
    for by, statement in (("worker", town.close(accepting)), ("office", town.close(rejected, "office")),
                          ("platform", town.remedy(accepting, (mended,))), ("bureau", town.rule(accepting, 1)),
                          ("platform", town.answer(of_temp, True))):
        says("claim-over", by, statement, "refers", statement.refers)
    assert [state(n) for n in (accepting, rejected, of_temp, silent, upheld)] == ["closed"] * 3 + ["remedied", "upheld"]

    # Claims by a consent.
    helps = accepted("worker", town.consent("union", [TO_CLAIM], (1,), [202511, 202601], once=True))
    case = {"by": "union", "refers": helps, "months": [202601, 202601]}
    says("target-missing", "union", town.claim(**case | {"refers": upheld}), "refers")
    says("target-missing", "platform", town.claim(**case | {"by": "platform", "records": (size(),)}), "claim")
    says("not-grantee", "platform", town.claim(**case | {"by": "platform", "insurance": 2}), "who")
    for change in ({"insurance": 2}, {"insurance": None}, {"months": None}, {"months": [202510, 202511]},
                   {"months": [202601, 202602]}):
        says("beyond-grant", "union", town.claim(**case | change, bureau="platform"), "claim")
    says("bureau-unfit", "union", town.claim(**case, bureau="office"), "claim")
    for party in ("union", "not the union", "worker", "bureau"):
        says("own-cause", "union", town.claim(**case, party=party), "claim")
    helped = accepted("union", town.claim(**case, records=(first,)))
    says("grant-over", "union", town.claim(**case), "refers", helps)
    to_office = accepted("worker", town.consent("office", [TO_CLAIM]))
    says("own-cause", "office", town.claim(by="office", bureau="office", insurance=2, refers=to_office), "claim")
    says("bureau-unfit", "office", town.claim(by="office", bureau="medical", insurance=None, refers=to_office), "claim")
    everything = accepted("office", town.claim(by="office", insurance=None, refers=to_office))
    says("not-party", "union", town.close(helped, "union"), "who")  # who claims for her does not close for her
    accepted("platform", town.answer(helped, False, (first,)))
    accepted("bureau", town.rule(helped, 1))
    accepted("worker", town.close(everything))
    # In one posting a statement may name the one before it.
    both_ = town.send("worker", [town.claim(), town.claim(records=(size(),))], all_or_nothing=True)
    assert [len(r) for r in both_] == [4, 4], both_
    assert [state(n) for n in (helped, everything, size() - 1)] == ["upheld", "closed", "open"]
    entries = [first, paid, corrected, matched, paid_once, mended]
    consents = [narrow, other, pays, once, paying, helps]
    claims = [accepting, rejected, upheld, of_temp, silent, helped, everything]
    test_claim_proofs(town, rng, entries, consents, claims, before_settlement)


def test_claim_proofs(town, rng, entries, consents, claims, before_settlement):
    """Proofs of the worker's account as test_claims left it, and (before_settlement) when the paid-for was corrected."""
    first, paid, corrected, matched, paid_once, mended = entries
    narrow, other, pays, once, paying, helps = consents
    accepting, rejected, upheld, of_temp, silent, helped, everything = claims
    last = len(town.account("worker").records) - 1
    views = {name: [0, 1] for name in ("fund", "platform", "employer", "bureau", "office")} | {"union": [0]}
    cells = {last: (EVERYTHING, True, [2, 3, 4])}

    def verdict(changes=None, views=views, town=town):
        said = town.verdict("worker", {**cells, **(changes or {})}, views)
        assert said["valid"], said
        return said

    def without(*names):
        return EVERYTHING - {*names}, True, []
    header, unsigned = (None, False, []), (EVERYTHING, False, [])

    def unchecked(said):
        return {name for name in town.address if said["issuers"].get(address_text(town.address[name])) == "not checked"}
    records = town.account("worker").records
    states = {accepting: "closed", rejected: "closed", upheld: "upheld", of_temp: "closed", silent: "remedied", helped: "upheld",
              everything: "closed", last - 1: "open", last: "open"}

    def but(changes=()):
        """The states in order of sequence, but for these; None leaves one out."""
        return [state for _, state in sorted((states | dict(changes)).items()) if state]
    said = verdict()
    assert said["complete"] and unchecked(said) == set() and said["claims"] == but(), said
    assert {t["basis"] for t in said["totals"]} == {"recomputed"} and len(said["totals"]) == 3
    found = {e["sequence"]: (e["standing"], e.get("refunded", "-"), e.get("received", "-")) for e in said["entries"]}
    assert found == {first: ("standing", "-", "-"), paid: ("settled", 320, 320), matched: ("standing", "-", "-"),
                     paid_once: ("standing", "-", "-"), mended: ("standing", "-", "-")}, found
    # What is withheld of claims: a ruling matters while it is the latest step.
    rulings = {r.refers: r.sequence for r in records if r.type == RULING}
    said = verdict({n: without("claim", "says", "answer", "ruling", "remedy", "consent", "looked") for n in range(1, last)})
    assert said["claims"] == but({upheld: "not-known", helped: "not-known"}) and unchecked(said) == set(), said
    assert said["withheld"]["ruling"] == 4 and said["withheld"]["claim"] == 8 and said["withheld"]["consent"] == 9, said["withheld"]
    assert verdict({rulings[upheld]: header})["claims"] == but({upheld: "not-known"})
    assert verdict({rulings[silent]: header})["claims"] == but()
    assert verdict({upheld: header})["claims"] == but({upheld: None})
    assert verdict({n: header for n in (upheld, rulings[upheld])})["claims"] == but({upheld: None})
    steps = [r.sequence for r in records if r.refers == of_temp]
    assert verdict({n: header for n in steps})["claims"] == but()  # (that it is closed a header tells)
    said = verdict({n: header for n in states})
    assert "claims" not in said and unchecked(said) == set()
    hidden = rulings[helped]  # the claims after it are known, those before it are not
    said = verdict({hidden: None})
    assert said["claims"] == ["not-known" if n < hidden else state for n, state in sorted(states.items())]
    assert said["claims"][-2:] == ["open", "open"] and {t["basis"] for t in said["totals"]} == {"asserted by the ledger"}
    assert "claims" not in town.verdict("platform", {}, {})
    # Who is proved: a paid-for takes no role, whether its who is shown or not.
    assert unchecked(verdict({paid: without("who", "what")})) == {"fund"}  # (what was settled and refunded)
    for name in views:
        assert unchecked(verdict(views={v: cells for v, cells in views.items() if v != name})) == {name}
    for name in ("bureau", "office"):  # they ruled
        assert town.verdict("worker", {}, {**views, name: [0]})["failure"] == "bad-issuer"
    assert town.verdict("worker", {}, {**views, "union": [1]})["failure"] == "bad-issuer"
    # Any choice of what to show is a valid proof, where what is referred to with contents is shown.
    trust = parse_trust(trust_text(town).encode())
    for _ in range(150):
        some = sorted({*rng.sample(range(last + 1), rng.randint(0, last)), last})
        shown = {n: (rng.choice([None, set(), {*rng.sample(sorted(EVERYTHING), 6)}, EVERYTHING]), rng.random() < .5,
                     [2, 3, 4] if n == last else []) for n in some}
        shown = showable(records, shown)
        said = verify_proof(town.ledger.proof(3, shown, {}), trust, town.now)
        assert said["valid"], said

    # Ledgers that record what the law refuses are found out: how, when all is shown; and with the target's facet withheld.
    town = copy.deepcopy(town)
    for name in ("second", "stranger"):
        town.join(name)
    town.give("second", FUND)
    town.give("stranger", BUREAU)
    assert town.told("employer", town.engage(5, [0, 1], "e1")) == "accepted"
    assert town.told("fund", town.award([[1, 5]], "a1", "fund", 202601)) == "accepted"
    assert town.told("platform", town.pay(50, "c8")) == "accepted"
    assert town.told("platform", town.correct(last + 3, None)) == "accepted"
    engaged, awarded, voided, void = range(last + 1, last + 5)
    amount = [1, 0, None, "CNY"]
    own = "bad-issuer"
    ref = "bad-reference"
    cheats = [  # (by whom, what, the failure; when unsigned; when the facet of what it refers to is withheld)
        ("union", town.claim(by="union"), own, None, own),
        ("union", town.consent("union", [READ], by="union"), own, None, own),
        ("union", town.take_back(pays, "union"), own, None, own),
        ("union", town.pay_for(paying, 5, "z", source=2), own, own, own),
        ("platform", town.match(first, 5, "z", SELF, "platform"), own, own, own),
        ("worker", town.match(first, 5, "z", SELF, "worker"), own, own, own),
        ("platform", town.look_unasked("platform"), own, None, own),
        ("platform", town.rule(upheld, 1, "platform"), own, ref, own),        # without a role
        ("stranger", town.rule(upheld, 1, "stranger"), ref, ref, None),       # with the role, and another bureau than is named
        ("office", town.rule(upheld, 1, "office"), ref, ref, None),           # the party
        ("platform", town.close(silent, "platform"), own, ref, None),
        ("union", town.close(helped, "union"), own, ref, None),
        ("bureau", town.answer(last, True, by="bureau"), ref, ref, None),
        ("worker", town.answer(last, True, by="worker"), ref, ref, None),
        ("bureau", town.remedy(silent, (last,), "bureau"), ref, ref, None),
        ("platform", town.look(pays, by="platform"), ref, ref, None),
        ("union", town.look(other), ref, ref, None),                  # (its grantee has only the union's number)
        ("platform", town.claim(by="platform", refers=helps), ref, ref, None),
        ("platform", town.pay_for(paying, 5, "z", "platform"), ref, ref, "bad-total"),
        # Of another type than it may refer to.
        ("platform", town.answer(paying, True), ref, ref, ref),
        ("bureau", town.rule(rulings[upheld], 1), ref, ref, ref),
        ("worker", town.close(first), ref, ref, ref),
        ("platform", town.remedy(paying, (last,)), ref, ref, ref),
        ("worker", town.take_back(last), ref, ref, ref),
        ("union", town.look(last), ref, ref, ref),
        ("union", town.claim(by="union", refers=last), ref, ref, ref),
        ("union", town.pay_for(first, 5, "z"), ref, ref, ref),
        ("fund", town.settle(paying, 5), ref, ref, ref),
        ("employer", town.match(paying, 5, "z"), ref, ref, ref),
        # An engagement and an award are only voided, a matching is of the same insurance, interest is by its fund.
        ("employer", town.void(engaged, "employer", 202601, amount), ref, ref, ref),
        ("fund", town.void(awarded, "fund", 202601, amount), ref, ref, ref),
        ("employer", town.match(first, 5, "z", insurance=2), ref, ref, "bad-total"),
        ("second", town.interest(0, [[1, 1]], 1, "z", "second"), ref, ref, ref),
        ("fund", town.refund(voided, 5, 0, "z"), ref, ref, ref),              # void, and so never settled
        ("fund", town.refund(first, 5, 0, "z"), ref, ref, ref),
        # None of these changed the cells.
        ("union", town.pay_for(paying, 5, "z"), "bad-total", "bad-total", "bad-total"),
        # What is not judged of a proof: whether a consent held, whether a claim was past a step.
        ("union", town.look(once), None, None, None), ("union", town.look(narrow, (7,)), None, None, None),
        ("worker", town.close(accepting), None, None, None), ("bureau", town.rule(last, 3), None, None, None)]
    all_views = {name: [0, 1] for name in (*views, "union", "second", "stranger")}
    for by, statement, *failures in cheats:
        cheated = copy.deepcopy(town)
        cheated.ledger.__class__ = Lax
        assert cheated.told(by, statement) == "accepted"
        number = len(cheated.account("worker").records) - 1
        shown, target = (EVERYTHING, True, [2, 3, 4]), without("claim", "consent", "what")
        for changes, failure in (({number: shown}, failures[0]), ({number: (EVERYTHING, False, [2, 3, 4])}, failures[1]),
                                 ({number: shown, statement.refers: target}, failures[2])):
            if failure == "bad-total" and statement.refers in changes and statement.type == MATCHING:
                failure = None  # (what an entry without its insurance is in is not known)
            said = cheated.verdict("worker", {n: s for n, s in changes.items() if n is not None}, all_views)
            assert said["failure"] == failure, (by, TYPES[statement.type].name, changes.keys(), failure, said)

    # As a header: the type and the month of what it refers to, where that one is shown; with contents it must be.
    for by, statement, failure in (
            ("employer", town.match(engaged, 5, "z"), ref), ("platform", town.answer(paying, True), ref),
            ("union", town.pay_for(last, 5, "z"), ref), ("employer", town.match(first, 5, "z", month=202512), ref),
            ("fund", town.refund(paid, 5, 0, "z", month=202601), ref), ("union", town.pay_for(paying, 5, "z", month=202601), None),
            ("fund", town.benefit(awarded, 5, "z", month=202512), None), ("employer", town.match(first, 5, "z"), None),
            ("bureau", town.rule(last, 3), None)):
        cheated = copy.deepcopy(town)
        cheated.ledger.__class__ = Lax
        assert cheated.told(by, statement) == "accepted"
        number, target = len(cheated.account("worker").records) - 1, statement.refers
        for changes, expected in (({number: header}, failure), ({number: header, target: header}, failure),
                                  ({number: header, target: None}, None), ({number: (set(), False, []), target: header}, failure),
                                  ({number: (set(), False, []), target: None}, ref)):
            others = [r.sequence for r in cheated.account("worker").records if r.refers == target and r.sequence < number]
            if changes.get(target, header) is None:  # (nor may others show contents, then)
                changes = {n: header for n in others} | changes
            said = cheated.verdict("worker", changes, all_views)
            assert said["failure"] == expected, (by, TYPES[statement.type].name, changes, expected, said)
    # That what is refunded was not settled can be told where nothing between is hidden.
    for target in (voided, first):
        cheated = copy.deepcopy(town)
        cheated.ledger.__class__ = Lax
        assert cheated.told("fund", cheated.refund(target, 5, 0, "z")) == "accepted"
        assert cheated.verdict("worker", {paid: header}, all_views)["failure"] == ref
        assert cheated.verdict("worker", {first - 1: None}, all_views)["failure"] == ref
        assert cheated.verdict("worker", {void: header}, all_views)["failure"] == ref
        assert cheated.verdict("worker", {void: None}, all_views)["failure"] is None
    # Nor can the amount that is settled be told where a correction may be hidden.
    for settled, changes, failure in ((320, {}, None), (300, {}, ref), (320, {corrected: None}, None), (300, {corrected: None}, None),
                                      (320, {corrected: header}, None), (300, {corrected: without("amount")}, None),
                                      (300, {paid: header}, ref), (300, {paid - 1: None}, ref)):
        cheated = copy.deepcopy(before_settlement)
        cheated.ledger.__class__ = Lax
        assert cheated.told("fund", cheated.settle(paid, settled, 202512)) == "accepted"
        said = cheated.verdict("worker", changes, {})
        assert said["failure"] == failure, (settled, changes, said)
    # What is withheld of the statement itself.
    for by, statement, names in (("employer", town.void(engaged, "employer", 202601, amount), ("amount",)),
                                 ("employer", town.match(first, 5, "z", insurance=2), ("what",)),
                                 ("second", town.interest(0, [[1, 1]], 1, "z", "second"), ("what",)),
                                 ("platform", town.match(first, 5, "z", SELF, "platform"), ("who",)),
                                 ("union", town.pay_for(paying, 5, "z", source=2), ("who",))):
        cheated = copy.deepcopy(town)
        cheated.ledger.__class__ = Lax
        assert cheated.told(by, statement) == "accepted"
        number = len(cheated.account("worker").records) - 1
        assert cheated.verdict("worker", {number: without(*names)}, all_views)["valid"], statement


def test_identity_shapes():
    """The facets of bindings, links and withdrawals (§5), and hash no 11 (§3)."""
    here = [3, bytes(32)]
    for type, name, good, bad in (
            (IDENTITY, "who", [here], [None, [here, "r"]]), (IDENTITY, "identity", [bytes(32)], [None, bytes(31), bytes(33), "a" * 32]),
            (IDENTITY, "token", [bytes(32), b"t" * 32], [None, bytes(31), bytes(33), "a" * 32, [bytes(32)]]),
            (LINKED, "who", [here], [None, [here, "r"]]),
            (LINKED, "link", [here, [0, b"i" * 32], [2 ** 40 - 1, bytes(32)]],
             [None, bytes(32), [3], [-1, bytes(32)], [2 ** 40, bytes(32)], [3, bytes(31)], [3, None], [*here, 1]]),
            (WITHDRAWN, "who", [here], [None, [here, "r"]]), (WITHDRAWN, "says", ["s" * 512], ["", "s" * 513, "a\nb", None])):
        shape = TYPES[type].facets[name]
        assert all(map(shape, good)) and not any(map(shape, bad)), (TYPES[type].name, name)
    assert [(*kind.facets, kind.refers, kind.month) for kind in map(TYPES.get, (IDENTITY, LINKED, WITHDRAWN))] == [
        ("who", "identity", "token", False, False), ("who", "link", False, False), ("who", "says", True, False)]
    document = "CN:resident-id:11010519491231002X"
    written = b"\x86\x01\x0b\x01\x50" + b"s" * 16 + b"\x58\x20" + b"i" * 32 + b"\x78\x21" + document.encode()
    assert identity(b"s" * 16, b"i" * 32, document) == H(b"\0" + written)
    assert RESULT([74, "link", None]) and RESULT([73, "token", [3, 1]]) and not RESULT([84, "link", None])
    assert {73: "identity-taken", 74: "link-unfit"}.items() <= {code: name for name, code in REFUSALS.items()}.items()


def test_identity(rng):
    """Bureaus bind identities to the worker's account and to her twin, which is hers too; both are linked: 12, 27, 39."""
    town = Town(rng)
    for name in ("bureau", "office", "late", "temp", "twin", "other"):
        town.join(name)
    town.give("bureau", BUREAU)
    town.give("office", BUREAU, (2,))
    town.give("late", BUREAU, (), town.now)
    town.give("temp", BUREAU, (), town.now + 60 + DAY)
    ends = town.now + DAY
    for name in ("worker", "twin"):  # no account has these addresses
        town.address["not the " + name] = [town.address[name][0], bytes(32)]
    town.address["nobody"] = [99, town.address["twin"][1]]
    one, two, three, four, five = [letter.encode() * 32 for letter in "12345"]

    def says(expected, by, statement, field=None, record=None):
        """What the ledger says; record is (whose account, sequence)."""
        said = town.told(by, statement)
        named = None if record is None else [town.address[record[0]][0], record[1]]
        assert (said, town.field, town.record) == (expected, field, named), (said, town.field, town.record, expected)

    def accepted(by, statement):
        """Accepts it as one more record, changes no cell by it, and gives its sequence."""
        account = town.ledger.find(statement.address)
        cells, salts = copy.deepcopy((account.cells, account.salts))
        says("accepted", by, statement)
        account = town.ledger.find(statement.address)
        assert (account.cells, account.salts) == (cells, salts)
        return len(account.records) - 1

    def codes(by, *statements, all_or_nothing=False):
        """The codes of refusals, None where a statement is accepted; refused are the refusals."""
        results = town.send(by, statements, all_or_nothing=all_or_nothing)
        town.refused = [r for r in results if len(r) == 3]
        return [r[0] if len(r) == 3 else None for r in results]

    def size(name="worker"):
        return len(town.account(name).records)
    number, twin = town.address["worker"][0], town.address["twin"][0]
    says("accepted", "platform", town.pay(1000, "c1"))                                      # record 1

    # What a binding takes: role bureau, in force, for whatever insurance; and a token of which no binding stands.
    for name, statement in (("refers", town.st(IDENTITY, "worker", [town.address["bureau"], one, one], refers=1)),
                            ("month", town.st(IDENTITY, "worker", [town.address["bureau"], one, one], month=202601)),
                            ("address", town.st(IDENTITY, None, [town.address["bureau"], one, one])),
                            ("facets", town.st(IDENTITY, "worker", [town.address["bureau"], one])),
                            ("identity", town.st(IDENTITY, "worker", [town.address["bureau"], None, one])),
                            ("token", town.bind(bytes(31)))):
        says("malformed-facet", "bureau", statement, name)
    says("unknown-account", "bureau", town.st(IDENTITY, "not the worker", [town.address["office"], one, one]), "address")
    says("issuer-not-named", "bureau", town.bind(one, "office"), "who")
    for name in ("worker", "platform", "registrar"):
        says("role-missing", name, town.bind(one, name), "who")
    says("role-expired", "late", town.bind(one, "late"), "who")
    bound = accepted("bureau", town.bind(one))
    # Whoever binds it, to whichever account; who asks is told where it is bound, who may not ask is told nothing.
    says("identity-taken", "bureau", town.bind(one), "token", ("worker", bound))
    says("identity-taken", "office", town.bind(one, "office", "twin"), "token", ("worker", bound))
    key = VerifierKey(town.origin, ED25519, public_of(town.operator))
    assert check_receipt(town.ledger.receipt(town.digest), town.data, key) == [[73, "token", [number, bound]]]
    says("identity-taken", "bureau", town.bind(one, to="bureau"), "token", ("worker", bound))
    for name, refusal in (("platform", "role-missing"), ("worker", "role-missing"), ("late", "role-expired")):
        says(refusal, name, town.bind(one, name), "who")
    # Only the token counts; a person may be known by several documents.
    second = accepted("office", town.bind(two, "office"))
    third = accepted("temp", town.bind(three, "temp"))
    assert town.account("worker").records[second].month is town.account("worker").records[second].refers is None
    # Within a posting each stands for the next; with all-or-nothing none is left when one is refused.
    before = size("twin")
    assert codes("bureau", town.bind(four, to="twin"), town.bind(four), all_or_nothing=True) == [47, 73]
    assert town.refused[1] == [73, "token", [twin, before]] and size("twin") == before
    assert codes("office", town.withdraw(bound, "office"), town.bind(one, "office", "twin"), town.bind(two, "office", "twin"),
                 all_or_nothing=True) == [47, 47, 73]
    assert town.refused[2] == [73, "token", [number, second]]
    says("identity-taken", "office", town.bind(one, "office", "twin"), "token", ("worker", bound))
    assert town.ledger.tokens == {one: [number, bound], two: [number, second], three: [number, third]}
    assert codes("office", town.bind(four, "office"), town.bind(four, "office", "twin")) == [None, 73]
    fourth = size() - 1
    assert town.refused == [[73, "token", [number, fourth]]]
    assert codes("bureau", town.withdraw(fourth), town.bind(four, to="twin"), town.withdraw(before, to="twin"),
                 town.bind(four), all_or_nothing=True) == [None] * 4
    assert town.ledger.tokens[four] == [number, size() - 1] == [number, fourth + 2]

    # What a withdrawal takes: of what one said oneself, or role bureau.
    says("malformed-facet", "bureau", town.withdraw(None), "refers")
    says("malformed-facet", "bureau", town.st(WITHDRAWN, "worker", [town.address["bureau"], ""], bound), "says")
    says("issuer-not-named", "bureau", town.withdraw(bound, "office"), "who")
    for refers in (0, 1, fourth + 1, size()):  # the opening, a contribution, a withdrawal, nothing
        says("target-missing", "bureau", town.withdraw(refers), "refers")
        says("target-missing", "platform", town.withdraw(refers, "platform"), "refers")
    for name in ("worker", "platform", "registrar"):  # nor can the person take back what a bureau said
        says("role-missing", name, town.withdraw(bound, name), "who")
        says("role-missing", name, town.withdraw(fourth, name), "who")
    says("role-expired", "late", town.withdraw(bound, "late"), "who")
    says("role-expired", "late", town.withdraw(fourth, "late"), "who")
    says("target-void", "office", town.withdraw(fourth, "office"), "refers", ("worker", fourth))  # (who said it)
    says("target-void", "bureau", town.withdraw(fourth), "refers", ("worker", fourth))
    for by, statement in (("bureau", town.void(bound, "bureau", 202601)), ("worker", town.take_back(bound)),
                          ("platform", town.answer(bound, True)), ("fund", town.settle(bound, 5)),
                          ("platform", town.look(bound, by="platform"))):
        says("target-missing", by, statement, "refers")  # (nothing else refers to a binding)
    accepted("office", town.withdraw(bound, "office"))  # by another bureau
    says("target-void", "bureau", town.withdraw(bound), "refers", ("worker", bound))
    # The token is free again, and what took it before stays withdrawn.
    again = accepted("bureau", town.bind(one, to="twin"))
    says("identity-taken", "bureau", town.bind(one), "token", ("twin", again))
    says("target-void", "bureau", town.withdraw(bound), "refers", ("worker", bound))
    says("identity-taken", "bureau", town.bind(one), "token", ("twin", again))
    # Whoever is no bureau any more withdraws what it said, and nothing else.
    town.now = ends - 61
    accepted("temp", town.bind(bytes(32), "temp", "other"))
    town.now = ends - 60
    says("role-expired", "temp", town.bind(five, "temp", "other"), "who")
    says("role-expired", "temp", town.withdraw(second, "temp"), "who")
    of_temp = accepted("temp", town.withdraw(third, "temp"))
    says("target-void", "temp", town.withdraw(third, "temp"), "refers", ("worker", third))
    accepted("bureau", town.bind(three, to="bureau"))  # (a bureau is a person's account like any other)
    says("identity-taken", "bureau", town.bind(three), "token", ("bureau", size("bureau") - 1))

    # What a link takes: the account itself, or role bureau; and another account.
    for name, statement in (("refers", town.st(LINKED, "worker", [town.address["worker"], town.address["twin"]], refers=1)),
                            ("month", town.st(LINKED, "worker", [town.address["worker"], town.address["twin"]], month=202601)),
                            ("link", town.st(LINKED, "worker", [town.address["worker"], None]))):
        says("malformed-facet", "worker", statement, name)
    says("issuer-not-named", "worker", town.link("twin", "bureau"), "who")
    for other in ("twin", "worker", "nobody"):
        says("role-missing", "platform", town.link(other, "platform"), "who")
        says("role-missing", "twin", town.link(other, "twin"), "who")  # each says it in its own account
        says("role-expired", "late", town.link(other, "late"), "who")
    for other in ("worker", "not the worker", "not the twin", "nobody"):
        says("link-unfit", "worker", town.link(other), "link")
        says("link-unfit", "office", town.link(other, "office"), "link")
    assert check_receipt(town.ledger.receipt(town.digest), town.data, key) == [[74, "link", None]]
    says("accepted", "bureau", town.link("bureau", "bureau", "twin"))  # (a bureau may name itself)
    mine = accepted("worker", town.link("twin"))
    theirs = accepted("bureau", town.link("twin", "bureau"))
    accepted("twin", town.link("worker", "twin", "twin"))
    unlinked = accepted("worker", town.link("other"))
    # To an account that is there at that place in the log.
    town.private["young"] = town.new_keys()
    opening = town.opening("young", town.address["bureau"])
    town.address["young"] = [len(town.ledger.accounts), opening.root(town.origin)]
    assert codes("bureau", town.link("young", "bureau"), opening, town.link("young", "bureau")) == [74, None, None]
    young = size() - 1
    assert town.refused == [[74, "link", None]]
    assert codes("worker", town.link("twin"), town.link("worker"), all_or_nothing=True) == [47, 74] and size() == young + 1
    # Withdrawing a link: as with a binding.
    says("role-missing", "worker", town.withdraw(theirs, "worker"), "who")
    says("role-missing", "twin", town.withdraw(mine, "twin"), "who")
    said = accepted("worker", town.withdraw(unlinked, "worker"))
    says("target-void", "worker", town.withdraw(unlinked, "worker"), "refers", ("worker", unlinked))
    says("target-void", "bureau", town.withdraw(unlinked), "refers", ("worker", unlinked))
    says("role-missing", "twin", town.withdraw(unlinked, "twin"), "who")
    accepted("office", town.withdraw(theirs, "office"))
    says("target-missing", "worker", town.withdraw(said, "worker"), "refers")
    assert five not in town.ledger.tokens
    test_one_binding(copy.deepcopy(town))
    bindings = [bound, second, third, fourth, fourth + 2]
    test_identity_proofs(town, rng, bindings, [mine, theirs, unlinked, young], of_temp)


def standing_tokens(ledger):
    """{token: the bindings of it that stand}, told from the records alone (§19)."""
    found = {}
    for account in ledger.accounts:
        withdrawn = {r.refers for r in account.records if r.type == WITHDRAWN}
        for record, (st, _, _) in zip(account.records, account.sources):
            if record.type == IDENTITY and record.sequence not in withdrawn:
                found.setdefault(st.get("token"), []).append([account.number, record.sequence])
    return found


def test_one_binding(town):
    """Promise 12 (§19), of what bureaus say at random."""
    rng, tokens, seen = town.rng, [bytes([n]) * 32 for n in range(6)], set()
    for _ in range(60):
        by, statements = rng.choice(["bureau", "office"]), []
        for _ in range(rng.randint(1, 3)):
            to = rng.choice(["worker", "twin", "other"])
            some = [r.sequence for r in town.account(to).records if r.type in BONDS]
            statements.append(rng.choice([town.bind(rng.choice(tokens), by, to), town.withdraw(rng.choice(some), by, to)]))
        whole, before = rng.random() < .5, town.ledger
        results = town.send(by, statements, all_or_nothing=whole)
        seen |= {(r[0] if len(r) == 3 else None, whole) for r in results}
        stand = standing_tokens(town.ledger)
        assert all(len(records) == 1 for records in stand.values())
        assert town.ledger.tokens == {token: records[0] for token, records in stand.items()}
        assert not whole or len(results[0]) == 4 or standing_tokens(before) == stand
    assert seen == {(code, whole) for code in (None, 39, 73) for whole in (False, True)} | {(47, True)}, seen


def test_identity_proofs(town, rng, bindings, links, of_temp):
    """Proofs of the worker's account as test_identity left it. of_temp: the withdrawal by who is no bureau any more."""
    bound, second, third, fourth, last_bound = bindings
    mine, theirs, unlinked, young = links
    records = town.account("worker").records
    last = len(records) - 1
    views = {name: [0, 1] for name in ("fund", "platform", "bureau", "office", "temp")}
    header, unsigned = (None, False, []), (EVERYTHING, False, [])
    withdrawals = {r.refers: r.sequence for r in records if r.type == WITHDRAWN}
    stands = {n: n not in (bound, third, fourth, theirs, unlinked) for n in bindings + links}

    def without(*names):
        return EVERYTHING - {*names}, True, []

    def verdict(changes=None, views=views):
        said = town.verdict("worker", changes or {}, views)
        assert said["valid"], said
        return said

    def unchecked(said):
        return {name for name in town.address if said["issuers"].get(address_text(town.address[name])) == "not checked"}

    def found(said):
        return {n["sequence"]: n["stands"] for name in ("identities", "links") for n in said.get(name, [])}
    said = verdict()
    assert said["complete"] and unchecked(said) == set() and found(said) == stands, said
    sayers = {bound: "bureau", second: "office", third: "temp", fourth: "office", last_bound: "bureau"}
    commitment = identity(bytes(16), town.address["worker"][1], "CN:resident-id:11010519491231002X").hex()
    assert said["identities"] == [{"sequence": n, "issuer": address_text(town.address[sayers[n]]), "commitment": commitment,
                                   "stands": stands[n]} for n in bindings]
    assert said["links"] == [{"sequence": n, "issuer": address_text(town.address[by]), "other": address_text(town.address[other]),
                              "stands": stands[n]}
                             for n, by, other in ((mine, "worker", "twin"), (theirs, "bureau", "twin"),
                                                  (unlinked, "worker", "other"), (young, "bureau", "young"))]
    assert "identities" not in town.verdict("platform", {}, {}) and "links" not in town.verdict("platform", {}, {})
    # What is withheld is not said; what a header tells is known.
    said = verdict({n: without("identity", "token", "link", "says") for n in range(1, last + 1)})
    assert found(said) == stands and unchecked(said) == set()
    assert {n["commitment"] for n in said["identities"]} == {n["other"] for n in said["links"]} == {None}
    assert said["withheld"] == {"identity": 5, "token": 5, "link": 4, "says": 5}, said["withheld"]
    said = verdict({bound: (EVERYTHING - {"who"}, False, []), young: (EVERYTHING - {"who"}, False, []), second: without("who")})
    assert [n["issuer"] is None for n in said["identities"] + said["links"]] == [True] + [False] * 7 + [True]
    assert found(verdict({n: header for n in withdrawals.values()})) == stands
    said = verdict({n: header for n in (bound, mine, *withdrawals.values())})
    assert found(said) == stands
    said = verdict({n: header for n in (*stands, *withdrawals.values())})
    assert found(said) == stands
    assert {(n["issuer"], n.get("commitment"), n.get("other")) for n in said["identities"] + said["links"]} == {(None,) * 3}
    hidden = withdrawals[third]
    assert found(verdict({hidden: None})) == {n: stands[n] if n > hidden else None for n in stands}
    assert found(verdict({last: None})) == {n: None for n in stands} and records[last].type == WITHDRAWN
    assert found(verdict({1: None})) == stands
    # Who is proved.
    for name in views.keys() - {"fund"}:
        assert unchecked(verdict(views={v: cells for v, cells in views.items() if v != name})) == {name}
        assert town.verdict("worker", {}, {**views, name: [1]})["failure"] == "bad-issuer"
    for name in ("bureau", "office", "temp"):
        assert town.verdict("worker", {}, {**views, name: [0]})["failure"] == "bad-issuer"
    # A withdrawal by who said it takes no role: but then who said it is shown, by its signature or *who*.
    no_role = {**views, "temp": [0]}
    assert records[of_temp].refers == third and unchecked(verdict({third: header}, no_role)) == {"temp"}
    assert unchecked(verdict({third: (None, True, []), bound: header})) == {"office"}  # (whose word office withdrew)
    assert unchecked(verdict({third: (EVERYTHING - {"who"}, False, [])}, no_role)) == {"temp"}
    said = town.verdict("worker", {third: unsigned}, no_role)
    assert said["valid"] and unchecked(said) == {"temp"}, said  # (its binding is not)
    assert town.verdict("worker", {third: (None, True, [])}, no_role)["failure"] == "bad-issuer"  # (its binding takes a role)
    assert unchecked(verdict({unlinked: header})) == {"worker"} and unchecked(verdict({unlinked: (None, True, [])})) == set()
    for changes, names in (({of_temp: header}, set()), ({of_temp: None}, set()), ({of_temp: (None, True, [])}, {"temp"})):
        assert unchecked(verdict({third: None, **changes})) == {"worker", *names}  # (her keys may be others since)
    # The bureau's own account, to which it bound an identity: its role is not checked there.
    assert unchecked(town.verdict("bureau", {}, {"registrar": [0]})) == {"bureau"}
    # Any choice of what to show is a valid proof, where what is referred to with contents is shown.
    trust, parts = parse_trust(trust_text(town).encode()), [None, set(), {"who"}, {"identity", "link"}, EVERYTHING]
    for _ in range(150):
        shown, some_views = any_choice(town, rng, parts, views)
        said = verify_proof(town.ledger.proof(town.address["worker"][0], shown, some_views), trust, town.now)
        assert said["valid"], said

    # Ledgers that record what the law refuses are found out: how, when all is shown; unsigned; and with what is withdrawn as a
    # header, of which nobody knows whose word it is.
    town = copy.deepcopy(town)
    own, ref = "bad-issuer", "bad-reference"
    cheats = [
        ("platform", town.bind(bytes(32), "platform"), own, None, own),        # without the role
        ("late", town.bind(bytes(32), "late"), own, None, own),                # with one that is over
        ("temp", town.bind(bytes(32), "temp"), own, None, own),
        ("worker", town.bind(bytes(32), "worker"), None, None, None),          # herself: not checked
        ("platform", town.link("twin", "platform"), own, None, own),
        ("twin", town.link("worker", "twin"), own, None, own),                 # in another's account
        ("late", town.link("twin", "late"), own, None, own),
        ("platform", town.withdraw(second, "platform"), own, None, None),
        ("temp", town.withdraw(second, "temp"), own, None, None),
        ("late", town.withdraw(young, "late"), own, None, None),
        ("twin", town.withdraw(mine, "twin"), own, None, None),
        ("worker", town.withdraw(second, "worker"), None, None, None),         # not checked
        ("worker", town.withdraw(young, "worker"), None, None, None),
        # What was withdrawn already, by whom it may have been; and first of all it is the issuer's fault.
        ("bureau", town.withdraw(bound), ref, ref, ref),
        ("office", town.withdraw(fourth, "office"), ref, ref, ref),
        ("worker", town.withdraw(unlinked, "worker"), ref, ref, ref),
        ("office", town.withdraw(theirs, "office"), ref, ref, ref),
        ("platform", town.withdraw(bound, "platform"), own, ref, ref),
        # Of another type than it may refer to.
        ("bureau", town.withdraw(1), ref, ref, ref),
        ("platform", town.withdraw(1, "platform"), ref, ref, ref),
        ("platform", town.withdraw(withdrawals[bound], "platform"), ref, ref, ref),
        ("worker", town.withdraw(0, "worker"), ref, ref, ref),
        ("bureau", town.withdraw(withdrawals[third]), ref, ref, ref),
        ("worker", town.take_back(second), ref, ref, ref),
        ("office", town.void(second, "office", 202601), ref, ref, ref),
        ("platform", town.answer(mine, True), ref, ref, ref),
        ("fund", town.settle(second, 5), ref, ref, ref),
        ("platform", town.look(mine, by="platform"), ref, ref, ref),
        # What is not judged of a proof: whether a token was taken, or a link is fit.
        ("bureau", town.bind(b"2" * 32), None, None, None), ("worker", town.link("worker"), None, None, None),
        ("worker", town.link("nobody"), None, None, None)]
    all_views = {name: [0, 1] for name in (*views, "late", "twin")}
    for by, statement, *failures in cheats:
        cheated = copy.deepcopy(town)
        cheated.ledger.__class__ = Lax
        assert cheated.told(by, statement) == "accepted"
        number, target = len(cheated.account("worker").records) - 1, statement.refers
        for changes, failure in (({}, failures[0]), ({number: unsigned}, failures[1]),
                                 ({target: header} if target else {}, failures[2] if target else failures[0])):
            said = cheated.verdict("worker", changes, all_views)
            assert said["failure"] == failure, (by, TYPES[statement.type].name, target, changes, failure, said)
            assert failure or by != "worker" or statement.type == LINKED or changes or unchecked(said) == {"worker"}, said
        # As a header: the type of what it refers to, and whether that was withdrawn; with contents it must be shown.
        if target and statement.month is None:
            expected = ref if ref in failures else None
            for changes, failure in (({number: header}, expected), ({number: header, target: header}, expected),
                                     ({number: (set(), False, []), target: header}, expected),
                                     ({number: header, target: None}, None), ({number: (set(), False, []), target: None}, ref)):
                if target == 0 and changes.get(0, header) is None:
                    continue
                others = [r.sequence for r in cheated.account("worker").records if r.refers == target and r.sequence < number]
                if changes.get(target, header) is None:  # (nor may others show contents, then)
                    changes = {n: header for n in others} | changes
                said = cheated.verdict("worker", changes, all_views)
                assert said["failure"] == failure, (by, TYPES[statement.type].name, target, changes, failure, said)


def test_erasure_shapes():
    """The facets of erasures (§5)."""
    here, kind = [3, bytes(32)], TYPES[ERASED]
    for name, good, bad in (("who", [here], [None, [here, "r"]]), ("says", ["s" * 512], ["", "s" * 513, "a\nb", None])):
        assert all(map(kind.facets[name], good)) and not any(map(kind.facets[name], bad)), name
    assert (kind.name, *kind.facets, kind.refers, kind.month) == ("erased", "who", "says", True, False)
    assert RESULT([75, "refers", [3, 1]]) and not RESULT([84, "refers", None]) and REFUSALS["not-closed"] == 75


def test_erasure(rng):
    """Where the worker worked and what she claimed is erased, at her word or a bureau's: 29."""
    town = Town(rng)
    for name in ("bureau", "office", "late", "temp", "employer", "union", "twin"):
        town.join(name)
    town.give("bureau", BUREAU)
    town.give("office", BUREAU, (2,))
    town.give("late", BUREAU, (), town.now)
    town.give("employer", EMPLOYER)
    town.give("temp", BUREAU, (), town.now + 60 + DAY)
    ends = town.now + DAY
    town.address["not the worker"] = [town.address["worker"][0], bytes(32)]
    number = town.address["worker"][0]

    def says(expected, by, statement, field=None, record=None):
        """What the ledger says; record is the sequence in the worker's account."""
        said = town.told(by, statement)
        named = None if record is None else [number, record]
        assert (said, town.field, town.record) == (expected, field, named), (said, town.field, town.record, expected)

    def accepted(by, statement):
        """Accepts it as one more record of the worker's account, and gives its sequence."""
        says("accepted", by, statement)
        return size() - 1

    def size():
        return len(town.account("worker").records)

    def gone():
        """The records of which the ledger has no contents any more; these are those that it says are erased."""
        account = town.account("worker")
        found = [n for n, (st, _, _) in enumerate(account.sources) if st is None]
        assert found == sorted(account.erased)
        return found

    def erased(by, refers, *steps):
        """Accepts an erasure, which takes these records' contents, and changes nothing else."""
        def parts(account):
            return copy.deepcopy((account.cells, account.salts, account.entries, account.records[:records]))
        records = size()
        before, contents, taken = parts(town.account("worker")), gone(), dict(town.ledger.references)
        sequence = accepted(by, town.erase(refers, by))
        after = town.account("worker").records[-1]
        assert parts(town.account("worker")) == before and town.ledger.references == taken and after.month is None
        assert gone() == sorted([*contents, refers, *steps])
        return sequence

    def codes(by, *statements, all_or_nothing=False):
        """The codes of refusals, None where a statement is accepted; refused are the refusals."""
        results = town.send(by, statements, all_or_nothing=all_or_nothing)
        town.refused = [r for r in results if len(r) == 3]
        return [r[0] if len(r) == 3 else None for r in results]
    paid = accepted("platform", town.pay(1000, "c1"))                                       # record 1
    one, two, three, four, five = [accepted("employer", town.engage(n, [n, n], f"e{n}")) for n in range(5)]
    says("accepted", "employer", town.void(four, "employer", 202601))
    voided = size() - 1
    awarded = accepted("fund", town.award([[1, 5]], "a1", "fund", 202601))
    bound = accepted("bureau", town.bind(bytes(32)))
    linked = accepted("worker", town.link("twin"))
    once = accepted("worker", town.consent("union", [TO_CLAIM], once=True))
    closed = accepted("worker", town.claim(records=(one, two)))
    helped = accepted("union", town.claim(by="union", refers=once, insurance=2, bureau="office"))

    # What it takes.
    for name, statement in (("refers", town.erase(None)),
                            ("month", town.st(ERASED, "worker", [town.address["worker"], "s"], one, 202601)),
                            ("address", town.st(ERASED, None, [town.address["worker"], "s"], one)),
                            ("facets", town.st(ERASED, "worker", [town.address["worker"]], one)), ("says", town.erase(one, says="")),
                            ("who", town.st(ERASED, "worker", [None, "s"], one))):
        says("malformed-facet", "worker", statement, name)
    says("unknown-account", "worker", town.st(ERASED, "not the worker", [town.address["bureau"], "s"], one), "address")
    says("issuer-not-named", "worker", town.erase(size(), "bureau"), "who")
    for refers in (0, paid, voided, awarded, bound, linked, once, size()):
        for by in ("worker", "bureau", "platform", "late"):  # (whoever asks, and had better not)
            says("target-missing", by, town.erase(refers, by), "refers")
    for refers in (one, closed, helped):  # nor its issuer, nor the party, nor the grantee
        for by in ("employer", "platform", "union", "twin", "registrar"):
            says("role-missing", by, town.erase(refers, by), "who")
        says("role-expired", "late", town.erase(refers, "late"), "who")
    # A claim has to be closed.

    def open_still(claim):
        for by in ("worker", "bureau", "office", "temp"):
            says("not-closed", by, town.erase(claim, by), "refers", claim)
        says("role-missing", "platform", town.erase(claim, "platform"), "who")
    open_still(closed)
    open_still(helped)
    steps = []
    for by, step in (("platform", town.answer(closed, False, (two,))), ("bureau", town.rule(closed, 1)),
                     ("platform", town.remedy(closed, (size() + 1,)))):
        steps.append(accepted(by, step))
        open_still(closed)
    key = VerifierKey(town.origin, ED25519, public_of(town.operator))
    assert check_receipt(town.ledger.receipt(town.digest), town.data, key) == [[31, "who", None]]
    says("not-closed", "bureau", town.erase(closed, "bureau"), "refers", closed)
    assert check_receipt(town.ledger.receipt(town.digest), town.data, key) == [[75, "refers", [number, closed]]]
    steps.append(accepted("bureau", town.close(closed, "bureau")))
    for refers in steps:  # what is said to a claim goes with it, not alone
        says("target-missing", "worker", town.erase(refers), "refers")
    # With all-or-nothing nothing is erased when one is refused; within a posting each is judged as the one before left it.
    assert codes("worker", town.erase(one), town.erase(closed), town.erase(helped), all_or_nothing=True) == [47, 47, 75]
    assert town.refused[2] == [75, "refers", [number, helped]] and gone() == []
    assert codes("worker", town.erase(one), town.erase(one), all_or_nothing=True) == [47, 39]
    assert town.refused[1] == [39, "refers", [number, one]] and gone() == []
    trial = copy.deepcopy(town)
    assert codes("worker", town.erase(helped), town.close(helped), town.erase(helped), town.close(helped)) == [75, None, None, 30]
    assert gone() == [helped, size() - 2] and town.refused[1] == [30, "refers", None]
    town = trial
    assert codes("worker", town.claim(), town.close(size()), town.erase(size())) == [None] * 3
    at_once = size() - 3
    assert gone() == [at_once, at_once + 1]
    before = copy.deepcopy(town)

    # By whom; and once.
    erased("worker", one)
    erased("bureau", two)
    erased("worker", four)                    # that was voided
    erased("office", closed, *steps)          # for whatever insurance
    says("target-missing", "worker", town.erase(size() - 1), "refers")
    for refers in (one, two, four, closed, at_once):
        for by in ("worker", "bureau", "office", "temp"):
            says("target-void", by, town.erase(refers, by), "refers", refers)
        says("role-missing", "employer", town.erase(refers, "employer"), "who")
        says("role-expired", "late", town.erase(refers, "late"), "who")
    # It is no target for anything else; that comes before all that could be said of it.
    for by in ("employer", "worker", "platform"):
        for refers in (one, two, four):
            says("target-missing", by, town.void(refers, by, 202601), "refers")
            says("target-missing", by, town.void(refers, by, 202512, [5, 5, None, "CNY"]), "refers")
    for by in ("platform", "bureau", "worker"):
        for statement in (town.answer(closed, True, by=by), town.answer(closed, True, (size(),), by), town.rule(closed, 3, by),
                          town.remedy(closed, (size(),), by), town.close(closed, by), town.close(at_once, by)):
            says("target-missing", by, statement, "refers")
    for refers in steps:
        says("target-missing", "worker", town.erase(refers), "refers")
    # A reference stays taken; and what is erased may be named as what shows something.
    for n, sequence in ((0, one), (1, two), (3, four), (2, three)):
        says("reference-taken", "employer", town.engage(n, [n, n], f"e{n}"), "who", sequence)
    naming = accepted("worker", town.claim(records=(one, closed)))
    # The consent of a claim-for that is erased stays used up.
    accepted("worker", town.close(helped))
    erased("bureau", helped, size() - 1)
    says("grant-over", "union", town.claim(by="union", refers=once), "refers", once)
    # Whoever is no bureau any more erases nothing of others, whatever it was.
    town.now = ends - 61
    by_temp = erased("temp", three)
    town.now = ends - 60
    says("role-expired", "temp", town.erase(five, "temp"), "who")
    assert codes("worker", town.void(five, "worker", 202601), town.erase(five), town.erase(five)) == [34, None, 39]
    # An account's own, though it is a bureau's or the registrar's: by its own word, and by a bureau's.
    for name in ("bureau", "registrar"):
        says("accepted", "employer", town.st(ENGAGEMENT, name, [[town.address["employer"], "e0"], [None, [0, 0], None], [5, "CNY"]],
                                             month=202601))
        last = len(town.account(name).records) - 1
        assert town.told("office", town.erase(last - 1, "office", name)) == "target-missing"
        says("accepted", name, town.erase(last, name, name))
    test_what_is_erased(copy.deepcopy(town))
    test_erasure_proofs(town, before, rng, [one, two, three, four, five], [closed, helped, at_once, naming], steps, by_temp)


def test_what_is_erased(town):
    """Promise 13 (§19), of what is erased at random; and a proof of it all is valid."""
    rng, codes = town.rng, set()
    for turn in range(80):
        records = town.account("worker").records
        some = [r.sequence for r in records if r.type in (ENGAGEMENT, *CLAIMS, *SAID_TO_CLAIMS)]
        by, statements = rng.choice(["worker", "bureau", "employer"]), []
        for _ in range(rng.randint(1, 3)):
            refers = rng.choice(some[-12:])
            adds = town.engage(1, [0, 1], f"r{turn}") if by == "employer" else town.claim(by=by)
            statements.append(rng.choice([town.erase(refers, by), town.close(refers, by), adds, town.void(refers, by, 202601)]))
        for r in town.send(by, statements, all_or_nothing=rng.random() < .5):
            codes.add(r[0] if len(r) == 3 else None)
        for account in town.ledger.accounts:
            erased = {r.refers: r.sequence for r in account.records if r.type == ERASED}
            assert len(erased) == sum(r.type == ERASED for r in account.records)
            for r, (st, _, _) in zip(account.records, account.sources):
                about = r.refers if r.type in SAID_TO_CLAIMS else r.sequence
                assert (st is None) == (about in erased) and (st or r.type in (ENGAGEMENT, *CLAIMS, *SAID_TO_CLAIMS))
                assert st or r.sequence < erased[about]
    assert {None, 30, 31, 39, 47, 75} <= codes, codes
    said, records = town.verdict("worker", {}, {}), town.account("worker").records
    assert said["valid"] and said["erased"] == sorted(r.refers for r in records if r.type == ERASED), said
    also = {r.sequence for r in records if r.type in SAID_TO_CLAIMS and r.refers in said["erased"]}
    assert also and town.account("worker").erased == {*said["erased"], *also}


def test_erasure_proofs(town, before, rng, engaged, claims, steps, by_temp):
    """Proofs of the worker's account as test_erasure left it. before: when of all before at_once nothing was erased."""
    one, two, three, four, five = engaged
    closed, helped, at_once, naming = claims
    records, account = town.account("worker").records, town.account("worker")
    last = len(records) - 1
    views = {name: [0, 1] for name in ("fund", "platform", "bureau", "office", "temp", "employer")} | {"union": [0]}
    header, unsigned = (None, False, []), (EVERYTHING, False, [])
    erasures = {r.refers: r.sequence for r in records if r.type == ERASED}
    told = sorted([*engaged, closed, helped, at_once])  # what the erasures refer to; and all that has no contents any more:
    gone = sorted([*told, *steps, at_once + 1, erasures[helped] - 1])
    assert told == sorted(erasures)

    def verdict(changes=None, views=views, town=town):
        said = town.verdict("worker", changes or {}, views)
        assert said["valid"], said
        return said

    def unchecked(said):
        return {name for name in town.address if said["issuers"].get(address_text(town.address[name])) == "not checked"}
    said = verdict()
    assert said["complete"] and said["erased"] == told and unchecked(said) == set(), said
    assert said["records"] == {"total": last + 1, "contents": last + 1 - len(gone), "headers": len(gone), "hidden": 0}
    assert said["claims"] == ["open"] and "engagements" not in said and records[last].type == ERASED, said
    assert "erased" not in verdict({n: None for n in erasures.values()}) and "erased" not in town.verdict("platform", {}, {})
    # What is left of them is as it was: the records, and that they were signed.
    for n in gone:
        st, cose, path = account.sources[n]
        r, signed = records[n], read_cose(cose)
        assert st is None and included(leaf(2, 1, r.index, r.root), r.index, signed.count, path, signed.root)
    assert records[:at_once] == before.account("worker").records[:at_once]
    # An erasure shown as a header tells the same; one that is hidden, nothing. What it refers to may be hidden itself.
    assert verdict({n: header for n in erasures.values()})["erased"] == told
    said = verdict({n: (EVERYTHING - {"who", "says"}, True, []) for n in erasures.values()})
    assert said["erased"] == told and said["withheld"] == {"who": len(erasures), "says": len(erasures)} and unchecked(said) == set()
    hidden = erasures[closed]
    said = verdict({hidden: None})
    assert said["erased"] == [n for n in told if n != closed] and said["claims"] == ["open"], said
    assert verdict({steps[0]: None})["erased"] == told
    said = verdict({n: header for n in (hidden, *steps)} | {closed: None})
    assert said["erased"] == told and not said["complete"]
    # Who is proved: her own word takes no role; a bureau's takes one that is in force, for whatever insurance.
    for name in ("bureau", "office", "temp"):
        assert unchecked(verdict(views={v: cells for v, cells in views.items() if v != name})) == {name}
        for cells in ([0], [1]):
            assert town.verdict("worker", {}, {**views, name: cells})["failure"] == "bad-issuer"
    said = verdict({n: header for n in erasures.values()}, {name: cells for name, cells in views.items() if name != "temp"})
    assert unchecked(said) == set()
    assert unchecked(verdict({by_temp: (None, True, [])}, {n: c for n, c in views.items() if n != "temp"})) == {"temp"}
    assert unchecked(town.verdict("bureau", {}, {"registrar": [0], "employer": [0, 1]})) == set()
    # Whoever has the contents from before can show them still: the states are as ever, and that they were erased is said.
    kept = copy.deepcopy(town)
    sources = kept.account("worker").sources
    sources[:at_once] = before.account("worker").sources[:at_once]
    said = verdict(town=kept)
    left = [n for n in gone if n >= at_once]
    assert said["erased"] == told and said["records"]["headers"] == len(left), said
    assert said["claims"] == ["closed", "closed", "open"] and said["engagements"] == ["standing"] * 3 + ["void", "standing"], said
    assert unchecked(said) == set() and unchecked(verdict({n: header for n in gone}, town=kept)) == set()
    # Any choice of what to show is a valid proof, where what is referred to with contents is shown.
    trust, parts = parse_trust(trust_text(town).encode()), [None, set(), {"who"}, {"says", "claim"}, EVERYTHING]
    for _ in range(80):
        shown, some_views = any_choice(town, rng, parts, views)
        for ledger in (town.ledger, kept.ledger):
            said = verify_proof(ledger.proof(town.address["worker"][0], shown, some_views), trust, town.now)
            assert said["valid"], said
            assert said.get("erased", []) == [n for n in told if erasures[n] in shown], said

    # Ledgers that record what the law refuses are found out: how, when all is shown; unsigned; and with the target as a header.
    town = copy.deepcopy(town)
    assert town.told("employer", town.engage(5, [0, 1], "new")) == "accepted"
    new, own, ref = last + 1, "bad-issuer", "bad-reference"
    cheats = [
        ("employer", town.erase(new, "employer"), own, None, own),             # without the role
        ("platform", town.erase(naming, "platform"), own, None, own),
        ("twin", town.erase(new, "twin"), own, None, own),                     # in another's account
        ("late", town.erase(new, "late"), own, None, own),                     # with one that is over
        ("temp", town.erase(new, "temp"), own, None, own),
        ("employer", town.erase(one, "employer"), own, ref, own),              # and it was erased before
        # Of another type than it may refer to; and first of all it is the issuer's fault.
        ("employer", town.erase(1, "employer"), own, ref, own),
        *[(by, town.erase(n, by), ref, ref, ref) for by in ("worker", "bureau")
          for n in (0, 1, four + 2, four + 3, four + 4, four + 5, four + 6, steps[0], steps[1], steps[2], steps[3], erasures[one])],
        ("worker", town.withdraw(new, "worker"), ref, ref, ref), ("worker", town.take_back(erasures[one]), ref, ref, ref),
        ("platform", town.answer(erasures[one], True), ref, ref, ref), ("worker", town.close(erasures[closed]), ref, ref, ref),
        ("worker", town.void(erasures[one], "worker", None), ref, ref, ref),
        # To what was erased before nothing refers.
        *[again for n in told for again in (("bureau", town.erase(n, "bureau"), ref, ref, ref), ("worker", town.erase(n), ref, ref, ref))],
        *[("employer", town.void(n, "employer", 202601), ref, ref, ref) for n in engaged if n != four],  # (that is void already)
        ("platform", town.answer(closed, True), ref, ref, ref), ("bureau", town.rule(closed, 1), ref, ref, ref),
        ("platform", town.remedy(closed, (new,)), ref, ref, ref), ("worker", town.close(at_once), ref, ref, ref),
        ("bureau", town.close(closed, "bureau"), ref, ref, ref),
        # What is not judged of a proof: whether a claim was closed.
        ("worker", town.erase(naming), None, None, None), ("bureau", town.erase(naming, "bureau"), None, None, None)]
    all_views = {name: [0, 1] for name in (*views, "union", "late", "twin")}
    for by, statement, *failures in cheats:
        cheated = copy.deepcopy(town)
        cheated.ledger.__class__ = Lax
        if statement.type == CORRECTION and statement.month is None:  # (of the shape that such a record has)
            statement = dataclasses.replace(statement, month=202601)
        assert cheated.told(by, statement) == "accepted"
        number, target = len(cheated.account("worker").records) - 1, statement.refers
        signed = (None, True, [])
        for changes, failure in (({}, failures[0]), ({number: unsigned}, failures[1]),
                                 ({target: signed} if target else {}, failures[2] if target else failures[0])):
            said = cheated.verdict("worker", changes, all_views)
            assert said["failure"] == failure, (by, TYPES[statement.type].name, target, changes, failure, said)
            also = {target} if statement.type == ERASED else set()
            assert failure or said["erased"] == sorted({*told, *also}), (by, target, said["erased"])
        if not target:
            continue
        # As a header: the type of what it refers to; with contents that must be shown.
        expected = ref if ref in failures else None
        for changes, failure in (({number: header}, expected), ({number: header, target: header}, expected),
                                 ({number: (set(), False, []), target: header}, expected),
                                 ({number: header, target: None}, None), ({number: (set(), False, []), target: None}, ref)):
            others = [r.sequence for r in cheated.account("worker").records if r.refers == target and r.sequence < number]
            if changes.get(target, header) is None:  # (nor may others show contents, then)
                changes = {n: header for n in others} | changes
            said = cheated.verdict("worker", changes, all_views)
            assert said["failure"] == failure, (by, TYPES[statement.type].name, target, changes, failure, said)
            if failure is None:  # (what is hidden is said to be erased all the same)
                tells = {n for n in told if changes.get(erasures[n], header)} | ({target} if statement.type == ERASED else set())
                assert said["erased"] == sorted(tells), (by, target, said)
        if target in told and own not in failures:
            # As a header an erasure tells that it came before, whatever is hidden in between; one that is hidden does not.
            assert cheated.verdict("worker", {erasures[target]: header}, all_views)["failure"] == ref
            between = {n: None for n in range(number) if n not in (target, erasures[target])} | {erasures[target]: header}
            for last_one in (header, (None, True, [])):
                assert cheated.verdict("worker", between | {number: last_one}, all_views)["failure"] == ref, (by, target)
            said = cheated.verdict("worker", {erasures[target]: None}, all_views)
            assert said["valid"], (by, TYPES[statement.type].name, target, said)
            assert said["erased"] == [n for n in told if n != target or statement.type == ERASED], (by, target, said)
    # What refers to it before it is erased does so rightly, and what does after that does not, though its contents are shown.
    for target, by, step in ((new, "employer", town.void(new, "employer", 202601)), (new, "worker", town.erase(new)),
                             (naming, "platform", town.answer(naming, True)), (naming, "bureau", town.rule(naming, 1)),
                             (naming, "platform", town.remedy(naming, (new,))), (naming, "worker", town.close(naming)),
                             (naming, "bureau", town.erase(naming, "bureau"))):
        for rightly in (True, False):
            cheated = copy.deepcopy(town)
            cheated.ledger.__class__ = Lax
            for sender, statement in [(by, step), ("worker", town.erase(target))][::1 if rightly else -1]:
                assert cheated.told(sender, statement) == "accepted"
            rightly = rightly and step.type != ERASED
            said = cheated.verdict("worker", {}, all_views)
            assert said["failure"] == (None if rightly else ref), (TYPES[step.type].name, rightly, said)
            said = cheated.verdict("worker", {target: None, new + 1: header, new + 2: header}, all_views)
            assert said["valid"] and said["erased"] == [*told, target], said
            for n in (new + 1, new + 2):
                assert cheated.verdict("worker", {n: None}, all_views)["valid"], (TYPES[step.type].name, n)


def showable(records, shown):
    """What is shown of records, with contents only where the record that it refers to is shown, too."""
    return {n: (facets if records[n].refers in (None, *shown) else None, *more) for n, (facets, *more) in shown.items()}


def any_choice(town, rng, parts, views):
    """Some choice of what a proof of the worker's account shows, and of whether it has these views."""
    records = town.account("worker").records
    some = sorted(rng.sample(range(len(records)), rng.randint(1, len(records))))
    shown = showable(records, {n: (rng.choice(parts), rng.random() < .5, []) for n in some})
    every = {town.address[name][0]: {n: (None, False, [0, 1]) for n in range(len(town.account(name).records))} for name in views}
    return shown, rng.choice([{}, every])


class Lax(Ledger):
    """Records everything, and changes no cell by it."""

    def judge(self, st, *_):
        return self.find(st.address), lambda _account, _sequence: None


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


def test_moving_shapes():
    """The facets and cells of Moving, and hashes no 12 and 13."""
    here, name = [3, bytes(32)], "b.example"
    to, from_, kept = [name, here, None], [name, here, 5, 9, bytes(32), None], [0, 0, MAX, "CNY"]
    paper, source = [1, "s" * 32, "p" * 128, [202601, 202601], 0, "CNY"], ["d" * 128, bytes(32), None]
    for types, facet, good, bad in (
            ((DEPARTURE, ARRIVAL, MOVE_CLOSED, LET_GO, RECOGNISED), "who", [here], [None, [here, "r"]]),
            ((MOVED_OUT, MOVED_IN, TRANSCRIBED), "who", [[here, "r" * 64]], [here, [here, ""], [here, "r" * 65]]),
            ((DEPARTURE,), "to", [to, [name, here, here]],
             [None, to[:2], [*to, None], ["", here, None], ["a b", here, None], ["a" * 101, here, None], [name, None, None],
              [name, here, 3]]),
            ((ARRIVAL,), "from", [from_, [name, here, None, 0, bytes(32), here]],
             [None, from_[:5], [*from_, None], [name, here, -1, *from_[3:]], [*from_[:3], None, *from_[4:]],
              [*from_[:4], bytes(31), None], [name, None, *from_[2:]]]),
            ((ARRIVAL, MOVED_IN, MOVE_CLOSED), "shown", [[b"l", b"f"], [bytes(8192), bytes(32768)]],
             [None, [b"", b"f"], [b"l", b""], [bytes(8193), b"f"], [b"l", bytes(32769)], ["l", b"f"], [b"l"], [b"l", b"f", None],
              [None, b"f"]]),
            ((MOVED_OUT, MOVED_IN), "what", [[1, "s", here]], [[0, "s", here], [1, "s" * 33, here], [1, "s", None]]),
            ((MOVED_OUT, MOVED_IN), "moved", [kept, [MAX, MAX, MAX, "CNY"]],
             [None, kept[:3], [1, 1, "CNY"], [MAX + 1, 0, 0, "CNY"], [-1, 0, 0, "CNY"], [1, 1, None, "CNY"], [1, 1, 1, "cny"]]),
            ((MOVED_IN,), "out", [0, MAX], [None, -1, 2 ** 53, [1]]),
            ((RECOGNISED,), "ledger", [[name, None], [name, b"l"], [name, bytes(8192)]],
             [None, [name], [name, b""], [name, bytes(8193)], [name, "l"], ["a+b", None], [None, None]]),
            ((TRANSCRIBED,), "paper", [paper, [65535, *paper[1:4], MAX, "CNY"]],
             [None, paper[:5], [0, *paper[1:]], [1, "s" * 33, *paper[2:]], [1, "s", "p" * 129, *paper[3:]],
              [*paper[:3], [202602, 202601], 0, "CNY"], [*paper[:3], None, 0, "CNY"], [*paper[:4], None, "CNY"], [*paper[:4], 0]]),
            ((TRANSCRIBED,), "source", [source, ["d", bytes(32), "p" * 32]],
             [None, source[:2], ["", *source[1:]], ["d" * 129, *source[1:]], ["d", bytes(31), None], ["d", bytes(32), "p" * 33],
              ["d", bytes(32), ""]])):
        for type in types:
            shape = TYPES[type].facets[facet]
            assert all(map(shape, good)) and not any(map(shape, bad)), (TYPES[type].name, facet)
    assert [(*k.facets, k.refers) for k in map(TYPES.get, (DEPARTURE, ARRIVAL, *range(40, 46)))] == [
        ("who", "to", False), ("who", "from", "shown", False), ("who", "what", "moved", True),
        ("who", "what", "moved", "out", "shown", True), ("who", "shown", True), ("who", True), ("who", "ledger", False),
        ("who", "paper", "source", False)]
    assert not any(TYPES[t].month for t in (DEPARTURE, ARRIVAL, *range(40, 46)))
    out, came = [7, 1, "CNY", 5, 0], [9, 7, 1, "CNY", 5, 0]
    move, arrival = [5, name, here, 9, [out] * 64, True], [5, name, here, None, 9, bytes(32), [came] * 64]
    for good in ([6, None], [6, move], [7, []], [7, [arrival] * 16], [8, []], [8, [[name, None], [name, bytes(32)]] * 128]):
        assert CELL(good), good
    for bad in ([6], [6, []], [6, move[:5]], [6, [*move[:4], [out] * 65, True]], [6, [*move[:4], [out[:4]], True]], [6, [*move[:5], 1]],
                [6, [*move[:3], None, *move[4:]]], [6, [None, *move[1:]]], [7, None], [7, [arrival] * 17], [7, [arrival[:6]]],
                [7, [[*arrival[:6], [came] * 65]]], [7, [[*arrival[:6], [out]]]], [8, None], [8, [[name]]], [8, [[name, b"h"]]],
                [8, [[name, None]] * 257], [6, None, None], [9, []]):
        assert not CELL(bad), bad
    assert ledger_list(b"list") == H(b"\0" + b"\x84\x01\x0c\x01\x44list")
    assert arrived("abc", b"i" * 32) == H(b"\0" + b"\x85\x01\x0d\x01\x63abc\x58\x20" + b"i" * 32)
    assert RESULT([76, "address", [3, 1]]) and RESULT([83, "to", None]) and REFUSALS["move-unfit"] == 83


def test_moving(rng):
    """The worker goes from the old town to the new: 19, 20 and 40 to 45."""
    old, new = Town(rng, "old.example/test"), Town(rng, "new.example/test")
    for town in (old, new):
        town.now += 60 * (town is new)  # (both clocks go on together below)
        for name in ("bureau", "late", "other", "uncle", "aunt"):
            town.join(name)
        town.give("bureau", BUREAU)
        town.give("late", BUREAU, (), town.now)
        town.give("fund", AGENT)
    old.address["not the aunt"] = [old.address["aunt"][0], bytes(32)]

    def wait(seconds=0):
        old.now = new.now = max(old.now, new.now) + seconds

    def says(town, expected, by, statement, field=None, record=None, key=None):
        """What a ledger says; record is the sequence in the account that the statement is about, or (whose, sequence)."""
        wait()
        number = record if record is None or type(record) is list else [statement.address[0], record]
        said = town.told(by, statement, key)
        assert (said, town.field, town.record) == (expected, field, number), (said, town.field, town.record, expected)

    def accepted(town, by, statement, key=None):
        says(town, "accepted", by, statement, key=key)
        return len(town.ledger.find(statement.address).records) - 1

    def move(town=old, name="worker"):
        return town.account(name).move()

    def last(town=old, name="worker"):
        return len(town.account(name).records) - 1

    # Keys, guardians and money.
    change = old.change(old.keys([old.private["worker"][1], rng.randbytes(32), rng.randbytes(32)]), ["uncle", "aunt"], 2, "worker")
    says(old, "accepted", "worker", change, key=old.private["worker"][1])
    old.private["worker"] = [old.private["worker"][1], *old.private["worker"][:2]]
    paid = accepted(old, "platform", old.pay(1000, "c1"))
    accepted(old, "fund", old.settle(paid, 1000))
    unsettled = accepted(old, "platform", old.pay(10, "c2"))
    cells = len(old.account("worker").cells)

    # Ledgers are recognised by the registrar, in its account.
    theirs, ours = old.trust(), new.trust()
    says(new, "not-registrar", "bureau", new.recognise(old.origin, theirs, "bureau"), "who")
    says(new, "move-unfit", "registrar", new.recognise(old.origin, theirs, to="bureau"), "address")
    for origin, data in ((new.origin, ours), (new.origin, None), (old.origin, ours), (old.origin, theirs[:-1]), (old.origin, b"x"),
                         (old.origin, theirs + ours.removeprefix(b"peal trust 1\n"))):
        says(new, "move-unfit", "registrar", new.recognise(origin, data), "ledger")
    accepted(new, "registrar", new.recognise("c.example", None))
    accepted(new, "registrar", new.recognise(old.origin, theirs))
    assert new.account("registrar").cells[-1] == [8, [["c.example", None], [old.origin, ledger_list(theirs)]]]
    accepted(new, "registrar", new.recognise("c.example", None))
    full = copy.deepcopy(new)
    full.account("registrar").cells[-1][1].extend([f"{n}.example", None] for n in range(254))
    says(full, "state-full", "registrar", full.recognise("d.example", None), "ledger")
    says(full, "accepted", "registrar", full.recognise("3.example", None))

    # Departing.
    says(old, "not-yours", "bureau", old.depart(new, "bureau", to="worker"), "who")
    for name in ("other", "late"):
        says(old, "bureau-unfit", "worker", old.depart(new, bureau=name), "to")
    says(old, "move-unfit", "worker", old.depart(old), "to")
    says(old, "move-unfit", "fund", old.depart(new, "fund"), "to")
    says(old, "move-unfit", "registrar", old.depart(new, "registrar"), "to")
    assert accepted(old, "late", old.depart(new, "late")) and move(name="late").due == old.now + 604800  # (its role has ended)
    first = accepted(old, "worker", old.depart(new))
    assert move() == (first, new.origin, new.address["worker"], old.now + 604800, [], False)
    assert old.account("worker").cells[cells:] == [[6, list(move())]]
    says(old, "departed", "worker", old.depart(new), "address", first)
    says(old, "bureau-unfit", "worker", old.depart(new, bureau="other"), "to")
    says(old, "accepted", "platform", old.pay(5, "c3"))  # until it is due all goes on
    third = last()
    # It is withdrawn by whoever said it, or a bureau.
    says(old, "role-missing", "other", old.withdraw(first, "other"), "who")
    twin = copy.deepcopy(old)
    says(twin, "accepted", "bureau", twin.withdraw(first))
    accepted(old, "worker", old.withdraw(first, "worker"))
    assert move() is None and old.account("worker").cells[cells] == [6, None]
    for by in ("worker", "bureau"):
        says(old, "target-void", by, old.withdraw(first, by), "refers", first)
    says(old, "target-void", "uncle", old.let_go("uncle", first), "refers", first)
    for by, statement in (("uncle", old.let_go("uncle", paid)), ("worker", old.close_move(paid, [b"l", b"f"])),
                          ("fund", old.move_out(paid, [1, 0, 0], "o")), ("fund", old.move_in(first, [1, 0, 0], 1, "i", [b"l", b"f"]))):
        says(old, "target-missing", by, statement, "refers")
    says(old, "target-void", "worker", old.close_move(first, [b"l", b"f"]), "refers", first)
    says(old, "target-void", "fund", old.move_out(first, [1, 0, 0], "o"), "refers", first)
    # It falls when keys change before it is due, and not after.
    second = accepted(old, "worker", old.depart(new))
    approving = copy.deepcopy(old)
    private = [rng.randbytes(32) for _ in range(3)]
    keys, me = old.keys(private), old.address["worker"]
    for due, left in ((move().due - 61, None), (move().due - 60, second), (move().due + 5, second)):
        for kind, facets in ((ROTATED, [me, keys]), (CHANGED, [me, keys, [[], 0, 5]]), (COMPLETED, [me, keys])):
            trial = copy.deepcopy(old)
            trial.account("worker").cells[0][2] = next_key(keys[0])
            if kind == COMPLETED:
                trial.account("worker").set_approvals([[old.address[g][0], 1, 0, False, *keys] for g in ("uncle", "aunt")])
            trial.now = due
            assert trial.told("worker", trial.st(kind, "worker", facets), private[0]) == "accepted" and trial.now == due + 60
            assert move(trial) is left or move(trial).departure == left, (due, kind)
    # Guardians, or one bureau, let it go before.
    for by, expected in (("other", "not-guardian"), ("worker", "not-guardian"), ("late", "not-guardian")):
        says(old, expected, by, old.let_go(by, second), "who")
    mine = accepted(old, "uncle", old.let_go("uncle", second))
    assert not old.account("worker").departed(old.now) and move().due > old.now + 86400
    says(old, "already-approved", "uncle", old.let_go("uncle", second), "refers", second)
    twin = copy.deepcopy(old)
    assert accepted(twin, "bureau", twin.let_go("bureau", second)) and move(twin).due == twin.now
    says(twin, "already-approved", "aunt", twin.let_go("aunt", second), "refers", second)
    says(old, "not-due", "fund", old.move_out(second, [100, 50, 5], "o1"), "refers", second)
    says(old, "not-settled", "worker", old.close_move(second, [b"l", b"f"]), "refers", second)
    says(old, "not-due", "bureau", old.close_move(second, [b"l", b"f"], "bureau"), "refers", second)
    accepted(old, "aunt", old.let_go("aunt", second))
    assert move().due == old.now and old.account("worker").departed(old.now)
    shown = old.shows([second], {second: [0], last(): [6]})  # (at once)
    says(copy.deepcopy(new), "accepted", "worker", new.arrive(old, second, shown))

    # With a departure in force nothing new begins; what has begun is ended.
    old.give("platform", EMPLOYER)
    for by, statement in (
            ("platform", old.pay(5, "c4")), ("platform", old.match(paid, 5, "m1", 2, "platform")),
            ("platform", old.engage(5, [1, 2], "e1", "platform")), ("bureau", old.award([[1, 5]], "a1")),
            ("fund", old.interest(2, [[20, 12]], 100_000, "n1")), ("worker", old.claim()), ("bureau", old.bind(bytes(32))),
            ("worker", old.depart(new)), ("bureau", old.transcribe("t1")),
            ("registrar", old.st(GRANTED, "worker", [old.address["registrar"], [AGENT, [], None]])),
            ("bureau", old.arrive(new, None, [b"l", b"f"], "bureau"))):
        says(old, "departed", by, statement, "address", second)
    for by, statement, expected in (
            ("other", old.pay(5, "c4", by="other"), "role-missing"), ("platform", old.pay(5, "c1"), "reference-taken"),
            ("fund", old.interest(3, [[20, 12]], 100_000, "n1"), "interest-differs"), ("worker", old.claim(party="bureau"), "own-cause"),
            ("bureau", old.transcribe("t1", months=(202601, 202603)), "month-in-future"), ("worker", old.depart(new, bureau="late"), "bureau-unfit")):
        assert old.told(by, statement) == expected, (by, old.field)
    accepted(old, "fund", old.settle(third, 5))
    accepted(old, "worker", old.consent("other", [READ]))
    transfer = old.claim()
    transfer.facets[1][0] = A_TRANSFER
    accepted(old, "worker", transfer)
    accepted(old, "worker", old.link("other"))
    says(old, "role-missing", "worker", old.withdraw(second, "worker"), "who")  # now only a bureau
    says(old, "target-void", "worker", old.withdraw(first, "worker"), "refers", first)
    says(copy.deepcopy(old), "accepted", "bureau", old.withdraw(second))

    # Arriving. What is shown: the list as recognised, and a proof of what is demanded.
    good = old.shows([second], {second: [0], last(): [6]})
    size = last() + 1
    says(new, "role-missing", "other", new.arrive(old, second, good, "other"), "who")
    says(new, "role-expired", "late", new.arrive(old, second, good, "late"), "who")
    says(new, "bureau-unfit", "worker", new.arrive(old, second, good, bureau="late"), "from")
    says(new, "not-recognised", "worker", new.arrive(old, second, [ours, good[1]]), "shown")
    says(new, "not-recognised", "worker", new.arrive(old, second, [old.trust("fresh 3"), good[1]]), "shown")
    says(new, "not-recognised", "worker", new.arrive(old, second, good, origin=new.origin), "shown")
    says(new, "not-recognised", "worker", new.arrive(old, second, good, origin="c.example"), "shown")
    broken = bytearray(good[1])
    broken[len(broken) // 2] ^= 1
    bad = [(good, {"size": size + 1}), (good, {"size": size - 1}), (good, {"root": bytes(32)}), (good, {"address": old.address["other"]}),
           (good, {"departure": first}), (good, {"departure": size}), (good, {"departure": None}), ([theirs, bytes(broken)], {}),
           ([theirs, b"what"], {}),
           (old.shows([second], [6]), {}), (old.shows([second], {second: [0]}), {}), (old.shows([], {second: [0], last(): [6]}), {}),
           (old.shows([first], {first: [0], last(): [6]}), {"departure": first}), (old.shows([second], {second: [0, 6]}), {})]
    for shown, other in bad:
        says(new, "not-shown", "worker", new.arrive(old, shown=shown, **({"departure": second} | other)), "shown")
    elsewhere = new.arrive(old, second, good, "other")
    elsewhere.address = new.address["other"]
    says(new, "not-shown", "other", elsewhere, "shown")
    # (nor what is not due yet)
    twin = copy.deepcopy(approving)
    says(new, "not-shown", "worker", new.arrive(twin, second, twin.shows([second], {second: [0], last(twin): [6]})), "shown")
    # (nor under a head still to come)
    twin = copy.deepcopy(old)
    twin.now = new.now + 700
    assert twin.told("worker", twin.consent("other", [READ])) == "accepted"
    says(new, "not-shown", "worker", new.arrive(twin, second, twin.shows([second], {second: [0], last(twin): [6]})), "shown")
    there = accepted(new, "worker", new.arrive(old, second, good, bureau="bureau"))
    row_ = [there, old.origin, old.address["worker"], second, size, root(old.account("worker").leaves()), []]
    assert new.account("worker").cells[2:] == [[7, [row_]]]
    assert new.ledger.tokens == {arrived(old.origin, old.address["worker"][1]): [new.address["worker"][0], there]}
    says(new, "arrived-already", "worker", new.arrive(old, second, good), "from", there)
    says(new, "identity-taken", "bureau", new.bind(arrived(old.origin, old.address["worker"][1])), "token", there)
    says(new, "departed", "late", new.depart(old, "late", to="late"), "address", accepted(new, "late", new.depart(old, "late")))
    # What was recorded since is brought by a further one; there is room for it always.
    shown = old.shows([second], {second: [0], last(): [6]})
    says(new, "arrived-already", "worker", new.arrive(old, second, shown), "from", there)
    consent = accepted(old, "worker", old.consent("other", [READ]))
    further = accepted(new, "bureau", new.arrive(old, second, old.shows([second], {second: [0], last(): [6]}), "bureau"))
    row_[4:6] = [size + 1, root(old.account("worker").leaves())]
    assert new.account("worker").cells[2:] == [[7, [row_]]] and further > there
    says(new, "arrived-already", "bureau", new.arrive(old, second, good, "bureau", size=size, root=root(old.account("worker").leaves()[:-1])),
         "from", further)
    full = copy.deepcopy(new)
    full.account("worker").cells[2][1].extend([0, f"{n}.example", old.address["worker"], None, 1, bytes(32), []] for n in range(15))
    says(full, "state-full", "worker", full.arrive(old, second, good, origin="d.example"), "from")
    says(full, "arrived-already", "worker", full.arrive(old, second, old.shows([second], {second: [0], last(): [6]})), "from", further)
    # A ledger that has ended: a bureau rules, by a checkpoint that the list knows.
    ended = old.trust(f"final {old.ledger.head[0]} {base64.b64encode(root(old.ledger.log)).decode()}")
    ruled = copy.deepcopy(new)
    says(ruled, "accepted", "registrar", ruled.recognise(old.origin, ended))
    says(ruled, "not-recognised", "worker", ruled.arrive(old, second, good), "shown")
    accepted(old, "worker", old.consent("other", [READ]))
    late = old.shows(trust=ended)
    says(ruled, "not-shown", "bureau", ruled.arrive(old, None, late, "bureau"), "shown")
    place = f"{old.ledger.head[0]} {base64.b64encode(root(old.ledger.log)).decode()}"
    ended = old.trust(f"pin {place}")
    says(ruled, "accepted", "registrar", ruled.recognise(old.origin, ended))
    says(ruled, "not-shown", "bureau", ruled.arrive(old, None, old.shows(trust=ended), "bureau"), "shown")
    ended = old.trust(f"final {place}")
    says(ruled, "accepted", "registrar", ruled.recognise(old.origin, ended))
    says(ruled, "not-shown", "worker", ruled.arrive(old, None, old.shows(trust=ended)), "shown")
    says(ruled, "accepted", "bureau", ruled.arrive(old, None, old.shows(trust=ended), "bureau"))

    # Money leaves.
    says(old, "role-missing", "other", old.move_out(second, [100, 50, 5], "o1", "other"), "who")
    wrong = old.move_out(second, [100, 50, 5], "o1")
    wrong.facets[1][2] = old.address["other"]
    says(old, "not-fund", "fund", wrong, "who")
    for moved in ([0, 0, 5], [MAX, 0, 1], [1, MAX, 0]):
        says(old, "amount-range", "fund", old.move_out(second, moved, "o1"), "moved")
    assert old.account("worker").balance(1, "CNY") == 502
    says(old, "beyond-balance", "fund", old.move_out(second, [503, 0, 0], "o1"), "moved")
    says(old, "beyond-balance", "fund", old.move_out(second, [1, 0, 0], "o1", insurance=2), "moved")
    one = accepted(old, "fund", old.move_out(second, [500, 50, 5], "o1"))
    says(old, "reference-taken", "fund", old.move_out(second, [1, 0, 0], "o1"), "who", one)
    says(old, "beyond-balance", "fund", old.move_out(second, [3, 0, 0], "o2"), "moved")
    two = accepted(old, "fund", old.move_out(second, [0, 7, 0], "o2", insurance=2, currency="EUR"))
    assert move().outs == [[one, 1, "CNY", 500, 50], [two, 2, "EUR", 0, 7]] and not move().closed
    says(old, "money-left", "bureau", old.withdraw(second), "refers", second)
    full = copy.deepcopy(old)
    full.account("worker").set_move(full.account("worker").move()._replace(outs=move().outs * 32))
    says(full, "state-full", "fund", full.move_out(second, [0, 1, 0], "o3"), "who")

    # And comes.
    shown = old.shows([second, one], fund="fund")
    says(new, "role-missing", "other", new.move_in(there, [500, 50, 5], one, "i1", shown, "other"), "who")
    says(new, "amount-range", "fund", new.move_in(there, [0, 0, 5], one, "i1", shown), "moved")
    wrong = new.move_in(there, [500, 50, 5], one, "i1", shown)
    wrong.facets[1][2] = new.address["other"]
    says(new, "not-fund", "fund", wrong, "who")
    says(new, "not-recognised", "fund", new.move_in(there, [500, 50, 5], one, "i1", [ours, shown[1]]), "shown")
    for moved, out, proof, more in (([500, 50, 4], one, shown, {}), ([500, 50, 5], two, shown, {}), ([500, 50, 5], second, shown, {}),
                                    ([500, 50, 5], one, shown, {"insurance": 2}), ([500, 50, 5], one, shown, {"currency": "EUR"}),
                                    ([500, 50, 5], one, old.shows([second, one]), {}), ([500, 50, 5], one, old.shows(fund="fund"), {}),
                                    ([500, 50, 5], one, good, {})):
        says(new, "not-shown", "fund", new.move_in(there, moved, out, "i1", proof, **more), "shown")
    came = accepted(new, "fund", new.move_in(there, [500, 50, 5], one, "i1", shown))
    says(new, "reference-taken", "fund", new.move_in(there, [500, 50, 5], one, "i1", shown), "who", came)
    says(new, "arrived-already", "fund", new.move_in(there, [500, 50, 5], one, "i2", shown), "out", came)
    says(new, "target-missing", "fund", new.move_in(further, [500, 50, 5], one, "i2", shown), "refers")
    full = copy.deepcopy(new)
    full.account("worker").cells[2][1][0][6].append([0, 0, 1, "CNY", MAX - 1000, 0])
    says(full, "arrived-already", "fund", full.move_in(there, [500, 50, 5], one, "i2", shown), "out", came)
    full.account("worker").cells[2][1][0][6][-1][4] += 1
    says(full, "total-overflow", "fund", full.move_in(there, [500, 50, 5], one, "i2", shown), "moved")
    full.account("worker").cells[2][1][0][6].extend([[0, 0, 1, "EUR", 0, 0]] * 62)
    says(full, "state-full", "fund", full.move_in(there, [0, 7, 0], two, "i2", shown, insurance=2, currency="EUR"), "who")
    # It is on the person's own account, and brings interest.
    assert new.account("worker").balance(1, "CNY") == 500
    says(new, "beyond-balance", "fund", new.interest(50, [[501, 12]], 100_000, "n1"), "amount")
    accepted(new, "fund", new.interest(50, [[500, 12]], 100_000, "n1"))
    assert new.account("worker").balance(1, "CNY") == 550

    # Closing.
    accepted(old, "registrar", old.recognise(new.origin, ours))
    here = new.shows([], [7])
    says(old, "not-settled", "worker", old.close_move(second, here), "refers", second)
    says(old, "role-missing", "other", old.close_move(second, here, "other"), "who")
    says(old, "not-recognised", "bureau", old.close_move(second, [theirs, here[1]], "bureau"), "shown")
    says(old, "not-shown", "bureau", old.close_move(second, new.shows([], [0]), "bureau"), "shown")
    says(old, "not-shown", "bureau", old.close_move(second, new.shows([], [7], "other"), "bureau"), "shown")
    says(old, "not-matched", "bureau", old.close_move(second, here, "bureau"), "shown")
    accepted(new, "fund", new.move_in(there, [0, 7, 0], two, "i2", old.shows([second, two], fund="fund"), insurance=2, currency="EUR"))
    here = new.shows([], [7])
    twin = copy.deepcopy(old)
    accepted(twin, "bureau", twin.close_move(second, here, "bureau"))
    accepted(old, "fund", old.settle(unsettled, 10))
    closed = accepted(old, "worker", old.close_move(second, here))
    assert move().closed
    says(old, "target-void", "worker", old.close_move(second, here), "refers", second)
    again = accepted(old, "fund", old.move_out(second, [7, 0, 0], "o3"))
    assert not move().closed and old.account("worker").balance(1, "CNY") == 0
    says(old, "not-matched", "worker", old.close_move(second, here), "shown")
    says(old, "departed", "platform", old.pay(5, "c9"), "address", second)

    # What was read from paper.
    says(new, "role-missing", "worker", new.transcribe("t1", "worker"), "who")
    says(new, "month-in-future", "bureau", new.transcribe("t1", months=(202601, 202603)), "paper")
    cells, salts = copy.deepcopy((new.account("worker").cells, new.account("worker").salts))
    read = accepted(new, "bureau", new.transcribe("t1", months=(199001, 202602)))
    says(new, "reference-taken", "bureau", new.transcribe("t1"), "who", read)
    says(new, "role-missing", "worker", new.withdraw(read, "worker"), "who")
    other = accepted(new, "bureau", new.transcribe("t2"))
    accepted(new, "bureau", new.withdraw(read))
    says(new, "target-void", "bureau", new.withdraw(read), "refers", read)
    says(new, "reference-taken", "bureau", new.transcribe("t1"), "who", read)
    says(new, "target-missing", "bureau", new.withdraw(there), "refers")
    assert (new.account("worker").cells, new.account("worker").salts) == (cells, salts)
    test_moving_proofs(old, new, (first, second, mine, one, two, again, closed), (there, further, came, read, other))


def test_moving_proofs(old, new, left, there):
    """Proofs of both accounts as test_moving left them."""
    first, second, mine, one, two, again, closed = left
    arrival, further, came, read, other = there
    everybody = ("fund", "platform", "bureau", "other", "uncle", "aunt", "registrar")
    views = {name: [0, 1] for name in everybody}
    header = (None, False, [])

    def without(*names):
        return EVERYTHING - {*names}, True, []

    def verdict(town, changes=None, views=views):
        said = town.verdict("worker", changes or {}, views)
        assert said["valid"], said
        return said

    def unchecked(town, said):
        return {name for name in town.address if said["issuers"].get(address_text(town.address[name])) == "not checked"}
    said = verdict(old)
    assert said["complete"] and unchecked(old, said) == set(), said
    assert [(d["sequence"], d["stands"]) for d in said["departures"]] == [(first, False), (second, True)]
    assert {(d["origin"], d["address"]) for d in said["departures"]} == {(new.origin, address_text(new.address["worker"]))}
    assert said["transfers"] == [
        {"sequence": n, "type": "transferred-out", "insurance": i, "own": own, "pooled": pooled, "kept": kept, "currency": c}
        for n, i, own, pooled, kept, c in ((one, 1, 500, 50, 5, "CNY"), (two, 2, 0, 7, 0, "EUR"), (again, 1, 7, 0, 0, "CNY"))]
    assert said["moves_closed"] == [closed] and "arrivals" not in said and "transcribed" not in said
    said = verdict(old, {second: without("to"), one: without("moved", "what"), mine: without("who")})
    assert said["departures"][1] == {"sequence": second, "origin": None, "address": None, "stands": True}
    assert said["transfers"][0]["own"] is said["transfers"][0]["insurance"] is None and unchecked(old, said) == {"fund"}
    assert [d["stands"] for d in verdict(old, {closed: None})["departures"]] == [False, None]
    assert len(verdict(old, {mine: header, first: header})["departures"]) == 1
    assert unchecked(old, verdict(old, {0: without("recovery"), 1: without("recovery")})) >= {"uncle", "aunt"}
    # Keys that change: it may have fallen, unless something was recorded under it since.
    view = View([3, bytes(32), bytes(16), 0, [], [], []])

    def stands(types):
        """A departure, and what follows on it: [type, what it refers to]."""
        view.shown, view.size = [], len(types) + 2
        for n, (type, refers) in enumerate([(OPENED, None), (DEPARTURE, None), *types]):
            view.shown.append(Shown([Record(1, 3, 1, 3, n, n, bytes(32), 0, bytes(32), type, refers, None, 10, bytes(32)), None,
                                     None, []]))
        view.by_sequence = {s.record.sequence: s for s in view.shown}
        return departure_stands(view, 1, SeenOther(DEPARTURE))
    for types, expected in (([], True), ([(ROTATED, None)], None), ([(CHANGED, None)], None), ([(COMPLETED, None)], None),
                            ([(ROTATED, None), (MOVED_OUT, 1)], True), ([(MOVED_OUT, 1), (ROTATED, None)], None),
                            ([(ROTATED, None), (MOVE_CLOSED, 1)], True), ([(ROTATED, None), (LET_GO, 1)], None)):
        assert stands(types) is expected, (types, expected)

    said = verdict(new)
    assert said["complete"] and unchecked(new, said) == set(), said
    assert [(a["sequence"], a["departure"], a["origin"]) for a in said["arrivals"]] == [(n, second, old.origin) for n in (arrival, further)]
    assert said["arrivals"][1]["size"] == said["arrivals"][0]["size"] + 1 and len(said["arrivals"][0]["root"]) == 64
    assert [t["type"] for t in said["transfers"]] == ["transferred-in"] * 2 and said["transfers"][0]["sequence"] == came
    assert [(t["sequence"], t["stands"], t["months"]) for t in said["transcribed"]] == [
        (read, False, [199001, 202602]), (other, True, [199001, 199512])]
    assert unchecked(new, verdict(new, {came: without("what"), further: without("who", "from")})) == {"fund"}
    # Who has to be what.
    for town, name in ((old, "fund"), (old, "bureau"), (new, "fund"), (new, "bureau")):
        assert town is old and name == "bureau" or town.verdict("worker", {}, {**views, name: [0]})["failure"] == "bad-issuer", name
        some = {v: cells for v, cells in views.items() if v != name}
        assert unchecked(town, verdict(town, views=some)) == ({name} if (town, name) != (old, "bureau") else set())
    own, ref, shown = "bad-issuer", "bad-reference", [b"l", b"f"]
    wrong = old.move_out(second, [1, 0, 0], "x")
    wrong.facets[1][2] = old.address["other"]
    cheats = [
        (old, "bureau", old.depart(new, "bureau", to="worker"), own), (old, "bureau", old.arrive(new, None, shown, "bureau"), None),
        (old, "other", old.arrive(new, None, shown, "other"), own), (old, "worker", old.arrive(new, None, shown), None),
        (old, "other", old.move_out(second, [1, 0, 0], "x", "other"), own), (old, "fund", wrong, ref),
        (old, "fund", old.move_out(one, [1, 0, 0], "x"), ref), (old, "fund", old.move_out(first, [1, 0, 0], "x"), ref),
        (old, "fund", old.move_in(second, [1, 0, 0], 1, "x", shown), ref), (old, "other", old.close_move(second, shown, "other"), own),
        (old, "worker", old.close_move(one, shown), ref), (old, "other", old.let_go("other", second), own),
        (old, "bureau", old.let_go("bureau", second), None), (old, "bureau", old.let_go("bureau", one), ref),
        (old, "bureau", old.let_go("bureau", first), ref), (old, "worker", old.close_move(first, shown), ref),
        (old, "bureau", old.recognise(new.origin, None, "bureau", "worker"), own), (old, "other", old.transcribe("x", "other"), own),
        (old, "bureau", old.withdraw(first), ref), (old, "bureau", old.withdraw(second), None), (old, "other", old.withdraw(second, "other"), own),
        (old, "bureau", old.withdraw(one), ref), (new, "bureau", new.withdraw(read), ref), (new, "bureau", new.withdraw(arrival), ref),
        (new, "fund", new.move_in(came, [1, 0, 0], 1, "x", shown), ref), (new, "other", new.withdraw(other, "other"), own),
        (new, "other", new.move_in(arrival, [1, 0, 0], 1, "x", shown, "other"), own)]
    for town, by, statement, failure in cheats:
        cheated = copy.deepcopy(town)
        cheated.ledger.__class__ = Lax
        assert cheated.told(by, statement) == "accepted"
        said = cheated.verdict("worker", {}, views)
        assert said["failure"] == failure, (by, TYPES[statement.type].name, failure, said)


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
    test_fund_shapes()
    test_fund(rng)
    test_claim_shapes()
    test_claims(rng)
    test_identity_shapes()
    test_identity(rng)
    test_erasure_shapes()
    test_erasure(rng)
    test_moving_shapes()
    test_moving(rng)
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
