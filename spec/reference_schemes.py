#!/usr/bin/env python3
"""PEAL's schemes: the independent reference implementation.

Written from spec/schemes.md alone; the sections named below are those of that page. Needs nothing but Python 3.11.
Numbers are exact fractions in major units; money in JSON is in minor units.
"""
import argparse, calendar, copy, datetime, functools, hashlib, json, math, pathlib, random, re, sys, tomllib
from collections import defaultdict
from fractions import Fraction


class PackError(Exception):
    """What the pack says is not as §1 and §2 have it."""


class QuestionError(Exception):
    """The question as a whole cannot be answered."""


class Refused(Exception):
    """A refusal of §4: what, of which name, and why (a text or label of the pack)."""

    def __init__(self, what, name=None, why=None):
        super().__init__(f"{what}: {name}")
        self.what, self.name, self.why = what, name, why

    def said(self, **where):
        return {**where, "what": self.what, "name": self.name, "why": self.why}


INSURANCES = ["pension", "medical", "unemployment", "work-injury", "maternity", "housing", "training", "severance",
              "long-term-care"]
PAYERS = ["self", "platform", "employer", "subsidy"]
STATUSES = ["official", "reported", "disputed", "assumed"]
UNITS = ["share", "money", "number", "days", "weeks", "months", "years", "month"]
KINDS = ["choice", "flag", "number", "money", "share", "month"]
MODES = ["half-up", "half-even", "up", "down"]
DIGITS = {**dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
          **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3), "CLF": 4, "UYW": 4}  # ISO 4217; all others 2

FUNCTIONS = {"min", "max", "clamp", "within", "if", "round", "up", "down"}
CELL = {"gross", "orders", "days", "month", "calendar_year"}
DATES = {"month", "calendar_year"}
TODAY = DATES | {"age_now"}
PROJECTED = {"wage", "wage_now", "age_now"}
RETIRING = {"months", "years", "balance", "index", "age"} | PROJECTED | DATES
GIVES, TRANSFER = {"months", "years", "days", "balance", "bases", "age_now", "month", "calendar_year"}, {
    "balance", "bases", "months", "years", "days", "age_now", "month", "calendar_year"}
VARIABLES = CELL | PROJECTED | RETIRING | GIVES | TRANSFER
WORDS = {"and", "or", "not", "true", "false"} | FUNCTIONS | VARIABLES | {"amount"}

NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?")
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
KEY = re.compile(r"[a-z0-9-]{1,32}")
MOST = 2 ** 53 - 1


# ---- Numbers, days and months (§1) ----------------------------------------------------------------------------------

def number(value, fail):
    """An integer or a decimal in quotes."""
    if type(value) is int and abs(value) < 10 ** 15:
        return Fraction(value)
    if type(value) is str and NUMBER.fullmatch(value):
        return Fraction(value)
    raise fail(f"no number: {value!r}")


@functools.lru_cache(10_000)
def decimal(value, places=12):
    """A number as the pack would write it; what has no end is rounded half up."""
    value = round_to(value, Fraction(1, 10 ** places), "half-up")
    whole, part = divmod(abs(value), 1)
    digits = str(part * 10 ** places).zfill(places).rstrip("0") if places else ""
    return ("-" if value < 0 else "") + str(whole) + ("." + digits if digits else "")


def round_to(value, step, mode):
    steps = value / step
    whole, rest = divmod(abs(steps.numerator), steps.denominator)
    twice = rest * 2 - steps.denominator  # how the rest stands to a half
    more = {"half-up": twice >= 0, "half-even": twice > 0 or (twice == 0 and whole % 2 == 1),
            "up": rest > 0, "down": False}[mode]
    return (whole + more) * step * (-1 if value < 0 else 1)


def month_number(text, fail):
    """`2026-10` as a number: months since 1900-01."""
    found = re.fullmatch(r"(19|2[0-9])[0-9]{2}-(0[1-9]|1[0-2])", text) if type(text) is str else None
    if not found:
        raise fail(f"no month: {text!r}")
    return (int(text[:4]) - 1900) * 12 + int(text[5:]) - 1


def month_text(month):
    return f"{1900 + month // 12:04}-{month % 12 + 1:02}"


def month_of(day):
    return (day.year - 1900) * 12 + day.month - 1


def month_first(month):
    return datetime.date(1900 + month // 12, month % 12 + 1, 1)


def month_last(month):
    first = month_first(month)
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])


def day_of(text, last, fail):
    """A day: itself, or the first or last day of a month or a year."""
    if type(text) is str and re.fullmatch(r"(19|2[0-9])[0-9]{2}(-[0-9]{2}){0,2}", text):
        try:
            if len(text) == 4:
                return datetime.date(int(text), *((12, 31) if last else (1, 1)))
            if len(text) == 7:
                return (month_last if last else month_first)(month_number(text, fail))
            return datetime.date.fromisoformat(text)
        except ValueError:
            pass
    raise fail(f"no day: {text!r}")


ONE_DAY = datetime.timedelta(1)


# ---- Formulas (§2) --------------------------------------------------------------------------------------------------

TOKEN = re.compile(r"[ \t\r\n]*(?:([0-9]+(?:\.[0-9]+)?)(?![0-9.a-z_])|([a-z][a-z0-9_]*)|'([^']*)'"
                   r"|(<=|>=|==|!=|[-+*/<>(),]))")  # number, name, text, mark


def parse(source):
    """The formula as a tree: (kind, …)."""
    if type(source) is not str:
        raise PackError(f"a formula is a text: {source!r}")
    if len(source.encode()) > 1024:
        raise PackError("a formula of more than 1024 bytes")
    tokens, at = [], 0
    end = len(source.rstrip(" \t\r\n"))
    while at < end:
        found = TOKEN.match(source, at)
        if not found:
            raise PackError(f"formula, at {source[at:at + 12]!r}: not understood")
        tokens.append((found.lastindex, found[found.lastindex]))
        at = found.end()
    return Parser(tokens).whole()


class Parser:
    def __init__(self, tokens):
        self.tokens, self.at, self.level = tokens, 0, 0

    def see(self, *texts):
        """The next token if it is one of these marks or words."""
        if self.at < len(self.tokens):
            kind, text = self.tokens[self.at]
            return text if kind in (2, 4) and text in texts else None

    def take(self, *texts):
        found = self.see(*texts)
        self.at += found is not None
        return found

    def need(self, text):
        if not self.take(text):
            raise PackError(f"formula: {text!r} expected")

    def whole(self):
        tree = self.either()
        if self.at < len(self.tokens):
            raise PackError(f"formula: {self.tokens[self.at][1]!r} not expected")
        return tree

    def inside(self, what):
        self.level += 1
        if self.level > 32:
            raise PackError("formula: more than 32 levels")
        tree = what()
        self.level -= 1
        return tree

    def chain(self, part, *marks):
        tree = part()
        while mark := self.take(*marks):
            tree = ("op", mark, tree, part())
        return tree

    def either(self):
        return self.chain(self.both, "or")

    def both(self):
        return self.chain(self.negation, "and")

    def negation(self):
        return ("not", self.inside(self.negation)) if self.take("not") else self.compare()

    def compare(self):
        left = self.sum()
        mark = self.take("<", "<=", ">", ">=", "==", "!=")
        return ("op", mark, left, self.sum()) if mark else left

    def sum(self):
        return self.chain(self.product, "+", "-")

    def product(self):
        return self.chain(self.unary, "*", "/")

    def unary(self):
        return ("minus", self.inside(self.unary)) if self.take("-") else self.atom()

    def atom(self):
        if self.take("("):
            tree = self.inside(self.either)
            self.need(")")
            return tree
        kind, text = self.tokens[self.at] if self.at < len(self.tokens) else (0, "the end")
        self.at += 1
        if kind == 1:
            return ("number", number(text, PackError))
        if kind == 3:
            if not KEY.fullmatch(text):
                raise PackError(f"formula: '{text}' is no choice")
            return ("text", text)
        if kind != 2 or text in ("and", "or", "not"):
            raise PackError(f"formula: {text!r} not expected")
        if text in ("true", "false"):
            return ("flag", text == "true")
        if len(text) > 40:
            raise PackError(f"formula: {text!r} is too long")
        if not self.take("("):
            return ("name", text)
        arguments = [self.inside(self.either)]
        while self.take(","):
            arguments.append(self.inside(self.either))
        self.need(")")
        return ("call", text, arguments)


def branches(tree):
    return tree[2] if tree[0] == "call" else [part for part in tree[1:] if type(part) is tuple]


def names_in(tree):
    """The names that a formula uses, but for functions and tables."""
    return {tree[1]} if tree[0] == "name" else set().union(*map(names_in, branches(tree)))


def texts_in(tree):
    return {tree[1]} if tree[0] == "text" else set().union(*map(texts_in, branches(tree)))


def type_of(tree, look, tables):
    """number, flag or text; look gives the type of a name, or raises."""
    kind = tree[0]
    if kind in ("number", "text", "flag"):
        return kind
    if kind == "name":
        return look(tree[1])

    def demand(part, wanted):
        found = type_of(part, look, tables)
        if found != wanted:
            raise PackError(f"formula: a {wanted} is wanted where a {found} stands")
    if kind == "not":
        demand(tree[1], "flag")
        return "flag"
    if kind == "minus":
        demand(tree[1], "number")
        return "number"
    if kind == "op":
        mark, left, right = tree[1:]
        if mark in ("==", "!="):
            demand(right, type_of(left, look, tables))
            return "flag"
        wanted = "flag" if mark in ("and", "or") else "number"
        demand(left, wanted)
        demand(right, wanted)
        return "number" if mark in "+-*/" else "flag"
    name, arguments = tree[1:]
    if name == "if":
        if len(arguments) != 3:
            raise PackError("formula: if has three arguments")
        demand(arguments[0], "flag")
        found = type_of(arguments[1], look, tables)
        demand(arguments[2], found)
        return found
    if name not in FUNCTIONS and name not in tables:
        raise PackError(f"formula: no function or table {name}")
    count = {"clamp": 3, "within": 3, "round": 2, "up": 2, "down": 2}.get(name, 1)
    if (len(arguments) < 2) if name in ("min", "max") else (len(arguments) != count):
        raise PackError(f"formula: {name} has other arguments")
    for argument in arguments:
        demand(argument, "number")
    return "number"


def fits(value):
    """The value, if it has at most 127 bits above and below."""
    if abs(value.numerator) >= 2 ** 127 or value.denominator >= 2 ** 127:
        raise Refused("number")
    return value


def reckon(tree, scope):
    """The value of a formula: a Fraction, a bool or a str."""
    kind = tree[0]
    if kind in ("number", "text", "flag"):
        return tree[1]
    if kind == "name":
        return scope.value(tree[1])
    if kind == "not":
        return not reckon(tree[1], scope)
    if kind == "minus":
        return -reckon(tree[1], scope)
    if kind == "op":
        mark, left = tree[1], reckon(tree[2], scope)
        if mark in ("and", "or"):
            return reckon(tree[3], scope) if left == (mark == "and") else left
        right = reckon(tree[3], scope)
        if mark == "/" and right == 0:
            raise Refused("number")
        if mark in "+-*/":
            return fits({"+": Fraction.__add__, "-": Fraction.__sub__, "*": Fraction.__mul__,
                         "/": Fraction.__truediv__}[mark](left, right))
        return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right} [mark] \
            if mark not in ("==", "!=") else (left == right) == (mark == "==")
    name, arguments = tree[1:]
    if name == "if":
        return reckon(arguments[1] if reckon(arguments[0], scope) else arguments[2], scope)
    values = [reckon(argument, scope) for argument in arguments]
    if name in ("min", "max"):
        return (min if name == "min" else max)(values)
    if name == "clamp":
        return max(values[1], min(values[0], values[2]))
    if name == "within":
        if not values[1] <= values[0] <= values[2]:
            first = arguments[0]
            raise Refused("range", first[1] if first[0] == "name" and scope.is_given(first[1]) else None)
        return values[0]
    if name in ("round", "up", "down"):
        value, step = values[0], abs(values[1])
        if step == 0:
            raise Refused("number")
        steps = fits(value / step)
        return fits(step * {"up": math.ceil, "down": math.floor,
                            "round": lambda s: round_to(s, Fraction(1), "half-up")}[name](steps))
    return scope.table(name, values[0])


