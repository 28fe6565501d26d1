#!/usr/bin/env python3
"""Writes the demo's payroll files: invented people of three invented companies, one month, three layouts.

    python3 demo/make.py            writes the files beside this script
    python3 demo/make.py --check    exits 1 if a file is not what it would write
    python3 demo/make.py --totals   prints what the files add up to

Every draw comes from SHA-256 over a fixed seed, so that any Python 3 writes the same bytes. Nobody in the files exists:
UANs start with 99 and CPF accounts with T6 to T9 (births after 2059), which are not given out; the payer's UEN is of 2099.

Five people are followed through the demo (people.csv). They have wallets of their own, and so are not in members-*.csv,
from which the companies open accounts for everybody else.
"""

import csv
import hashlib
import io
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
YEAR, MONTH = 2026, 10
ECR_MEMBERS, EZPAY_MEMBERS, RIDERS = 3000, 2000, 2000
EZPAY_PAYER = "209900001K"
EZPAY_NAME = f"{EZPAY_PAYER}PTE01OCT202601.DTL"

# The five, by file and key; the place is the row among the file's members.
PEOPLE = [
    ("Mei Lin", "ecr", 411),
    ("Mei Lin", "ezpay", 733),
    ("Mei Lin", "csv", 1204),
    ("Arjun Rao", "ecr", 17),
    ("Siti Rahman", "ezpay", 52),
    ("Wang Jun", "csv", 88),
    ("Ana Costa", "ecr", 2650),
    ("Ana Costa", "csv", 1777),
]


class Draw:
    """Numbers from SHA-256 of a name and a counter."""

    def __init__(self, name):
        self.name, self.count = name, 0

    def below(self, n):
        self.count += 1
        text = f"peal demo 1/{self.name}/{self.count}".encode()
        return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") % n

    def between(self, low, high):
        return low + self.below(high - low + 1)

    def of(self, choices):
        return choices[self.below(len(choices))]

    def percent(self, p):
        return self.below(100) < p


INDIAN = (
    "Aarav Aditi Ajay Amit Anita Anil Asha Bhavna Deepak Divya Farah Ganesh Geeta Harish Imran Irfan Jaya Kavita Kiran "
    "Lakshmi Manoj Meena Mohan Nandini Neha Nikhil Pooja Pradeep Priya Rahul Rajesh Ramesh Ravi Rekha Rohit Salim Sanjay "
    "Seema Shabnam Sunil Sunita Suresh Tarun Uma Vijay Vikram Vinod Yusuf Zoya".split(),
    "Agarwal Ansari Bose Chauhan Das Desai Fernandes Ghosh Gupta Iyer Jain Joshi Kaur Khan Kulkarni Kumar Mehta Menon "
    "Mishra Nair Naik Patel Pawar Pillai Rathod Reddy Saxena Shaikh Sharma Shetty Singh Sinha Thakur Tiwari Varma Yadav".split(),
)
# Names by community, and the payment code of the self-help fund that some of it give to (0: none here).
SINGAPOREAN = [
    (0, "CHAN CHIA CHONG GOH HO KOH LEE LIM LOW NG ONG QUEK SIM TAN TAY TEO TOH WONG YEO".split(),
     "AH BEE BOON CHEE GEOK HUI JIA KAI LAY MUI SIEW WEI XIN YAN ZHI".split()),
    (2, "AHMAD AISHAH FARID HAFIZ JUNAID NADIA NURUL ROSLAN SITI YUSOF".split(),
     "ABDULLAH HASSAN IBRAHIM ISMAIL OSMAN RAHIM SALLEH YAACOB".split()),
    (3, "ARUN DEVI KUMAR PRIYA RAJ SANTHI SURESH VIMALA".split(),
     "KRISHNAN MENON NAIDU NAIR PILLAI RAMAN SINGH".split()),
]
CHINESE = (
    "Zhang Wang Li Zhao Chen Yang Huang Zhou Wu Xu Sun Ma Zhu Hu Guo He Lin Gao Luo Zheng Liang Xie Tang Song Deng Han".split(),
    "Wei Fang Na Min Jing Lei Qiang Yan Jie Juan Tao Ming Chao Xiu Ying Ping Gang Hui Hong Bo Hao Yu Xin Lan Peng Jian".split(),
)
# Places of work; one holds a comma, so that quoting is seen.
PLACES = ["上海市浦东新区", "杭州市西湖区", "深圳市南山区", "成都市武侯区", "Beijing, Haidian", "Guangzhou Tianhe"]