# ---- The pack (§1) --------------------------------------------------------------------------------------------------

class Pack:
    def __init__(self, data):
        """Reads and checks a pack, given as bytes."""
        if len(data) > 256 * 1024:
            raise PackError("more than 256 KiB")
        self.sha256 = hashlib.sha256(data).hexdigest()
        try:
            self.text = data.decode("utf-8")
            top = tomllib.loads(self.text, parse_float=self.no_float)
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            line = re.search(r"line (\d+)", str(error))
            raise PackError(f"line {line[1] if line else 1}: {error}") from error
        except RecursionError as error:
            raise PackError("line 1: too deep") from error
        self.where = ["top", 0]
        try:
            self.read(top)
        except PackError as error:
            raise PackError(f"line {self.line()}: {error}") from error

    def no_float(self, text):
        bare = re.compile(rf"(?<![\w.+-]){re.escape(text)}(?![\w.])")
        line = next((n for n, line in enumerate(self.text.split("\n"), 1)
                     if bare.search(re.sub(r'"[^"]*"', '""', line).partition("#")[0])), 1)
        raise PackError(f"line {line}: the float {text} is not exact: a decimal is written in quotes")

    def line(self):
        """The line of the table that is read; the first one where there is none."""
        name, place = self.where
        heads = [n for n, line in enumerate(self.text.splitlines(), 1)
                 if re.match(rf"\s*\[{{1,2}}\s*{re.escape(name)}\b", line)]
        return heads[min(place, len(heads) - 1)] if heads else 1

    # -- small readers

    def members(self, table, required, optional=""):
        if type(table) is not dict:
            raise PackError(f"a table is wanted: {table!r}")
        required, optional = required.split(), optional.split()
        for name in table:
            if name not in required + optional:
                raise PackError(f"unknown member {name}")
        for name in required:
            if name not in table:
                raise PackError(f"{name} is missing")
        return table

    def bytes_of(self, value, most, least=1):
        if type(value) is not str or not least <= len(value.encode()) <= most:
            raise PackError(f"a text of {least} to {most} bytes is wanted: {value!r}")
        return value

    def one_of(self, value, those):
        if type(value) is not str or value not in those:
            raise PackError(f"{value!r} is none of {', '.join(those)}")
        return value

    def label(self, value):
        self.members(value, "en zh")
        return {language: self.bytes_of(value[language], 256) for language in ("en", "zh")}

    def rounding(self, value, money=False):
        self.members(value, "to mode")
        step = number(value["to"], PackError)
        if step <= 0 or (money and (step / self.minor).denominator != 1):
            raise PackError("rounding to a step that is none")
        return step, self.one_of(value["mode"], MODES)

    def new(self, name, kind):
        if type(name) is not str or not NAME.fullmatch(name) or name in WORDS:
            raise PackError(f"{name!r} is no name")
        if name in self.names:
            raise PackError(f"the name {name} is given twice")
        self.names[name] = kind
        return name

    def named(self, name, kind):
        if type(name) is not str or self.names.get(name) != kind:
            raise PackError(f"there is no {kind} {name!r}")
        return name

    def source(self, name):
        if type(name) is not str or name not in self.sources:
            raise PackError(f"there is no source {name!r}")
        return name

    def whole(self, value, least, most=10 ** 6):
        if type(value) is not int or not least <= value <= most:
            raise PackError(f"a whole number from {least} is wanted: {value!r}")
        return value

    def flag(self, value):
        if type(value) is not bool:
            raise PackError(f"true or false is wanted: {value!r}")
        return value

    def list_of(self, value, least=0, most=10 ** 6):
        if type(value) is not list or not least <= len(value) <= most:
            raise PackError(f"a list is wanted: {value!r}")
        return value

    def each(self, top, name):
        """The tables of [[name]], with their place for errors."""
        for place, table in enumerate(self.list_of(top.get(name, []))):
            self.where = [name, place]
            yield table

    def formula(self, source, wanted, variables=(), dues=(), bare=False):
        """A formula that may use these variables and dues, and (unless bare) inputs and definitions so far."""
        tree = parse(source)
        if unknown := texts_in(tree) - {key for item in self.inputs.values() for key in item["choices"] or ()}:
            raise PackError(f"formula: '{min(unknown)}' is a key of no input's choices")

        def look(name):
            kind = self.names.get(name)
            if name in variables or kind == "parameter" or name in dues:
                return "number"
            if bare or kind not in ("input", "define"):
                raise PackError(f"formula: {name} is not known here")
            if kind == "input":
                return {"choice": "text", "flag": "flag"}.get(self.inputs[name]["kind"], "number")
            define = self.defines[name]
            if not define["variables"] <= set(variables):
                raise PackError(f"formula: {name} uses what is not known here")
            return define["type"]
        found = type_of(tree, look, self.tables)
        if wanted and found != wanted:
            raise PackError(f"a formula of a {wanted} is wanted, this is of a {found}")
        return tree

    # -- the parts of the page, in order

    def read(self, top):
        self.names, self.sources = {}, {}
        self.inputs, self.parameters, self.tables, self.defines = {}, {}, {}, {}
        self.dues, self.counts, self.scenarios, self.entitlements, self.transfers = {}, {}, [], {}, {}
        self.guard = self.pension = self.grid = self.place = None
        self.card = {}
        self.members(top, "id version jurisdiction currency from to title sources",
                     "year rounding input parameter table define due count guard pension scenario entitlement place "
                     "transfer card")
        if type(top["id"]) is not str or not KEY.fullmatch(top["id"]):
            raise PackError("id")
        self.id, self.version = top["id"], self.bytes_of(top["version"], 32)
        for name, length in (("jurisdiction", 2), ("currency", 3)):
            if type(top[name]) is not str or not re.fullmatch(f"[A-Z]{{{length}}}", top[name]):
                raise PackError(name)
        self.currency = top["currency"]
        self.minor = Fraction(1, 10 ** DIGITS.get(self.currency, 2))
        self.first, self.last = day_of(top["from"], False, PackError), day_of(top["to"], True, PackError)
        if self.last < self.first:
            raise PackError("to is before from")
        year = top.get("year", "01-01")
        if type(year) is not str or not re.fullmatch("[0-9]{2}-[0-9]{2}", year):
            raise PackError("year")
        self.year = day_of("2001-" + year, False, PackError)
        self.step, self.mode = self.rounding(top["rounding"], True) if "rounding" in top else (self.minor, "half-up")
        self.title = self.label(top["title"])
        if type(top["sources"]) is not dict:
            raise PackError("sources is a table")
        for name, source in top["sources"].items():
            self.where = [f"sources.{name}", 0]
            if not NAME.fullmatch(name):
                raise PackError(f"{name!r} is no name")
            self.members(source, "cite status", "url")
            self.sources[name] = {"cite": self.bytes_of(source["cite"], 4096),
                                  "status": self.one_of(source["status"], STATUSES)}
            if "url" in source:
                self.bytes_of(source["url"], 4096)
        for table in self.each(top, "input"):
            self.read_input(table)
        for table in self.each(top, "parameter"):
            self.read_parameter(table)
        for table in self.each(top, "table"):
            self.read_table(table)
        for table in self.each(top, "input"):
            self.read_default(self.inputs[table["name"]])
        for table in self.each(top, "define"):
            self.read_define(table)
        for table in self.each(top, "due"):
            self.read_due(table)
        for table in self.each(top, "count"):
            self.members(table, "name label source per when", "of refuse")
            self.counts[self.new(table["name"], "count")] = {
                **self.rule(table, ("month", "year")), "when": self.formula(table["when"], "flag", CELL),
                "refuse": self.refuse(table)}
        if "guard" in top:
            self.where = ["guard", 0]
            guard = self.members(top["guard"], "months limit")
            months = number(guard["months"], PackError)
            if months < 1 or months.denominator != 1:
                raise PackError("the guard's months are a whole number above 0")
            self.guard = {"months": int(months),
                          "limit": self.named(guard["limit"], "parameter")}
        if "pension" in top:
            self.where = ["pension", 0]
            self.read_pension(top["pension"])
        for table in self.each(top, "scenario"):
            if not self.pension:
                raise PackError("a scenario without [pension]")
            scenario = read_scenario(self, table, PackError)
            self.new(scenario["name"], "scenario")
            self.scenarios.append(scenario)
        self.read_rights(top)
        if "card" in top:
            self.where = ["card", 0]
            for language, card in self.members(top["card"], "en zh").items():
                self.members(card, "costs gives")
                for part in ("costs", "gives"):
                    for sentence in self.list_of(card[part], 1, 12):
                        self.check_sentence(self.bytes_of(sentence, 4096))
                self.card[language] = card

    def read_input(self, table):
        self.members(table, "name label kind", "choices default")
        kind = self.one_of(table["kind"], KINDS)
        item = {"name": self.new(table["name"], "input"), "label": self.label(table["label"]), "kind": kind,
                "default": table.get("default"), "choices": None}
        if (kind == "choice") != ("choices" in table):
            raise PackError("choices are of a choice, and of nothing else")
        if kind == "choice":
            if type(table["choices"]) is not dict or not table["choices"]:
                raise PackError("choices is a table that is not empty")
            if not all(KEY.fullmatch(key) for key in table["choices"]):
                raise PackError("a key of choices is no key")
            item["choices"] = {key: self.label(label) for key, label in table["choices"].items()}
        self.inputs[item["name"]] = item

    def read_default(self, item):
        if item["default"] is None:
            return
        kind = item["kind"]
        item["default"] = self.formula(item["default"], {"choice": "text", "flag": "flag"}.get(kind, "number"),
                                       bare=True)
        if kind == "choice" and (item["default"][0] != "text" or item["default"][1] not in item["choices"]):
            raise PackError("the default is none of the choices")

    def read_parameter(self, table):
        self.members(table, "name label unit values", "by")
        item = {"name": self.new(table["name"], "parameter"), "label": self.label(table["label"]),
                "unit": self.one_of(table["unit"], UNITS), "by": table.get("by"), "values": defaultdict(list)}
        if "by" in table:
            self.named(item["by"], "input")
            if self.inputs[item["by"]]["kind"] != "choice":
                raise PackError(f"{item['by']} is no choice")
        for value in self.list_of(table["values"], 1):
            self.members(value, "from source", "to value unknown for status")
            if ("value" in value) == ("unknown" in value):
                raise PackError("exactly one of value and unknown")
            if ("for" in value) != ("by" in table):
                raise PackError("for is given exactly if by is")
            entry = {"from": day_of(value["from"], False, PackError), "source": self.source(value["source"]),
                     "to": day_of(value["to"], True, PackError) if "to" in value else None, "value": None,
                     "unknown": None,
                     "status": self.one_of(value["status"], STATUSES) if "status" in value
                     else self.sources[value["source"]]["status"]}
            if "value" in value:
                entry["value"] = self.value_of(item, value["value"], PackError)
            else:
                entry["unknown"] = self.bytes_of(value["unknown"], 4096)
            keys = [None]
            if "for" in value:
                keys = value["for"] if type(value["for"]) is list else [value["for"]]
                if not keys or len(set(map(str, keys))) != len(keys):
                    raise PackError("for names choices, each once")
                for key in keys:
                    self.one_of(key, list(self.inputs[item["by"]]["choices"]))
            for key in keys:
                item["values"][key].append(dict(entry))
        for entries in item["values"].values():
            for entry, following in zip(entries, entries[1:] + [None]):
                if following and following["from"] <= (entry["to"] or entry["from"]):
                    raise PackError("values do not rise, or overlap")
                if entry["to"] is None:
                    last = self.last if entry["from"] <= self.last else datetime.date(2999, 12, 31)
                    entry["to"] = following["from"] - ONE_DAY if following else last
                if entry["to"] < entry["from"]:
                    raise PackError("a value ends before it begins")
        self.parameters[item["name"]] = item

    def value_of(self, parameter, value, fail):
        return Fraction(month_number(value, fail)) if parameter["unit"] == "month" else number(value, fail)

    def read_table(self, table):
        self.members(table, "name label source rows", "between rounding")
        rows = []
        for row in self.list_of(table["rows"], 1):
            if len(self.list_of(row)) != 2:
                raise PackError("a row is [key, value]")
            rows.append(tuple(number(part, PackError) for part in row))
        if any(b[0] <= a[0] for a, b in zip(rows, rows[1:])):
            raise PackError("keys do not rise")
        self.tables[self.new(table["name"], "table")] = {
            "name": table["name"], "label": self.label(table["label"]),
            "source": self.source(table["source"]), "rows": rows,
            "between": self.one_of(table.get("between", "refuse"), ["refuse", "linear", "step"]),
            "rounding": self.rounding(table["rounding"]) if "rounding" in table else None}

    def read_define(self, table):
        self.members(table, "name label formula", "source rounding per")
        self.label(table["label"])
        tree = parse(table["formula"])
        uses = names_in(tree)
        variables = (uses & VARIABLES).union(*(self.defines[name]["variables"] for name in uses
                                               if name in self.defines))
        kind = type_of(self.formula(table["formula"], None, variables), self.type_of_name, self.tables)
        depth = 1 + max((self.defines[name]["depth"] for name in uses if name in self.defines), default=0)
        if depth > 32:
            raise PackError("more than 32 definitions on one another")
        item = {"formula": tree, "type": kind, "variables": variables, "earning": "per" in table, "depth": depth,
                "rounding": self.rounding(table["rounding"]) if "rounding" in table else None}
        if "source" in table:
            self.source(table["source"])
        if "per" in table:
            self.one_of(table["per"], ["earning"])
        if kind != "number" and ("per" in table or "rounding" in table):
            raise PackError("only a number is summed or rounded")
        self.defines[self.new(table["name"], "define")] = item

    def type_of_name(self, name):
        if name in self.inputs:
            return {"choice": "text", "flag": "flag"}.get(self.inputs[name]["kind"], "number")
        return self.defines[name]["type"] if name in self.defines else "number"

    def rule(self, table, pers):
        """What dues and counts have in common, but for their formulas."""
        return {"name": table["name"], "label": self.label(table["label"]), "source": self.source(table["source"]),
                "per": self.one_of(table["per"], pers), "of": self.one_of(table.get("of", "all"), ["payer", "all"])}

    def refuse(self, table, dues=()):
        found = []
        for item in self.list_of(table.get("refuse", [])):
            self.members(item, "when why")
            found.append((self.formula(item["when"], "flag", CELL, dues), self.label(item["why"])))
        return found

    def read_due(self, table):
        self.members(table, "name label source payer per amount",
                     "insurance of when refuse base credited parts relieves rounding")
        item = {**self.rule(table, ("earning", "month", "year")), "payer": self.one_of(table["payer"], PAYERS),
                "insurance": self.one_of(table["insurance"], INSURANCES) if "insurance" in table else None}
        above = {name for name, due in self.dues.items() if (due["per"], due["of"]) == (item["per"], item["of"])}
        item["refuse"] = self.refuse(table, above)
        for name, wanted, variables in (("when", "flag", CELL), ("base", "number", CELL), ("amount", "number", CELL),
                                        ("credited", "number", CELL | {"amount"})):
            item[name] = self.formula(table[name], wanted, variables, above) if name in table else None
        item["parts"] = []
        for part in self.list_of(table.get("parts", [])):
            self.members(part, "label share", "insurance")
            item["parts"].append({"label": self.label(part["label"]), "share": self.named(part["share"], "parameter"),
                                  "insurance": self.one_of(part["insurance"], INSURANCES) if "insurance" in part
                                  else None})
        item["relieves"] = table.get("relieves")
        if "relieves" in table:
            self.named(table["relieves"], "due")
            if item["payer"] != "subsidy" or self.dues[table["relieves"]]["payer"] == "subsidy":
                raise PackError("a subsidy relieves what is no subsidy")
            if table["relieves"] not in above:
                raise PackError("what a subsidy relieves has the same per and of")
        item["rounding"] = self.rounding(table["rounding"], True) if "rounding" in table else (self.step, self.mode)
        self.dues[self.new(table["name"], "due")] = item

    def read_pension(self, table):
        self.members(table, "insurance source wage growth age minimum month interest parts",
                     "index otherwise until grid")
        pension = {"label": self.title, "insurance": self.one_of(table["insurance"], INSURANCES),
                   "source": self.source(table["source"]),
                   **{name: self.named(table[name], "parameter") for name in ("wage", "growth", "interest")},
                   "until": self.named(table["until"], "parameter") if "until" in table else None,
                   "index": None, "otherwise": None, "parts": [], "month": []}
        pension["age"] = self.formula(table["age"], "number")
        pension["minimum"] = self.formula(table["minimum"], "number", DATES)
        if type(table["month"]) is not dict:
            raise PackError("month is a table")
        known = PROJECTED | DATES
        for name, formula in table["month"].items():
            if name not in ("gross", "orders") and self.names.get(name) not in ("input", "parameter"):
                raise PackError(f"month: {name} is no input, parameter, gross or orders")
            wanted = self.type_of_name(name)
            pension["month"].append((name, self.formula(formula, wanted, known)))
            known = known | ({name} & CELL)
        if "index" in table:
            index = self.members(table["index"], "formula", "rounding")
            pension["index"] = {"formula": self.formula(index["formula"], "number", CELL | PROJECTED),
                                "rounding": self.rounding(index["rounding"]) if "rounding" in index else None}
        for part in self.list_of(table["parts"], 1):
            self.members(part, "name label formula source", "rounding")
            pension["parts"].append({
                "name": self.new(part["name"], "part"), "label": self.label(part["label"]),
                "source": self.source(part["source"]),
                "formula": self.formula(part["formula"], "number", RETIRING),
                "rounding": self.rounding(part["rounding"], True) if "rounding" in part else (self.step, self.mode)})
        if "otherwise" in table:
            other = self.members(table["otherwise"], "label formula source")
            pension["otherwise"] = {"label": self.label(other["label"]),
                                    "formula": self.formula(other["formula"], "number", RETIRING),
                                    "source": self.source(other["source"])}
        self.pension = pension
        if "grid" in table:
            self.where = ["pension.grid", 0]
            grid = self.members(table["grid"], "name label values years")
            if self.names.get(grid["name"]) not in ("input", "parameter"):
                raise PackError("the grid is of a parameter or input")
            asked = asked_parameters if grid["name"] in self.parameters else asked_inputs
            self.grid = {"name": grid["name"], "label": self.label(grid["label"]),
                         "values": [asked(self, {grid["name"]: value}, PackError)[grid["name"]]
                                    for value in self.list_of(grid["values"], 1)],
                         "years": [self.whole(years, 1, 100) for years in self.list_of(grid["years"], 1)]}

    def read_rights(self, top):
        for table in self.each(top, "entitlement"):
            self.members(table, "name label insurance source",
                         "months window one several days_window minimum treated each on when gives")
            item = {"label": self.label(table["label"]), "insurance": self.one_of(table["insurance"], INSURANCES),
                    "source": self.source(table["source"]),
                    "on": self.one_of(table.get("on", "today"), ["today", "year"]),
                    "each": self.flag(table.get("each", False)), "gives": []}
            for name in ("months", "window", "one", "several", "days_window", "minimum"):
                item[name] = self.formula(table[name], "number", TODAY) if name in table else None
            item["when"] = self.formula(table["when"], "flag", TODAY) if "when" in table else None
            item["treated"] = [self.one_of(name, INSURANCES) for name in self.list_of(table.get("treated", []), 0, 32)]
            for give in self.list_of(table.get("gives", [])):
                self.members(give, "name label formula unit")
                self.new(give["name"], "give")
                item["gives"].append({"name": give["name"], "label": self.label(give["label"]),
                                      "unit": self.one_of(give["unit"], UNITS),
                                      "formula": self.formula(give["formula"], "number", GIVES)})
            self.entitlements[self.new(table["name"], "entitlement")] = item
        if "place" in top:
            self.where = ["place", 0]
            place = self.members(top["place"], "long source", "inputs")
            self.place = {"long": self.formula(place["long"], "number"), "source": self.source(place["source"])}
        for table in self.each(top, "transfer"):
            self.members(table, "name label formula source since")
            self.transfers[self.new(table["name"], "transfer")] = {
                "label": self.label(table["label"]), "source": self.source(table["source"]),
                "formula": self.formula(table["formula"], "number", TRANSFER),
                "since": month_number(table["since"], PackError)}

    def check_sentence(self, sentence):
        """{name} or {name: choice} (§7)."""
        left = re.sub(r"\{([^{}]*)\}", lambda found: self.check_place(found[1]), sentence)
        if "{" in left or "}" in left:
            raise PackError(f"a brace alone: {sentence!r}")

    def check_place(self, place):
        name, colon, key = place.partition(":")
        parameter = self.parameters[self.named(name.strip(), "parameter")]
        if bool(colon) != bool(parameter["by"]) or (
                colon and key.strip() not in self.inputs[parameter["by"]]["choices"]):
            raise PackError(f"{{{place}}}: a choice is given exactly if the parameter has them")
        return ""

    def money(self, value):
        """In minor units, half up."""
        return int(round_to(value / self.minor, Fraction(1), "half-up"))

    def head(self):
        return {"id": self.id, "version": self.version, "sha256": self.sha256, "title": self.title}


def read_scenario(pack, table, fail):
    """A scenario of the pack or of the question (§5)."""
    if type(table) is not dict or not {"name", "label"} <= set(table):
        raise fail("a scenario has name and label")
    if unknown := set(table) - {"name", "label", "start", "pays", "pause", "longer", "subsidy", "with", "set"}:
        raise fail(f"unknown member {min(unknown)}")

    def whole(value, least=0):
        if type(value) is not int or not least <= value <= 10 ** 6:
            raise fail(f"no number of months: {value!r}")
        return value
    label = table["label"]
    if type(label) is not dict or set(label) != {"en", "zh"} or not all(
            type(text) is str and 1 <= len(text.encode()) <= 256 for text in label.values()):
        raise fail("no label")
    if type(table["name"]) is not str or not NAME.fullmatch(table["name"]):
        raise fail(f"{table['name']!r} is no name")
    pause = table.get("pause", [0, 0])
    if type(pause) is not list or len(pause) != 2:
        raise fail("pause is two numbers of months")
    if type(table.get("subsidy", True)) is not bool:
        raise fail("subsidy is true or false")
    return {"name": table["name"], "label": {"en": label["en"], "zh": label["zh"]},
            "start": whole(table.get("start", 0)),
            "pays": whole(table["pays"]) if "pays" in table else None, "pause": [whole(months) for months in pause],
            "longer": whole(table.get("longer", 0)), "subsidy": table.get("subsidy", True),
            "with": asked_inputs(pack, table.get("with", {}), fail),
            "set": asked_parameters(pack, table.get("set", {}), fail)}