def half_up(numerator, denominator):
    return (2 * numerator + denominator) // (2 * denominator)


def named(file):
    return {place: name for name, where, place in PEOPLE if where == file}


def ecr():
    """India: wages in whole rupees; provident fund at 12 %, of which 8.33 % of the pension wages go to the pension scheme."""
    draw, five, members, lines = Draw("ecr"), named("ecr"), [], []
    for i in range(ECR_MEMBERS):
        uan = f"99{10_000_000 + i * 37 + draw.below(37):010}"
        name = f"{draw.of(INDIAN[0])} {draw.of(INDIAN[1])}"
        if draw.percent(15):
            name = f"{name.split()[0]} {chr(ord('A') + draw.below(26))}. {name.split()[1]}"
        gross = draw.between(11_000, 24_000) if draw.percent(85) else draw.between(24_000, 62_000)
        away = draw.between(1, 12) if draw.percent(12) else 0
        gross = half_up(gross * (31 - away), 31)
        # Most employers stop at the ceiling; some contribute on what is above it.
        wages = gross * 7 // 10 if gross < 20_000 else (gross * 8 // 10 if draw.percent(20) else min(gross, 15_000))
        # Past 58, or joined above the ceiling: no pension scheme.
        pension_wages = 0 if draw.percent(7) else min(wages, 15_000)
        if i in five:
            name, pension_wages, away = five[i], min(wages, 15_000), 0
        employee = half_up(wages * 12, 100)
        pension = half_up(pension_wages * 833, 10_000)
        difference = employee - pension
        if draw.percent(2):
            employee += draw.between(1, 20) * 100  # voluntary
        refund = draw.between(1, 8) * 500 if draw.percent(1) else 0
        figures = [gross, wages, pension_wages, min(wages, 15_000), employee, pension, difference, away, refund]
        lines.append("#~#".join([uan, name.upper(), *map(str, figures)]))
        members.append((uan, name))
    return members, "".join(line + "\n" for line in lines)


def cpf_account(draw, i):
    digits = f"{60 + i % 40:02}{i // 40 * 97 + draw.below(97):05}"
    total = 4 + sum(int(d) * w for d, w in zip(digits, (2, 7, 6, 5, 4, 3, 2)))
    return f"T{digits}{'JZIHGFEDCBA'[total % 11]}"


def ezpay():
    """Singapore: records of 150 bytes, cents; contributions rounded to the dollar, ordinary wages up to 8,000 dollars."""
    draw, five, members, details, sums = Draw("ezpay"), named("ezpay"), [], [], {}
    month = f"{YEAR}{MONTH:02}"
    levy = 0

    def detail(code, account, amount, wages, extra, status, name):
        details.append(f"F1{{}}{month}{code:02}{account}{amount:012}{wages:010}{extra:010}{status}{name.upper()}")
        count, total = sums.get(code, (0, 0))
        sums[code] = (count + 1, total + amount)

    for i in range(EZPAY_MEMBERS):
        account, community = cpf_account(draw, i), draw.of([0, 0, 0, 0, 0, 0, 1, 1, 2, 2])
        fund, first, last = SINGAPOREAN[community]
        name = five.get(i, " ".join([draw.of(first)] + [draw.of(last) for _ in range(1 if fund else 2)]))
        wages = draw.between(75_000, 420_000) if draw.percent(90) else draw.between(420_000, 800_000)
        extra = draw.between(10_000, 90_000) if draw.percent(8) else 0
        rate = draw.of([370, 370, 370, 370, 370, 370, 340, 250, 165, 125])  # per thousand, by age
        amount = half_up((wages + extra) * rate, 1000 * 100) * 100
        status = draw.of("LNO") if draw.percent(9) and i not in five else "E"
        detail(1, account, amount, wages, extra, status, name)
        members.append((account, name if i in five else name.title()))
        levy += min(max(half_up((wages + extra) * 25, 10_000), 200), 1_125)
        # A few give to their fund; its scale is steps of half a dollar here.
        if fund and i not in five and draw.percent(12):
            detail(fund, account, draw.between(4, 52) * 50, 0, 0, " ", name)

    details.sort(key=lambda d: d[10:12])
    summaries = [(code, total, count if code > 1 else 0) for code, (count, total) in sorted(sums.items())]
    summaries += [(8, 46_000_00, 0), (10, 350_00, 35), (11, levy, 0)]
    who = f"{EZPAY_PAYER}PTE01 01"
    records = [f"F {who}20261104101500FTP.DTL"]
    records += [f"F0{who}{month}{code:02}{amount:012}{donors:07}" for code, amount, donors in summaries]
    records += [d.format(who) for d in details]
    records.append(f"F9{who}{len(records) + 1:07}{sum(amount for _, amount, _ in summaries):015}")
    return members, "".join(f"{r:<150}\r\n" for r in records)