# ---- Questions and values (§3) --------------------------------------------------------------------------------------

def asked_inputs(pack, given, fail):
    if type(given) is not dict:
        raise fail("with is a table")
    for name in given:
        if name not in pack.inputs:
            raise fail(f"there is no input {name}")
    return {name: input_value(pack.inputs[name], value, fail) for name, value in given.items()}


def asked_parameters(pack, given, fail):
    if type(given) is not dict:
        raise fail("set is a table")
    for name in given:
        if name not in pack.parameters:
            raise fail(f"there is no parameter {name}")
    return {name: pack.value_of(pack.parameters[name], value, fail) for name, value in given.items()}


def input_value(item, value, fail):
    """A value that was given for an input, as a formula has it."""
    kind = item["kind"]
    if kind == "choice":
        if type(value) is str and value in item["choices"]:
            return value
    elif kind == "flag":
        if type(value) is bool or value in ("true", "false"):
            return value in (True, "true")
    elif kind == "month":
        return Fraction(month_number(value, fail))
    else:
        return number(value, fail)
    raise fail(f"{item['name']}: no {kind}: {value!r}")


class Notes:
    """Reasons, each once, in the order in which their values were known."""

    def __init__(self):
        self.reasons, self.held, self.seen = [], [], set()

    def add(self, item, value=None, first=None, last=None, cite=None, status=None, held=False, name=None):
        name = name or item["name"]
        for wanted, into in (("because", self.reasons), ("held", self.held if held else None)):
            key = (wanted, name, value, first, last, cite, status)
            if into is not None and key not in self.seen:
                self.seen.add(key)
                into.append({"name": name, "label": item["label"], "value": value,
                             "from": str(first) if first else None, "to": str(last) if last else None,
                             "cite": cite, "status": status})

    def take(self, other):
        for mine, theirs in ((self.reasons, other.reasons), (self.held, other.held)):
            mine += [reason for reason in theirs if reason not in mine]


class Scope:
    """What names stand for in one cell, and which of them were used."""

    def __init__(self, pack, question, day, variables, withs=(), pieces=(), over=None, notes=None, single=False,
                 keep=False):
        self.pack, self.question, self.day, self.variables = pack, question, day, variables
        self.withs, self.pieces, self.over, self.single, self.keep = withs, pieces, over or {}, single, keep
        self.dues, self.known = {}, {}
        self.notes = Notes() if notes is None else notes

    def value(self, name):
        if name in self.over:
            return self.over[name]
        if name in self.variables:
            return self.variables[name]
        if name in self.dues:
            if isinstance(self.dues[name], Refused):
                raise self.dues[name]
            return self.dues[name]
        if name not in self.known:
            kind = self.pack.names[name]
            self.known[name] = {"input": self.input, "parameter": self.parameter, "define": self.define}[kind](name)
        return self.known[name]

    def is_given(self, name):
        return name in self.pack.inputs or name in self.pack.parameters

    def input(self, name):
        item = self.pack.inputs[name]
        brought = [given[name] for given in self.withs if name in given]
        status = "given"
        if brought:
            value = brought[0]
            if any(other != value for other in brought):
                raise Refused("differs", name)
        elif name in self.question["with"]:
            value = self.question["with"][name]
        elif item["default"]:
            value, status = reckon(item["default"], self), "assumed"
        else:
            raise Refused("missing", name)
        self.notes.add(item, shown(value, item["kind"]), status=status)
        return value

    def parameter(self, name):
        item = self.pack.parameters[name]
        if name in self.question["set"]:
            value = self.question["set"][name]
            self.notes.add(item, shown(value, item["unit"]), status="given")
            return value
        key = self.value(item["by"]) if item["by"] else None
        entry, held = self.entry(item, key, self.day), False
        if self.keep and self.day > self.pack.last and not entry:
            entry, held = self.entry(item, key, self.pack.last), True  # today's law goes on (§5)
        if not entry or entry["unknown"]:
            raise Refused("unknown", name, both(entry["unknown"]) if entry else None)
        self.notes.add(item, shown(entry["value"], item["unit"]), entry["from"], entry["to"],
                       self.pack.sources[entry["source"]]["cite"], entry["status"], held)
        return entry["value"]

    def entry(self, item, key, day):
        return next((entry for entry in item["values"].get(key, ()) if entry["from"] <= day <= entry["to"]), None)

    def define(self, name):
        item = self.pack.defines[name]

        def rounded(value):
            return round_to(value, *item["rounding"]) if item["rounding"] else value
        if not item["earning"] or self.single:
            return rounded(reckon(item["formula"], self))
        total = Fraction(0)
        for piece in self.pieces:
            alone = Scope(self.pack, self.question, piece.first, {**self.variables, **piece.variables()},
                          [piece.withs], [piece], self.over, self.notes, True, self.keep)
            total = fits(total + rounded(reckon(item["formula"], alone)))
        return total

    def table(self, name, key):
        item = self.pack.tables[name]
        rows, value = item["rows"], None
        for row, following in zip(rows, rows[1:] + [None]):
            if row[0] == key or (item["between"] == "step" and row[0] < key and (not following or key < following[0])):
                value = row[1]
            elif item["between"] == "linear" and following and row[0] < key < following[0]:
                value = fits(row[1] + (following[1] - row[1]) * (key - row[0]) / (following[0] - row[0]))
                value = round_to(value, *item["rounding"]) if item["rounding"] else value
        if value is None:
            raise Refused("unknown", name)
        source = self.pack.sources[item["source"]]
        self.notes.add(item, shown(value, "number"), cite=source["cite"], status=source["status"])
        return value

    def note_rule(self, rule, name=None):
        source = self.pack.sources[rule["source"]]
        self.notes.add(rule, cite=source["cite"], status=source["status"], name=name)


def both(text):
    """A pack's text that is no label, as `why`."""
    return {"en": text, "zh": text}


def shown(value, kind):
    """A value in a reason."""
    if isinstance(value, Fraction):
        return month_text(int(value)) if kind == "month" and value.denominator == 1 else decimal(value)
    return {True: "true", False: "false"}.get(value, value)


# ---- Due (§4) -------------------------------------------------------------------------------------------------------

def brought(amount, first, last, begin, end):
    """Of an amount of first to last, what the days begin to end bring: divided by days, rounded down at each end."""
    whole = (last - first).days + 1
    return amount * ((end - first).days + 1) // whole - amount * (begin - first).days // whole


class Piece:
    """What lies of an earning within two days."""

    def __init__(self, minor, earning, first, last):
        self.first, self.last = max(first, earning["first"]), min(last, earning["last"])
        self.withs, self.payer, self.minor = earning["with"], earning["payer"], minor
        self.gross, self.orders = (brought(earning[what], earning["first"], earning["last"], self.first, self.last)
                                   for what in ("gross", "orders"))

    def variables(self):
        return cell_variables(self.first, self.last, self.gross * self.minor, self.orders)


def cell_variables(first, last, gross, orders):
    return {"gross": Fraction(gross), "orders": Fraction(orders), "days": Fraction((last - first).days + 1),
            "month": Fraction(month_of(first)), "calendar_year": Fraction(first.year)}


class Cell:
    """What is assessed at one time: days, a payer (of = payer, or of an earning), and the pieces of earnings in it."""

    def __init__(self, key, first, last, by, pieces):
        self.key, self.first, self.last, self.by, self.pieces = key, first, last, by, pieces

    def scope(self, pack, question):
        variables = cell_variables(self.first, self.last, sum(p.gross for p in self.pieces) * pack.minor,
                                   sum(p.orders for p in self.pieces))
        return Scope(pack, question, self.first, variables, [p.withs for p in self.pieces], self.pieces)


def read_question(pack, data, projection=False):
    fail = QuestionError
    if type(data) is not dict:
        raise fail("a question is a table")
    allowed = {"with", "set"} | ({"born", "first", "so_far", "scenarios"} if projection else {"earnings", "from", "to"})
    if unknown := set(data) - allowed:
        raise fail(f"unknown member {min(unknown)}")
    question = {"with": asked_inputs(pack, data.get("with", {}), fail),
                "set": asked_parameters(pack, data.get("set", {}), fail)}
    if projection:
        if not {"born", "first"} <= set(data):
            raise fail("born and first are needed")
        question["born"], question["first"] = month_number(data["born"], fail), month_number(data["first"], fail)
        so_far = data.get("so_far", {})
        if type(so_far) is not dict or set(so_far) - {"months", "balance", "paid", "index"}:
            raise fail("so_far")
        question["so_far"] = {name: count(so_far.get(name, 0), fail) for name in ("months", "balance", "paid")}
        if question["so_far"]["months"] > 1200:
            raise fail("so_far: at most 1,200 months")
        question["so_far"]["index"] = number(so_far.get("index", 0), fail)
        question["scenarios"] = pack.scenarios
        if "scenarios" in data:
            if type(data["scenarios"]) is not list or len(data["scenarios"]) > 32:
                raise fail("scenarios are a list of at most 32")
            question["scenarios"] = [read_scenario(pack, scenario, fail) for scenario in data["scenarios"]]
        return question
    earnings = data.get("earnings", [])
    if type(earnings) is not list or len(earnings) > 10_000:
        raise fail("earnings are a list of at most 10,000")
    question["earnings"] = [read_earning(pack, earning, fail) for earning in earnings]
    for name, last, end in (("from", False, min), ("to", True, max)):
        if name in data:
            question[name] = day_of(data[name], last, fail)
        elif earnings:
            question[name] = end(earning["last" if last else "first"] for earning in question["earnings"])
        else:
            raise fail("from and to are needed where nothing is earned")
    first, last = question["from"], question["to"]
    if last < first:
        raise fail("to is before from")
    if (last.year - 100, last.month, last.day) >= (first.year, first.month, first.day):
        raise fail("more than 100 years")
    return question


def count(value, fail):
    if type(value) is not int or not 0 <= value <= MOST:
        raise fail(f"no amount: {value!r}")
    return value


def read_earning(pack, data, fail):
    if type(data) is not dict or "gross" not in data:
        raise fail("an earning is a table with gross")
    days = set(data) & {"day", "month", "year", "from", "to"}
    if unknown := set(data) - days - {"gross", "orders", "payer", "with"}:
        raise fail(f"unknown member {min(unknown)}")
    if days not in ({"day"}, {"month"}, {"year"}, {"from", "to"}):
        raise fail("an earning has day, month, year, or from and to")
    if len(days) == 1:
        said = data[min(days)]
        said = str(said) if "year" in days and type(said) is int else said
        if type(said) is not str or len(said) != {"day": 10, "month": 7, "year": 4}[min(days)]:
            raise fail(f"no {min(days)}: {said!r}")
        first, last = day_of(said, False, fail), day_of(said, True, fail)
        if "year" in days:  # the scheme's, which begins in that calendar year
            first = pack.year.replace(year=first.year)
            last = pack.year.replace(year=first.year + 1) - ONE_DAY
    else:
        first, last = day_of(data["from"], False, fail), day_of(data["to"], True, fail)
    if not 0 <= (last - first).days < 366:
        raise fail("an earning has 1 to 366 days")
    payer = data.get("payer")
    if payer is not None and (type(payer) is not str or not 1 <= len(payer.encode()) <= 64):
        raise fail("payer")
    return {"first": first, "last": last, "gross": count(data["gross"], fail),
            "orders": count(data.get("orders", 0), fail),
            "payer": payer, "with": asked_inputs(pack, data.get("with", {}), fail)}


def spans(pack, first, last, per):
    """The days of the cells (cuts, §4.1): the whole months or scheme's years in which these days lie."""
    while first <= last:
        if per == "month":
            begin, end = month_first(month_of(first)), month_last(month_of(first))
        else:
            year = first.year - ((first.month, first.day) < (pack.year.month, pack.year.day))
            begin, end = (pack.year.replace(year=year), pack.year.replace(year=year + 1) - ONE_DAY)
        yield begin, end
        first = end + ONE_DAY


def formulas_of(rule):
    return [tree for tree in (*(when for when, _ in rule["refuse"]), rule["when"], rule.get("base"), rule.get("amount"),
                              rule.get("credited")) if tree]


def used_by(pack, trees):
    """Names in formulas, and in the definitions that they name."""
    found, left = set(), list(trees)
    while left:
        for name in names_in(left.pop()) - found:
            found.add(name)
            if name in pack.defines:
                left.append(pack.defines[name]["formula"])
    return found


def together(pack, rule):
    """The rules that name each other, through others too: their cells are cut alike."""
    links = {name: {other for other in pack.dues
                    if other == due["relieves"] or any(other in names_in(tree) for tree in formulas_of(due))}
             for name, due in pack.dues.items()}
    group, left = set(), {rule["name"]}
    while left:
        name = left.pop()
        group.add(name)
        left |= (links[name] | {other for other in links if name in links[other]}) - group
    return [pack.dues[name] for name in group]


def cut_days(pack, question, names, earning):
    """The days on which a value of these names begins, or the one after it ceases, for this earning."""
    days = {pack.first, pack.last + ONE_DAY}
    left, seen = list(names), set()
    scope = Scope(pack, question, max(earning["first"], question["from"]), {}, [earning["with"]])
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in pack.inputs and name not in {**earning["with"], **question["with"]}:
            left += names_in(pack.inputs[name]["default"] or ("flag", True))
        if name in pack.parameters and name not in question["set"]:
            item = pack.parameters[name]
            if item["by"]:
                left.append(item["by"])
            try:
                key = scope.value(item["by"]) if item["by"] else None
            except Refused:
                continue
            for entry in item["values"].get(key, ()):
                days |= {entry["from"], entry["to"] + ONE_DAY}
    return days


def cells_of(pack, question, rule):
    earnings, first, last = question["earnings"], question["from"], question["to"]
    cells = []
    if rule["per"] == "earning":
        rules = together(pack, rule)
        names = used_by(pack, [tree for other in rules for tree in formulas_of(other)])
        names |= {part["share"] for other in rules for part in other["parts"]}
        for place, earning in enumerate(earnings):
            begin, end = max(first, earning["first"]), min(last, earning["last"])
            if begin > end:
                continue
            starts = sorted({begin} | {day for day in cut_days(pack, question, names, earning) if begin < day <= end})
            for start, following in zip(starts, starts[1:] + [end + ONE_DAY]):
                piece = Piece(pack.minor, earning, start, following - ONE_DAY)
                cells.append(Cell((place, start), piece.first, piece.last, earning["payer"], [piece]))
        return cells
    for begin, end in spans(pack, first, last, rule["per"]):
        counted = max(first, begin), min(last, end)  # only what was earned within the question's days
        pieces = [Piece(pack.minor, earning, *counted) for earning in earnings
                  if earning["first"] <= counted[1] and earning["last"] >= counted[0]]
        if rule["of"] == "all":
            cells.append(Cell((begin, None), begin, end, None, pieces))
        else:
            for payer in sorted({piece.payer for piece in pieces}, key=lambda payer: (payer is not None, payer or "")):
                cells.append(Cell((begin, payer), begin, end, payer,
                                  [piece for piece in pieces if piece.payer == payer]))
    return cells


def check_refusals(rule, scope):
    for when, why in rule["refuse"]:
        if reckon(when, scope):
            raise Refused("rule", None, why)


def reckon_due(pack, due, scope, left):
    """The line of a due in a cell, with amounts as fractions; none where `when` is false.

    left: of a subsidy, what is left of the due that it relieves in this cell.
    """
    scope.note_rule(due)
    check_refusals(due, scope)
    if due["when"] and not reckon(due["when"], scope):
        return None
    base = reckon(due["base"], scope) if due["base"] else None
    amount = round_to(reckon(due["amount"], scope), *due["rounding"])
    if amount < 0:
        raise Refused("number")
    if due["relieves"]:
        amount = min(amount, left)
    credited = Fraction(0)
    if due["credited"]:
        scope.variables = {**scope.variables, "amount": amount}
        credited = round_to(reckon(due["credited"], scope), *due["rounding"])
        if credited < 0:
            raise Refused("number")
    parts = []
    if due["parts"]:
        split = split_amount(amount, [scope.value(part["share"]) for part in due["parts"]], due["rounding"][0])
        parts = [{"label": part["label"], "insurance": part["insurance"], "amount": value}
                 for part, value in zip(due["parts"], split)]
    return {"base": base, "amount": amount, "credited": credited, "parts": parts, "because": scope.notes.reasons}


def split_amount(amount, shares, step):
    total = sum(shares)
    if total == 0:
        raise Refused("number")
    exact = [amount * share / total for share in shares]
    parts = [math.floor(part / step) * step for part in exact]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in range(int((amount - sum(parts)) / step)):
        parts[order[i % len(parts)]] += step
    return parts


class Refusals:
    """Refusals of cells; those of a rule that follow on each other, day by day, with the same reason are one."""

    def __init__(self):
        self.list = []

    def add(self, refused, rule, cell):
        said = refused.said(**{"rule": rule, "from": str(cell.first), "to": str(cell.last), "by": cell.by})
        last = self.list[-1] if self.list else None
        if last and last["to"] == str(cell.first - ONE_DAY) and all(
                last[name] == said[name] for name in ("rule", "by", "what", "name", "why")):
            last["to"] = said["to"]
        else:
            self.list.append(said)


def in_pack(pack, cell):
    if cell.first < pack.first or cell.last > pack.last:
        raise Refused("outside")


def due(pack, data):
    question = read_question(pack, data)
    refusals, lines, counts = Refusals(), [], []
    amounts, left = {}, {}  # of (due, cell): its amount or refusal; what subsidies left of it
    for rule in pack.dues.values():
        for cell in cells_of(pack, question, rule):
            scope = cell.scope(pack, question)
            scope.dues = {name: amounts[name, cell.key] for name in pack.dues if (name, cell.key) in amounts}
            relieved = rule["relieves"], cell.key
            try:
                in_pack(pack, cell)
                if isinstance(amounts.get(relieved), Refused):
                    raise amounts[relieved]
                line = reckon_due(pack, rule, scope, left.get(relieved, Fraction(0)))
                amounts[rule["name"], cell.key] = line["amount"] if line else Fraction(0)
                if line:
                    lines.append((rule, cell, line))
                    if rule["relieves"] and line["amount"]:
                        left[relieved] -= line["amount"]
                    left[rule["name"], cell.key] = line["amount"]
            except Refused as refused:
                amounts[rule["name"], cell.key] = refused
                refusals.add(refused, rule["name"], cell)
    for rule in pack.counts.values():
        for cell in cells_of(pack, question, rule):
            scope = cell.scope(pack, question)
            try:
                in_pack(pack, cell)
                scope.note_rule(rule)
                check_refusals(rule, scope)
                counts.append({"rule": rule["name"], "label": rule["label"], "from": str(cell.first),
                               "to": str(cell.last), "by": cell.by,
                               "counts": reckon(rule["when"], scope), "because": scope.notes.reasons})
            except Refused as refused:
                refusals.add(refused, rule["name"], cell)
    payers = {name: [Fraction(0), Fraction(0)] for name in PAYERS[:3]}  # before, subsidy
    by_insurance = defaultdict(lambda: [Fraction(0)] * 3)  # amount, subsidy, credited
    for rule, cell, line in lines:
        if rule["payer"] == "subsidy":
            if rule["relieves"] and line["amount"]:
                relieved = pack.dues[rule["relieves"]]
                payers[relieved["payer"]][1] += line["amount"]
                by_insurance[relieved["insurance"], relieved["payer"]][1] += line["amount"]
            continue
        payers[rule["payer"]][0] += line["amount"]
        for part in line["parts"] or [{"insurance": rule["insurance"], "amount": line["amount"]}]:
            by_insurance[part["insurance"], rule["payer"]][0] += part["amount"]
        if line["credited"]:
            by_insurance[rule["insurance"], rule["payer"]][2] += line["credited"]
    order = {name: place for place, name in enumerate(INSURANCES + [None])}
    money = pack.money
    return {
        "scheme": pack.head(), "currency": pack.currency, "from": str(question["from"]), "to": str(question["to"]),
        "complete": not refusals.list,
        "lines": [{
            "rule": rule["name"], "label": rule["label"], "insurance": rule["insurance"], "payer": rule["payer"],
            "by": cell.by,
            "from": str(cell.first), "to": str(cell.last),
            "base": None if line["base"] is None else money(line["base"]),
            "amount": money(line["amount"]), "credited": money(line["credited"]),
            "parts": [{**part, "amount": money(part["amount"])} for part in line["parts"]], "because": line["because"],
        } for rule, cell, line in lines],
        "refused": refusals.list, "counts": counts,
        "insurances": [{"insurance": insurance, "payer": payer, "amount": money(amount), "subsidy": money(subsidy),
                        "credited": money(credited)} for (insurance, payer), (amount, subsidy, credited) in
                       sorted(by_insurance.items(), key=lambda item: (order[item[0][0]], PAYERS.index(item[0][1])))],
        "payers": [{"payer": payer, "before": money(before), "subsidy": money(subsidy),
                    "after": money(before - subsidy)}
                   for payer, (before, subsidy) in payers.items()],
        "affordable": affordable(pack, question, lines, left)}


def affordable(pack, question, lines, left):
    pays = defaultdict(int)  # minor units: of what is left of each line, what its days in a month bring
    for rule, cell, line in lines:
        if rule["payer"] == "self":
            for first, last in spans(pack, cell.first, cell.last, "month"):
                pays[month_of(first)] += brought(pack.money(left[rule["name"], cell.key]), cell.first, cell.last,
                                                 max(first, cell.first), min(last, cell.last))
    earned = {}  # month: minor units, of months that have an earning
    for earning in question["earnings"]:
        for month in range(month_of(earning["first"]), month_of(earning["last"]) + 1):
            piece = Piece(pack.minor, earning, month_first(month), month_last(month))
            earned[month] = earned.get(month, 0) + piece.gross
    rows = []
    for first, last in spans(pack, question["from"], question["to"], "month"):
        month = month_of(first)
        those = [earned[m] for m in range(month - (pack.guard["months"] if pack.guard else 3) + 1, month + 1)
                 if m in earned]
        income = Fraction(sum(those), len(those)) * pack.minor if those else None
        share = round_to(pays[month] * pack.minor / income, Fraction(1, 10_000), "half-up") if income else None
        limit = None
        if pack.guard:
            try:
                limit = Scope(pack, question, first, {}).value(pack.guard["limit"])
            except Refused:
                pass
        rows.append({"month": month_text(month), "pays": pays[month],
                     "income": None if income is None else pack.money(income),
                     "share": None if share is None else decimal(share, 4),
                     "limit": None if limit is None else decimal(limit),
                     "over": None if share is None or limit is None else share > limit})
    return rows


# ---- Projection (§5) ------------------------------------------------------------------------------------------------