def table(header, rows):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def rides():
    """China: pension at 20 % of the base, 8 of the 20 points to the person's account; work injury at 0.06 yuan an order."""
    header = "worker,insurance,month,amount,credited,base,currency,source,scheme,reference,period_start,period_end,place,orders"
    draw, five, members, rows = Draw("rides"), named("csv"), [], []
    month = f"{YEAR}-{MONTH:02}"

    def yuan(fen):
        return f"{fen // 100}.{fen % 100:02}"

    for i in range(RIDERS):
        worker = f"R{700_000 + i * 43 + draw.below(43)}"
        name = five.get(i, f"{draw.of(CHINESE[0])} {draw.of(CHINESE[1])}")
        base = draw.between(4_200, 9_500) if draw.percent(88) else draw.between(9_500, 18_000)
        orders = draw.between(180, 1_450)
        scheme = f"rides/{month.replace('-', '')}/{worker}"
        rows.append([
            worker, "pension", month, yuan(base * 20), yuan(base * 8), yuan(base * 100), "CNY", "platform",
            "cn-flexible-pension", f"{scheme}/pension", "", "", "", "",
        ])
        rows.append([
            worker, "work-injury", month, yuan(orders * 6), "0.00", "", "CNY", "platform",
            "cn-per-order-injury", f"{scheme}/injury", f"{month}-01", f"{month}-31", draw.of(PLACES), orders,
        ])
        members.append((worker, name))
    return members, table(header.split(","), rows)


def files():
    made = {"ecr": ecr(), "ezpay": ezpay(), "csv": rides()}
    out = {
        f"ecr-{YEAR}-{MONTH:02}.txt": made["ecr"][1],
        EZPAY_NAME: made["ezpay"][1],
        f"rides-{YEAR}-{MONTH:02}.csv": made["csv"][1],
        "people.csv": table(["name", "file", "worker"], [(n, f, made[f][0][i][0]) for n, f, i in PEOPLE]),
    }
    for file, (members, _) in made.items():
        rest = [m for i, m in enumerate(members) if i not in named(file)]
        out[f"members-{file}.csv"] = table(["worker", "name"], rest)
    return {name: text.encode() for name, text in out.items()}


def totals(made):
    """Read from the bytes again, by other means than they were written: insurance, scheme, drafts, amount, credited."""
    sums = {}

    def add(scheme, amount, credited):
        if amount:
            n, a, c = sums.get(scheme, (0, 0, 0))
            sums[scheme] = (n + 1, a + amount, c + credited)

    for line in made[f"ecr-{YEAR}-{MONTH:02}.txt"].decode().splitlines():
        f = line.split("#~#")
        add("in-epf-employee", int(f[6]) * 100, int(f[6]) * 100)
        add("in-eps", int(f[7]) * 100, 0)
        add("in-epf-employer", int(f[8]) * 100, int(f[8]) * 100)
    for line in made[EZPAY_NAME].decode().split("\r\n"):
        if line[:2] == "F1" and line[26:28] == "01":
            add("sg-cpf", int(line[37:49]), int(line[37:49]))
    for row in csv.DictReader(io.StringIO(made[f"rides-{YEAR}-{MONTH:02}.csv"].decode(), newline="")):
        fen = {k: int(row[k].replace(".", "")) for k in ("amount", "credited")}
        add(row["scheme"], fen["amount"], fen["credited"])
    for scheme, (n, amount, credited) in sums.items():
        print(scheme, n, amount, credited)


def main():
    made = files()
    if sys.argv[1:] == ["--check"]:
        wrong = [n for n, b in made.items() if not (HERE / n).is_file() or (HERE / n).read_bytes() != b]
        for name in wrong:
            print(f"demo/{name} is not what demo/make.py writes; run it again", file=sys.stderr)
        sys.exit(1 if wrong else 0)
    elif sys.argv[1:] == ["--totals"]:
        totals(made)
    elif sys.argv[1:]:
        sys.exit(__doc__)
    else:
        for name, data in made.items():
            (HERE / name).write_bytes(data)


if __name__ == "__main__":
    main()