class Life:
    """One scenario, month by month. For the grid, `years` takes the place of the plan."""

    def __init__(self, pack, question, plan, notes, years=None):
        self.pack, self.pension, self.notes, self.plan, self.years = pack, pack.pension, notes, plan, years
        self.question = {"with": {**question["with"], **plan["with"]}, "set": {**question["set"], **plan["set"]}}
        self.born, self.first = question["born"], question["first"]
        if pack.inputs.get("born", {}).get("kind") == "month":  # an input of that name is the question's born
            self.question["with"]["born"] = Fraction(self.born)
        so_far = question["so_far"] if years is None else dict.fromkeys(("months", "balance", "paid", "index"), 0)
        self.months, self.index = so_far["months"], so_far["index"] * so_far["months"]
        self.balance, self.paid = so_far["balance"] * pack.minor, so_far["paid"] * pack.minor
        self.subsidy = self.others = Fraction(0)
        self.month, self.path, self.covered = self.first, [], defaultdict(int)
        self.wages = {}
        self.retires = self.age = self.minimum = self.mean = None

    def scope(self, month, variables):
        day = month_first(month)
        if day < self.pack.first:
            raise Refused("outside")
        over = {self.pension["wage"]: self.wage(month)} if self.wages else {}
        dates = cell_variables(day, month_last(month), 0, 0)
        return Scope(self.pack, self.question, day, {**dates, **variables}, over=over, notes=self.notes, keep=True)

    def wage(self, month):
        """The average wage: grown each calendar year, rounded to a minor unit each time."""
        year = month_first(month).year
        if year not in self.wages:
            self.wages[year] = round_to(fits(self.wage(month - 12) * (1 + self.growth)), self.pack.minor, "half-up")
        return self.wages[year]

    def run(self):
        try:
            self.live()
            return self.retire()
        except Refused as refused:
            return {"refused": refused.said(month=month_text(self.month))}

    def live(self):
        pension, first = self.pension, self.first
        start = self.scope(first, {})
        start.note_rule(pension, "pension")
        wage, self.growth = start.value(pension["wage"]), start.value(pension["growth"])
        self.wages = {month_first(first).year: wage}
        self.age = math.ceil(reckon(pension["age"], self.scope(first, {})))
        if self.years is None:
            self.retires = max(self.born + self.age + self.plan["longer"], first)
            self.age = self.retires - self.born
        else:
            self.retires = first + self.years * 12
            self.born = self.retires - self.age
        if self.retires - first > 1200:
            raise Refused("range")
        sums, paying = [], Paying(self.plan)  # sums: what the balance was before each month's payment, this year
        for self.month in range(first, self.retires):
            sums.append(self.balance)
            if paying.now(self.month - first):
                self.pay()
            if self.month % 12 == 11:
                self.bear_interest(sums)
                sums = []
                self.path.append([month_text(self.month), self.pack.money(self.paid), self.pack.money(self.balance)])
        self.month = self.retires
        self.bear_interest(sums)
        self.path.append([month_text(self.retires), self.pack.money(self.paid), self.pack.money(self.balance)])

    def bear_interest(self, sums):
        """At the end of December and before retirement, of the months of that year."""
        if sums:
            last = min(self.month, self.retires - 1)
            day = max(datetime.date(month_first(last).year, 1, 1), month_first(self.first))
            rate = self.scope(month_of(day), {}).value(self.pension["interest"])
            self.balance = fits(self.balance + round_to(fits(sum(sums) / 12 * rate), self.pack.step, self.pack.mode))

    def pay(self):
        pack, pension, month = self.pack, self.pension, self.month
        scope = self.scope(month, {"wage": self.wage(month), "wage_now": self.wage(self.first),
                                   "age_now": Fraction(month - self.born)})
        earned = {}
        for name, formula in pension["month"]:
            value = reckon(formula, scope)
            if name in CELL:  # gross or orders: there is one earning of that whole month
                value = round_to(value, pack.minor if name == "gross" else Fraction(1), "half-up")
                earned[name] = int(value / pack.minor if name == "gross" else value)
                scope.variables[name] = value
                scope.pieces = [Piece(pack.minor, {
                    "first": month_first(month), "last": month_last(month), "gross": 0, "orders": 0, "payer": None,
                    "with": {}, **earned}, month_first(month), month_last(month))]
            else:
                scope.over[name] = value
            scope.known.clear()
        left, lines = {}, []
        amounts = {name: Fraction(0) for name, due in pack.dues.items() if due["per"] == "month"}
        for due in pack.dues.values():
            if due["per"] != "month" or (due["payer"] == "subsidy" and not self.plan["subsidy"]):
                continue
            cell = copy.copy(scope)
            cell.dues = amounts
            line = reckon_due(pack, due, cell, left.get(due["relieves"], Fraction(0)))
            if line:
                lines.append((due, line))
                amounts[due["name"]] = left[due["name"]] = line["amount"]
                if due["relieves"] and line["amount"]:
                    left[due["relieves"]] -= line["amount"]
                    self.subsidy += line["amount"]
        covered, counts = set(), False
        for due, line in lines:
            if due["insurance"] == pension["insurance"]:
                self.balance, counts = fits(self.balance + line["credited"]), True
            covered |= {due["insurance"], *(part["insurance"] for part in line["parts"])}
            if due["payer"] == "self":
                self.paid += left[due["name"]]
            elif due["payer"] != "subsidy":
                self.others += left[due["name"]]
        for insurance in covered:
            self.covered[insurance] += 1
        if counts:
            self.months += 1
            if pension["index"]:
                self.index = fits(self.index + reckon(pension["index"]["formula"], scope))

    def retire(self):
        pack, pension, money = self.pack, self.pension, self.pack.money
        mean = fits(self.index / self.months) if self.months and pension["index"] else Fraction(0)
        if pension["index"] and pension["index"]["rounding"]:
            mean = round_to(mean, *pension["index"]["rounding"])
        wage, wage_now = self.wage(self.retires), self.wage(self.first)
        scope = self.scope(self.retires, {
            "months": Fraction(self.months), "years": Fraction(self.months, 12), "balance": self.balance, "index": mean,
            "age": Fraction(self.age), "age_now": Fraction(self.age), "wage": wage, "wage_now": wage_now})
        minimum = math.ceil(reckon(pension["minimum"], scope))
        parts, amount, once, today, even, back = [], None, None, None, None, None
        if self.months >= minimum:
            for part in pension["parts"]:
                scope.note_rule(part)
                value = round_to(reckon(part["formula"], scope), *part["rounding"])
                parts.append((part, value))
            amount = sum((value for _, value in parts), Fraction(0))
            if wage == 0:
                raise Refused("number")
            today = round_to(amount * wage_now / wage, pack.step, pack.mode)
            even = self.age + math.ceil(self.paid / amount) if amount > 0 else None
        elif pension["otherwise"]:
            scope.note_rule(pension["otherwise"], "otherwise")
            once = round_to(reckon(pension["otherwise"]["formula"], scope), pack.step, pack.mode)
        if pension["until"]:
            months = max(scope.value(pension["until"]) * 12 - self.age, Fraction(0))
            if self.paid:
                back = decimal(((amount or 0) * months + (once or 0)) / self.paid, 2)
        names = {due["insurance"] for due in pack.dues.values() if due["per"] == "month"}
        names |= {part["insurance"] for due in pack.dues.values() if due["per"] == "month" for part in due["parts"]}
        return {
            "refused": None, "retires": month_text(self.retires), "age": self.age, "months": self.months,
            "minimum": minimum,
            "missing": max(minimum - self.months, 0), "paid": money(self.paid), "subsidy": money(self.subsidy),
            "others": money(self.others), "balance": money(self.balance),
            "index": decimal(mean, 4) if pension["index"] else None,
            "parts": [{"name": part["name"], "label": part["label"], "amount": money(value)} for part, value in parts],
            "pension": None if amount is None else money(amount), "today": None if today is None else money(today),
            "once": None if once is None else money(once), "break_even": even, "back": back,
            "cover": [{"insurance": name, "months": self.retires - self.first - self.covered[name]}
                      for name in INSURANCES if name in names],
            "path": self.path}


class Paying:
    """In which months she pays: asked once for each month, in order."""

    def __init__(self, plan):
        self.plan, self.paid, self.paused = plan, 0, 0

    def now(self, month):
        plan = self.plan
        if month < plan["start"] or (plan["pays"] is not None and self.paid >= plan["pays"]):
            return False
        after, length = plan["pause"]
        if self.paid == after and self.paused < length:
            self.paused += 1
            return False
        self.paid += 1
        return True


def project(pack, data):
    if not pack.pension:
        raise QuestionError("this pack has no pension")
    question = read_question(pack, data, True)
    notes, results = Notes(), []
    for plan in question["scenarios"]:
        own = Notes()
        results.append({"name": plan["name"], "label": plan["label"], **Life(pack, question, plan, own).run()})
        if results[-1]["refused"] is None:  # what was used for a scenario that was refused is no reason of anything
            notes.take(own)
    grid = None
    if pack.grid:
        plain = {"start": 0, "pays": None, "pause": [0, 0], "longer": 0, "subsidy": True, "with": {}, "set": {}}
        name, cells = pack.grid["name"], []
        for value in pack.grid["values"]:
            for years in pack.grid["years"]:
                item = pack.parameters.get(name) or pack.inputs[name]
                plan = {**plain, "set" if name in pack.parameters else "with": {name: value}}
                result = Life(pack, question, plan, Notes(), years).run()
                cells.append({"value": shown(value, item.get("unit") or item["kind"]), "years": years, **{
                    key: result[key] for key in ("refused", "months", "paid", "balance", "pension", "today", "missing")
                    if key in result}})
        grid = {"name": name, "label": pack.grid["label"], "cells": cells}
    return {"scheme": pack.head(), "currency": pack.currency, "born": month_text(question["born"]),
            "first": month_text(question["first"]),
            "scenarios": results, "grid": grid,
            "assumptions": [reason for reason in notes.reasons if reason["status"] in ("assumed", "given")],
            "held": notes.held, "because": notes.reasons}


# ---- Rights (§6), as far as they need no standing -------------------------------------------------------------------

def value_on(pack, tree, day, asked=None, **variables):
    """A formula of §6 on a day."""
    asked = asked or {}
    asked = {"with": asked_inputs(pack, asked.get("with", {}), QuestionError),
             "set": asked_parameters(pack, asked.get("set", {}), QuestionError)}
    return reckon(tree, Scope(pack, asked, day, {name: Fraction(value) for name, value in variables.items()}))


def place(long, household, relation, funds):
    """Where a right is to be claimed. Of each fund: region (or None), temporary, months that count, last one."""
    if household is None:
        return {"region": None, "missing": "household"}
    if any(fund["region"] is None for fund in funds):
        return {"region": None, "missing": "region"}
    if relation == household:
        return {"region": household, "missing": None}
    months, last = defaultdict(int), {}
    for fund in funds:
        if not fund.get("temporary"):
            months[fund["region"]] += fund["months"]
            last[fund["region"]] = max(last.get(fund["region"], fund["last"]), fund["last"])
    those = [region for region in months if months[region] >= long]
    return {"region": max(those, key=lambda region: last[region]) if those else household, "missing": None}


def transfer(pack, name, day, balance, bases, months, asked=None):
    """What goes along, in minor units, half up; balance and bases in major units."""
    value = value_on(pack, pack.transfers[name]["formula"], day, asked, balance=balance, bases=bases, months=months)
    return pack.money(round_to(value, pack.step, pack.mode))


# ---- What changed (§7) ----------------------------------------------------------------------------------------------

def changed(pack, before, after, data=None):
    """Between two days: the values that differ, and what is due of the same earnings from each day on."""
    if after < before:
        raise QuestionError("the second day is before the first")
    changes = []
    for item in pack.parameters.values():
        for key in sorted(item["values"], key=str):
            entries = [next((e for e in item["values"][key] if e["from"] <= day <= e["to"]), None)
                       for day in (before, after)]
            values = [None if entry is None or entry["value"] is None else shown(entry["value"], item["unit"])
                      for entry in entries]
            if values[0] != values[1]:
                since = entries[1]["from"] if entries[1] else max(e["to"] for e in item["values"][key]
                                                                  if e["to"] < after) + ONE_DAY
                changes.append({"name": item["name"], "label": item["label"], "choice": key, "before": values[0],
                                "after": values[1],
                                "since": str(since)})
    answers = None
    if data is not None:
        question, answers = read_question(pack, data), []
        for day in (before, after):
            shift = day - question["from"]
            moved = {**data, "from": str(day), "to": str(question["to"] + shift), "earnings": []}
            for earning, said in zip(question["earnings"], data.get("earnings", [])):
                said = {name: value for name, value in said.items() if name not in ("day", "month", "year")}
                moved["earnings"].append({**said, "from": str(earning["first"] + shift),
                                          "to": str(earning["last"] + shift)})
            answers.append(due(pack, moved))
    return {"changes": changes, "due": answers}


# ---- Sanity tests ---------------------------------------------------------------------------------------------------

TEST_PACK = '''
id = "test"
version = "1"
jurisdiction = "XX"
currency = "EUR"
from = "2024"
to = "2027"
year = "04-06"
title = { en = "Test", zh = "试" }
[sources.law]
cite = "The law"
status = "official"
[sources.guess]
cite = "A guess"
status = "assumed"
[[input]]
name = "kind"
label = { en = "Kind", zh = "种" }
kind = "choice"
default = "'a'"
[input.choices]
a = { en = "A", zh = "甲" }
b = { en = "B", zh = "乙" }
[[parameter]]
name = "rate"
label = { en = "Rate", zh = "率" }
unit = "share"
by = "kind"
values = [
  { from = "2024", value = "0.1", source = "law", for = "a" },
  { from = "2024", value = "0.2", source = "law", for = "b" },
  { from = "2025-07", value = "0.15", source = "law", for = ["a", "b"] },
  { from = "2026-07", to = "2026-09", unknown = "not decided", source = "law", for = "b" },
]
[[parameter]]
name = "aid"
label = { en = "Aid", zh = "助" }
unit = "share"
values = [{ from = "2024", value = "0.5", source = "law" }, { from = "2025-03", value = 1, source = "law" },
          { from = "2025-10", value = 2, source = "law" }]
[[parameter]]
name = "one"
label = { en = "One", zh = "一" }
unit = "number"
values = [{ from = "2024", value = 1, source = "law" }]
[[parameter]]
name = "two"
label = { en = "Two", zh = "二" }
unit = "number"
values = [{ from = "2024", value = 2, source = "law" }]
[[parameter]]
name = "mean_wage"
label = { en = "Wage", zh = "工资" }
unit = "money"
values = [{ from = "2024", value = 3000, source = "law" }]
[[parameter]]
name = "growth"
label = { en = "Growth", zh = "长" }
unit = "share"
values = [{ from = "2024", value = "0.03", source = "guess" }]
[[parameter]]
name = "interest"
label = { en = "Interest", zh = "息" }
unit = "share"
values = [{ from = "2024", value = "0.02", source = "guess" }]
[[parameter]]
name = "last_age"
label = { en = "Age", zh = "龄" }
unit = "years"
values = [{ from = "2024", value = 85, source = "guess" }]
[[table]]
name = "divisor"
label = { en = "Divisor", zh = "数" }
source = "law"
between = "linear"
rows = [[600, 200], [720, 139], [840, 56]]
[[due]]
name = "levy"
label = { en = "Levy", zh = "费" }
source = "law"
payer = "self"
insurance = "pension"
per = "earning"
base = "gross"
amount = "gross * rate"
parts = [{ label = { en = "P", zh = "甲" }, insurance = "pension", share = "two" },
         { label = { en = "Q", zh = "乙" }, insurance = "medical", share = "one" }]
[[due]]
name = "help"
label = { en = "Help", zh = "助" }
source = "law"
payer = "subsidy"
per = "earning"
amount = "levy * aid"
relieves = "levy"
[[due]]
name = "monthly"
label = { en = "Monthly", zh = "月" }
source = "law"
payer = "self"
insurance = "pension"
per = "month"
base = "clamp(gross, mean_wage * 0.6, mean_wage * 3)"
amount = "clamp(gross, mean_wage * 0.6, mean_wage * 3) * 0.2"
credited = "amount * 0.4"
[[due]]
name = "top"
label = { en = "Top", zh = "年" }
source = "law"
payer = "platform"
per = "year"
of = "payer"
when = "gross > 100"
amount = "(gross - 100) * 0.01"
[[count]]
name = "enough"
label = { en = "Enough", zh = "够" }
source = "law"
per = "month"
when = "gross >= 100"
[guard]
months = 2
limit = "aid"
[pension]
insurance = "pension"
source = "law"
wage = "mean_wage"
growth = "growth"
age = "720"
minimum = "180"
interest = "interest"
until = "last_age"
month = { gross = "wage" }
index = { formula = "gross / mean_wage", rounding = { to = "0.0001", mode = "half-up" } }
parts = [
  { name = "basic", label = { en = "Basic", zh = "基" }, source = "law", formula = "wage * (1 + index) * years / 200" },
  { name = "personal", label = { en = "Own", zh = "个" }, source = "law", formula = "balance / divisor(age)" },
]
otherwise = { label = { en = "Once", zh = "一次" }, formula = "balance", source = "law" }
[pension.grid]
name = "interest"
label = { en = "Interest", zh = "息" }
values = ["0", "0.05"]
years = [10, 20]
[[scenario]]
name = "always"
label = { en = "Always", zh = "一直" }
[[scenario]]
name = "less"
label = { en = "Less", zh = "少" }
start = 12
pays = 100
pause = [10, 5]
'''


def expect(ok, what):
    if not ok:
        raise AssertionError(what)


def selftest():
    chance = random.Random(20260101)
    pack = Pack(TEST_PACK.encode())
    nothing = {"with": {}, "set": {}}

    # Formulas: against Python's own arithmetic, and what must not be read.
    scope = Scope(pack, nothing, pack.first, {"gross": Fraction(7), "days": Fraction(3)})
    for source, wanted in (("1 + 2 * -3", -5), ("(1 + 2) * 3 - 4 / 2 / 2", 8), ("clamp(gross, 8, 9)", 8),
                           ("round(-2.5, 1)", -3),
                           ("up(-2.5, 1)", -2), ("down(-2.5, 1)", -3), ("round(7, 2)", 8),
                           ("if(gross > 7, 1 / 0, 4)", 4),
                           ("if(gross > 9 or not days == 3, 1, 2)", 2), ("min(3, 2, 1) + max(1, 2)", 3),
                           ("rate", Fraction("0.1")),
                           ("divisor(660)", Fraction("169.5")), ("if(kind == 'a', 1, 2)", 1), ("0 - - 3", 3)):
        expect(reckon(pack.formula(source, "number", CELL), scope) == wanted, source)
    for source, what in (("1 / (gross - 7)", "number"), ("divisor(599)", "unknown"), ("divisor(841)", "unknown"),
                         ("within(gross, 8, 9)", "range"),
                         ("999999999999999 * 999999999999999 * 999999999999999", "number"), ("round(1, 0)", "number")):
        try:
            reckon(pack.formula(source, "number", CELL), scope)
        except Refused as refused:
            expect(refused.what == what, source)
        else:
            raise AssertionError(source)
    for source in ("", "1 +", "1 2", "gross = 1", "1 < 2 < 3", "not 1", "gross and true", "kind", "kind + 1", "min(1)",
                   "if(1, 2, 3)", "divisor",
                   "divisor(1, 2)", "nobody", "nobody(1)", "1.", ".5", "1e3", "1a", "'a' == 1", "amount", "levy",
                   "'A' == kind", "(" * 33 + "1" + ")" * 33,
                   "1" * 16, "0.1234567890123", "1" + " " * 1024, "round", "true + 1", "if(true, 1, false)", "wage"):
        try:
            pack.formula(source, "number", CELL)
        except PackError:
            continue
        raise AssertionError(f"read: {source}")
    pack.formula("(" * 32 + "1" + ")" * 32, "number")

    # Packs that are none: each change to the test pack must be refused.
    for old, new in (('id = "test"', 'id = "Test"'), ('version = "1"', 'version = ""'),
                     ('unit = "years"', 'unit = "year"'), ("value = 3000", "value = 3000.0"),
                     ('to = "2027"', 'to = "2023"'), ('to = "2027"', 'to = 2027'), ('year = "04-06"', 'year = "02-29"'),
                     ('from = "2025-07"', 'from = "2023-07"'),
                     ('cite = "The law"', 'cite = "The law"\nmore = 1'), ('name = "aid"', 'name = "rate"'),
                     ('name = "aid"', 'name = "index"'),
                     ('for = "a"', 'for = "c"'), (', for = "a"', ""),
                     ('amount = "levy * aid"', 'amount = "monthly * aid"'), ('"\'a\'"', '"\'c\'"'),
                     ('relieves = "levy"', 'relieves = "monthly"'), ('relieves = "levy"', 'relieves = "top"'),
                     ('limit = "aid"', 'limit = "kind"'),
                     ('rows = [[600, 200], [720', 'rows = [[720, 200], [720'),
                     ('unknown = "not', 'value = 1, unknown = "not'), ('zh = "试" }', '}'),
                     ('to = "2026-09"', 'to = "2026-05"'), ('"law", for = "a" }', '"laws", for = "a" }'),
                     ('months = 2\n', 'months = 0\n'), ('per = "month"', 'per = "week"')):
        expect(old in TEST_PACK, old)
        try:
            Pack(TEST_PACK.replace(old, new).encode())
        except PackError as error:
            expect(str(error).startswith("line "), new)
            continue
        raise AssertionError(f"a pack with {new}")

    def ask(*earnings, **more):
        return due(pack, {"earnings": list(earnings), **more})

    def total(answer, rule):
        return sum(line["amount"] for line in answer["lines"] if line["rule"] == rule)

    for _ in range(60):
        low, more = chance.randrange(10 ** 7), chance.randrange(10 ** 6)
        day = datetime.date(2024, 4, 6) + datetime.timedelta(chance.randrange(700))
        span = {"from": str(day), "to": str(day + datetime.timedelta(chance.randrange(366)))}
        a, b = ask({**span, "gross": low}), ask({**span, "gross": low + more})
        # More earned is not less due; parts add up; pieces add up to the whole; nothing is left below zero.
        for rule in ("levy", "monthly", "top"):
            expect(total(a, rule) <= total(b, rule), "monotone")
        levies = [line for line in a["lines"] if line["rule"] == "levy"]
        expect(all(sum(part["amount"] for part in line["parts"]) == line["amount"] for line in levies), "parts")
        expect(sum(line["base"] for line in levies) == low, "pieces")
        self_ = a["payers"][0]
        expect(self_["after"] == self_["before"] - self_["subsidy"] >= 0, "after")
        for what, those in (("amount", PAYERS[:3]), ("subsidy", PAYERS[3:])):
            expect(sum(row[what] for row in a["insurances"]) == sum(
                line["amount"] for line in a["lines"] if line["payer"] in those), "insurances")
        expect(sum(row["credited"] for row in a["insurances"]) == sum(line["credited"] for line in a["lines"]),
               "credited")
        # Cells do not overlap, and follow one another.
        expect(all(x["to"] < y["from"] for x, y in zip(levies, levies[1:])), "order")
        # What is cut by a change of the rate is the sum of its parts, each asked alone.
        alone = 0
        for line in levies:
            part = ask({"from": line["from"], "to": line["to"], "gross": line["base"]})
            expect([x["amount"] for x in part["lines"] if x["rule"] == "levy"] == [line["amount"]], "alone")
            alone += total(part, "levy")
        expect(alone == total(a, "levy"), "sum of its parts")
        # Two earnings are their sum (per year of one payer), in whatever order.
        cut = chance.randrange(low + 1)
        pair = [{**span, "gross": cut, "payer": "x"}, {**span, "gross": low - cut, "payer": "x"}]
        expect(ask(*pair)["payers"] == ask(*pair[::-1])["payers"], "order of earnings")

    # An unknown value is refused by name, and the rest is reckoned.
    answer = ask({"year": "2026", "gross": 365_00, "with": {"kind": "b"}})
    expect([(r["rule"], r["from"], r["to"], r["what"], r["name"], r["why"]) for r in answer["refused"]] == [
        (rule, first, last, "unknown", "rate", why) for rule in ("levy", "help")
        for first, last, why in (("2026-07-01", "2026-09-30", both("not decided")),
                                 ("2026-10-01", "2027-04-05", None))], "unknown")
    expect(not answer["complete"] and total(answer, "levy") == 86 * 15, "rest")
    answer = ask({"day": "2026-03-01", "gross": 1, "with": {"kind": "a"}},
                 {"day": "2026-03-01", "gross": 1, "with": {"kind": "b"}})
    expect(answer["complete"] and len(answer["affordable"]) == 1 and answer["affordable"][0]["income"] == 2, "two")
    answer = ask({"day": "2023-12-31", "gross": 1}, {"day": "2024-01-01", "gross": 1})
    expect({r["what"] for r in answer["refused"]} == {"outside"}
           and [r["rule"] for r in answer["refused"]].count("levy") == 1, "outside")
    for wrong in ({"day": "2024-01-01", "gross": 1, "with": {"kind": "c"}}, {"day": "2024-01-01"},
                  {"from": "2024-01-01", "to": "2025-01-01", "gross": 1},
                  {"day": "2024-01-01", "gross": 1, "with": {"sort": "a"}}):
        try:
            ask(wrong)
        except QuestionError:
            continue
        raise AssertionError(f"answered: {wrong}")
    expect([split_amount(Fraction(7), [Fraction(1)] * 3, Fraction(1))] == [[3, 2, 2]], "split")

    # A subsidy is cut to what is left of its due, in its own line too; each month pays what the days in it bring.
    answer = ask({"from": "2025-12-30", "to": "2026-01-03", "gross": 1234})
    expect([(line["rule"], line["amount"]) for line in answer["lines"] if line["rule"] in ("levy", "help")] == [
        ("levy", 185), ("help", 185)] and answer["payers"][0]["before"] == answer["payers"][0]["subsidy"] + 2 * 36000,
           "cut")
    lone = TEST_PACK.replace('relieves = "levy"', "").replace('per = "month"\nbase', 'per = "year"\nbase')
    lone = Pack(lone.encode())
    answer = due(lone, {"earnings": [{"from": "2025-12-30", "to": "2026-01-03", "gross": 1234}]})
    expect([row["pays"] for row in answer["affordable"]] == [
        185 * 2 // 5 + 36000 * 270 // 365 - 36000 * 239 // 365,
        185 - 185 * 2 // 5 + 36000 * 301 // 365 - 36000 * 270 // 365], "what a month's days bring")
    expect([(line["from"], line["to"]) for line in answer["lines"] if line["rule"] == "monthly"] == [
        ("2025-04-06", "2026-04-05")], "the scheme's year")

    # Projection: the grid grows with years and interest; paying less brings less; interest by hand.
    answer = project(pack, {"born": "1990-05", "first": "2026-03"})
    always, less = answer["scenarios"]
    expect(always["refused"] is None and always["retires"] == "2050-05" and always["months"] == 290
           and always["missing"] == 0, "always")
    expect(less["months"] == 100 and less["pension"] is None and less["once"] == less["balance"]
           and less["missing"] == 80, "less")
    expect(always["index"] == "1" and always["paid"] >= less["paid"] and answer["held"], "index")
    cells = {(cell["value"], cell["years"]): cell for cell in answer["grid"]["cells"]}
    expect(cells["0", 20]["balance"] < cells["0.05", 20]["balance"]
           and cells["0", 10]["balance"] < cells["0", 20]["balance"], "grid")
    plain = cells["0", 20]
    expect(abs(plain["balance"] * 5 - plain["paid"] * 2) <= 240 * 5, "without interest two fifths are in the account")
    plan = {"name": "short", "label": {"en": "S", "zh": "短"}, "set": {"interest": "0.12"}}
    short = project(pack, {"born": "1966-03", "first": "2026-01", "scenarios": [plan]})["scenarios"][0]
    expect(short["balance"] == 2 * 24000 + 240 and short["months"] == 2 and short["once"] == 48240,
           "interest")  # 0 + 240.00 in a year's twelfths, 12 %
    broken = project(pack, {"born": "1966-03", "first": "2023-01", "scenarios": [plan]})["scenarios"][0]
    expect(broken == {"name": "short", "label": plan["label"], "refused": {
        "month": "2023-01", "what": "outside", "name": None, "why": None}}, "before the pack")

    # Rights and what changed.
    funds = [{"region": "x", "months": 130, "last": 1400}, {"region": "y", "months": 125, "last": 1500},
             {"region": "z", "months": 200, "last": 1600, "temporary": True}]
    expect(place(120, "h", None, funds)["region"] == "y" and place(131, "h", "q", funds)["region"] == "h", "place")
    expect(place(120, "h", "h", funds)["region"] == "h" and place(120, None, "h", funds)["missing"] == "household",
           "household")
    difference = changed(pack, datetime.date(2025, 6, 1), datetime.date(2025, 7, 1),
                         {"earnings": [{"month": "2025-02", "gross": 1000}]})
    expect([(c["name"], c["choice"], c["before"], c["after"], c["since"]) for c in difference["changes"]] == [
        ("rate", "a", "0.1", "0.15", "2025-07-01"), ("rate", "b", "0.2", "0.15", "2025-07-01")], "changes")
    expect([total(answer, "levy") for answer in difference["due"]] == [100, 150], "for me")
    for value in (Fraction(-5, 2), Fraction(1, 3), Fraction(0), Fraction(12)):
        expect(abs(Fraction(decimal(value)) - value) < Fraction(1, 10 ** 12), "decimal")
    print("sanity: formulas, packs, dues, projection, place and changes as they should be")
    return 0


# ---- Vectors --------------------------------------------------------------------------------------------------------

def differences(path, wanted, found):
    """Where two answers differ; `why` is compared only of refusals by the pack's `refuse`, whose text is the pack's."""
    if type(wanted) is dict and type(found) is dict:
        for name in [*wanted, *(name for name in found if name not in wanted)]:
            if name == "why" and wanted.get("what") != "rule":
                continue
            if name not in found or name not in wanted:
                yield f"{path}.{name}: {'missing here' if name not in found else 'only here'}"
            else:
                yield from differences(f"{path}.{name}", wanted[name], found[name])
    elif type(wanted) is list and type(found) is list:
        if path.endswith((".because", ".assumptions", ".held")):  # their order says nothing
            wanted, found = (sorted(those, key=lambda reason: json.dumps(reason, sort_keys=True)) for those in (wanted, found))
        for place, (a, b) in enumerate(zip(wanted, found)):
            yield from differences(f"{path}[{place}]", a, b)
        if len(wanted) != len(found):
            more = (wanted if len(wanted) > len(found) else found)[min(len(wanted), len(found))]
            yield (f"{path}: {len(wanted)} in the vector, {len(found)} here, "
                   f"first more: {json.dumps(more, ensure_ascii=False)[:200]}")
    elif type(wanted) is not type(found) or wanted != found:
        wanted, found = (json.dumps(value, ensure_ascii=False)[:200] for value in (wanted, found))
        yield f"{path}: {wanted} in the vector, {found} here"


def try_vector(vector):
    """The differences of one vector."""
    if ("pack" in vector) == ("text" in vector):
        return ["neither pack nor text, or both"]
    if "pack" in vector:
        data = (pathlib.Path(__file__).parent / "schemes" / f"{vector['pack']}.toml").read_bytes()
    else:
        data = vector["text"].encode()
    ask = vector["ask"]
    if ask not in ("due", "project", "check"):
        return [f"ask: {ask!r} is not known"]
    try:
        pack = Pack(data)
    except PackError as error:
        if not vector.get("faults"):
            return [f"pack: {error}"]
        line, exact = int(re.match("line ([0-9]+)", str(error))[1]), "float" in str(error)
        return [f"faults: {vector['faults']} in the vector, {error}"] if exact and line not in vector["faults"] else []
    if vector.get("faults"):
        return [f"faults: {vector['faults']} in the vector, none here"]
    if ask == "check":
        return []
    try:
        answer = json.loads(json.dumps((due if ask == "due" else project)(pack, vector["question"])))
    except QuestionError as error:
        return [] if vector.get("unusable") else [f"unusable here: {error}"]
    if vector.get("unusable"):
        return ["unusable in the vector, answered here"]
    return list(differences("answer", vector["answer"], answer))


def command_vectors(a):
    paths, wrong = sorted(pathlib.Path(a.directory).glob("*.json")), 0
    for path in paths:
        try:
            found = try_vector(json.loads(path.read_bytes()))
        except (ValueError, LookupError, TypeError, AttributeError, OSError) as error:
            found = [f"no vector: {error!r}"]
        wrong += bool(found)
        for difference in found:
            print(f"{path.name}: {difference}")
    print(f"{len(paths)} vectors, {wrong} with differences")
    return 1 if wrong or not paths else 0


# ---- The command line -----------------------------------------------------------------------------------------------

def no_float(text):
    raise QuestionError(f"the float {text} is not exact: a decimal is written in quotes")


def load(path):
    return Pack(pathlib.Path(path).read_bytes())


def ask_file(path):
    try:
        return json.loads(pathlib.Path(path).read_bytes(), parse_float=no_float, parse_constant=no_float)
    except ValueError as error:
        raise QuestionError(str(error)) from error


def show(value):
    print(json.dumps(value, ensure_ascii=False, indent=1))
    return 0


def command_check(a):
    pack = load(a.pack)
    print(f"{pack.id} {pack.version}, {pack.currency}, {pack.first} to {pack.last}: {len(pack.parameters)} parameters, "
          f"{len(pack.dues)} dues, sha256 {pack.sha256}")
    return 0


def main(arguments=None):
    sys.setrecursionlimit(10_000)
    parser = argparse.ArgumentParser(description="The independent reference implementation of PEAL's schemes.")
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name, run, help, *options):
        command = commands.add_parser(name, help=help)
        command.set_defaults(run=run)
        for option in options:
            command.add_argument(option)
    add("check", command_check, "check a pack", "pack")
    add("due", lambda a: show(due(load(a.pack), ask_file(a.question))), "what is due", "pack", "question")
    add("project", lambda a: show(project(load(a.pack), ask_file(a.question))), "what it will bring", "pack",
        "question")
    add("changed", lambda a: show(changed(load(a.pack), *(day_of(day, False, QuestionError)
                                                          for day in (a.before, a.after)),
                                          ask_file(a.question) if a.question != "-" else None)),
        "what changed between two days (question: - for none)", "pack", "before", "after", "question")
    add("vectors", command_vectors, "reckon and compare the vectors in a directory", "directory")
    add("selftest", lambda a: selftest(), "sanity tests of this program")
    a = parser.parse_args(arguments)
    try:
        return a.run(a)
    except (PackError, QuestionError, OSError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
