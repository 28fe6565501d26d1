#!/usr/bin/env python3
"""The oracle test's tables: what independent published software says that the schemes say.

    schemes.py make  [--place target/oracles]    write the tables beside this file
    schemes.py check [--place target/oracles]    make them anew and compare with those here
    schemes.py compare                           compare the tables with our packs, as reckoned by spec/reference_schemes.py

All need Python 3.11. make and check need node 20, PyPI and npm too; they install what PINS says into the place
(1 GB), and nothing elsewhere.
README.md beside this file says what is compared with what. Our own numbers stand here only where they are
known to differ (`ours`); everything else is the oracle's.
"""
import argparse, datetime, json, os, random, subprocess, sys, tomllib
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

HERE = os.path.dirname(os.path.abspath(__file__))
PINS = {
    'openfisca': ['openfisca-france==176.1.8', 'openfisca-core==44.7.1', 'numpy==2.3.5'],
    'policyengine': ['policyengine-uk==2.162.10', 'policyengine-core==3.33.12', 'numpy==2.4.6', 'pandas==3.1.1'],
    'modele': {'modele-social': '11.1.0', 'publicodes': '1.10.3'},
}
SEED = 'schemes 1'
CONTRIBUTIONS = ['contributions', 'contributions_by_insurance']
CATEGORIES = ['sales', 'services-bic', 'services-bnc', 'cipav', 'furnished-lets']

SHAPE = {
    'scheme': 'the pack that this is compared with',
    'differences': 'reason → text; every row and every expectation with `differs` names one of these',
    'rates': 'one row for each time in which the oracle says one value: whatever of it lies in the pack, every value there of '
             '`parameter` (with `for` of that choice) is `oracle`; or, with `differs`, it is `ours` (null: unknown) and not `oracle`. '
             '`of` says where the oracle has it',
    'cases': '`question` as in spec/schemes.md, 4. In each of `expect` the lines of `rules` are added up (0 without a line); that, '
             'rounded half up to a multiple of `step` (minor units; 1 if left out), is `oracle` (minor units); or, with `differs`, the sum '
             'is `ours` (null: one of the rules is refused), and what it is rounded to is not `oracle`',
}


# What the oracles answer. Each of the next three runs in the environment of its oracle.

def ask_openfisca(question):
    from openfisca_core.simulation_builder import SimulationBuilder
    from openfisca_france import FranceTaxBenefitSystem
    system = FranceTaxBenefitSystem()
    node = system.parameters.prelevements_sociaux.professions_liberales.auto_entrepreneur
    rates = {}
    for path in question['rates']:
        at = node
        for part in path.split('.'):
            at = getattr(at, part)
        rates[path] = [[v.instant_str, repr(v.value)] for v in reversed(at.values_list)]
    amounts = []
    for period, cases in question['cases']:
        simulation = SimulationBuilder().build_default_simulation(system, count=len(cases))
        import numpy
        names = {name for case in cases for name in case}
        for name in sorted(names):
            simulation.set_input(name, period, numpy.array([float(case.get(name, 0)) for case in cases]))
        amounts.append([-float(x) for x in simulation.calculate('cotisations_non_salarie_micro_social', period)])
    return {'rates': rates, 'amounts': amounts}


def ask_policyengine(question):
    import policyengine_uk, yaml
    root = os.path.join(os.path.dirname(policyengine_uk.__file__), 'parameters/gov/hmrc/national_insurance')
    rates = {}
    for path, steps in question['rates']:
        with open(os.path.join(root, path), encoding='utf-8') as f:
            at = yaml.safe_load(f)
        for step in steps:
            at = at[step]
        rates['/'.join([path] + [str(s) for s in steps])] = [
            [str(day), repr(v['value'] if isinstance(v, dict) else v)] for day, v in sorted(at['values'].items())]
    amounts = []
    for year, profits in question['cases']:
        ids = range(len(profits))
        simulation = policyengine_uk.Simulation(situation={
            'people': {f'p{i}': {'age': {year: 40}, 'self_employment_income': {year: profits[i]}} for i in ids},
            'benunits': {f'b{i}': {'members': [f'p{i}']} for i in ids},
            'households': {f'h{i}': {'members': [f'p{i}']} for i in ids}})
        amounts.append([[float(x) for x in simulation.calculate(name, year)] for name in ('ni_class_4', 'ni_class_2')])
    return {'rates': rates, 'amounts': amounts}


MODELE = r'''
import { readFileSync, writeFileSync } from 'node:fs'
import rules from 'modele-social'
import Engine from 'publicodes'
const quiet = { log() {}, warn() {}, error(m) { console.error(m) } }
const engine = new Engine(rules, { logger: quiet })
const dues = 'dirigeant . auto-entrepreneur . cotisations et contributions . '
const question = JSON.parse(readFileSync(process.argv[1], 'utf8'))
const evaluate = (what) => { const v = engine.evaluate(what).nodeValue; return v === undefined ? null : v }
const answers = question.map(({ date, turnover, unit, situation, ask }) => {
  engine.setSituation({
    date,
    'entreprise . date de création': '01/01/2015',
    'entreprise . catégorie juridique': "'EI'",
    'entreprise . catégorie juridique . EI . auto-entrepreneur': 'oui',
    "dirigeant . auto-entrepreneur . chiffre d'affaires": `${turnover} ${unit}`,
    ...situation,
  })
  return ask.map((what) => what.startsWith('=')
    ? evaluate(dues + what.slice(1))
    : evaluate({ valeur: dues + what, 'unité': unit }))
})
writeFileSync(process.argv[2], JSON.stringify(answers))
'''


def run(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode:
        sys.exit(f'{" ".join(command[:4])} …\n{done.stdout[-4000:]}')


def install(place, name):
    """The environment of an oracle: the program that runs in it, and where."""
    where, pins = os.path.join(place, name), PINS[name]
    stamp, text = os.path.join(where, 'pins'), json.dumps(pins)
    there = os.path.exists(stamp) and open(stamp).read() == text
    if name == 'modele':
        if not there:
            os.makedirs(where, exist_ok=True)
            with open(os.path.join(where, 'package.json'), 'w') as f:
                json.dump({'private': True, 'dependencies': pins}, f)
            run('npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', cwd=where)
    elif not there:
        run(sys.executable, '-m', 'venv', where)
        run(os.path.join(where, 'bin/pip'), 'install', '--quiet', '--disable-pip-version-check', *pins)
    with open(stamp, 'w') as f:
        f.write(text)
    return where


def ask(place, name, question):
    where = install(place, name)
    q, a = os.path.join(where, 'question.json'), os.path.join(where, 'answer.json')
    with open(q, 'w') as f:
        json.dump(question, f)
    if os.path.exists(a):
        os.remove(a)
    if name == 'modele':
        run('node', '--input-type=module', '-e', MODELE, q, a, cwd=where)
    else:
        run(os.path.join(where, 'bin/python'), os.path.abspath(__file__), 'ask', name, q, a,
            cwd=where, env={**os.environ, 'PYTHONHASHSEED': '0'})
    with open(a) as f:
        return json.load(f)


# Numbers and days

def decimal(text):
    """As packs write it: 0.12, 9500."""
    d = Decimal(text).normalize()
    return format(d.quantize(1) if d == d.to_integral() else d, 'f')


def cents(value, tolerance=0.4):
    """Minor units of an amount that the oracle reckons in floats, and that is known to be near to whole ones."""
    near = round(value * 100)
    if abs(value * 100 - near) > tolerance:
        raise ValueError(f'{value} is not near to a whole cent')
    return near


def half_up(x, step=1):
    return int((Decimal(x.numerator) / Decimal(x.denominator) / step).quantize(Decimal(1), ROUND_HALF_UP)) * step


def day(text):
    return datetime.date.fromisoformat(text)


def before(text):
    return (day(text) - datetime.timedelta(1)).isoformat()


def intervals(values, first, last):
    """[[from, value], …] → [(from, to, value), …] between two days."""
    rows = []
    for i, (start, value) in enumerate(values):
        end = before(values[i + 1][0]) if i + 1 < len(values) else last
        start, end = max(start, first), min(end, last)
        if start <= end and value != 'None':
            if rows and rows[-1][2] == value:
                rows[-1] = (rows[-1][0], end, value)
            else:
                rows.append((start, end, value))
    return rows


def at(rows, when):
    for start, end, value in rows:
        if start <= when <= end:
            return Fraction(value)


def whole_year(rows, year, gross):
    """What the pack says of a year in which a rate changes: the year is cut by days, each piece rounded (schemes.md, 4)."""
    first, last = day(f'{year}-01-01'), day(f'{year}-12-31')
    days, done, sum_ = (last - first).days + 1, 0, 0
    for start, end, value in rows:
        if start <= last.isoformat() and end >= first.isoformat():
            up_to = gross * ((min(day(end), last) - first).days + 1) // days
            sum_ += half_up((up_to - done) * Fraction(value))
            done = up_to
    return sum_


def rate_row(parameter, choice, rows, of, differs=()):
    """Rows of one parameter; `differs` are (from, to, ours, reason) and cut them."""
    out = []
    for start, end, value in rows:
        pieces = [(start, end, None, None)]
        for d_from, d_to, ours, reason in differs:
            cut = []
            for a, b, o, r in pieces:
                if r or b < d_from or a > d_to:
                    cut.append((a, b, o, r))
                    continue
                if a < d_from:
                    cut.append((a, before(d_from), None, None))
                cut.append((max(a, d_from), min(b, d_to), ours, reason))
                if b > d_to:
                    cut.append(((day(d_to) + datetime.timedelta(1)).isoformat(), b, None, None))
            pieces = cut
        for a, b, ours, reason in pieces:
            row = {'parameter': parameter}
            if choice:
                row['for'] = choice
            row |= {'from': a, 'to': b, 'oracle': decimal(value)}
            if reason:
                row |= {'ours': ours, 'differs': reason}
            out.append(row | {'of': of})
    return out


def expect(rules, oracle, step=1, differs=None, ours=None):
    e = {'rules': rules, 'oracle': oracle}
    if step != 1:
        e['step'] = step
    if differs:
        e |= {'ours': ours, 'differs': differs}
    return e


def earning(when, gross):
    """Of a year, a month or a day."""
    if len(when) == 4:
        return {'from': f'{when}-01-01', 'to': f'{when}-12-31', 'gross': gross}
    return {'month' if len(when) == 7 else 'day': when, 'gross': gross}


# France by OpenFisca

OPENFISCA_DIFFERENCES = {
    'year-start-rate': 'OpenFisca reckons a whole year with the rates of its first day. The decrees change the rates in mid-year, for what is '
                       'taken in from that day on; the pack cuts the year by days. (The same rates, asked for a time that begins on the day of '
                       'the change, agree: those cases stand here too.)',
    'lets-levy': 'OpenFisca takes the levy of sales (0.1 %) for classified furnished lets. Code du travail L6331-48 gives 0.1 % to the first category '
                 'of CGI 50-0, to which they belonged; the pack names no source for it and says that it is unknown.',
    'alsace': 'Artisans in Alsace paid a levy of 0.176 % from 2011 to 2016 (CGI 1609 quatervicies B), since 2017 0.3 % like all. The pack does not ask '
              'where an artisan is.',
}


def openfisca(place):
    paths = {
        'sales': 'vente', 'cipav': 'cipav', 'furnished-lets': 'meuble_tour_class', 'services-bnc': 'service', 'services-bic': 'service_bic'}
    levies = {'sales': 'ventecom', 'services-bic': 'servicecom', 'services-bnc': 'professions_liberales', 'cipav': 'professions_liberales',
              'furnished-lets': 'ventecom'}
    levy_path = 'formation_professionnelle.{}_chiffre_affaires'.format
    asked = ['cotisations_prestations.' + p for p in paths.values()] + [
        levy_path(p) for p in dict.fromkeys([*levies.values(), 'artisans_hors_alsace', 'artisans_alsace'])]
    first, last = '2009-01-01', '2026-12-31'

    # Cases: whole years without a change, months at each change, years with one.
    draw = random.Random(SEED + ' openfisca')
    rates = ask(place, 'openfisca', {'rates': asked, 'cases': []})['rates']
    value = {}
    for category, name in paths.items():
        values = rates['cotisations_prestations.' + name]
        if category == 'services-bic':  # the formula takes the rate of all services until 2022-09
            values = [v for v in rates['cotisations_prestations.service'] if v[0] < values[0][0]] + values
        value[category] = intervals(values, first, last)

    plan = {}
    for category in CATEGORIES:
        high = {'sales': 18800, 'furnished-lets': 18800}.get(category, 7700)  # turnover in tens: near the limits of the regime
        starts = [start for start, _, _ in value[category]]
        for year in range(2009, 2027):
            changes = [s for s in starts if s.startswith(str(year)) and not s.endswith('-01-01')]
            if category == 'furnished-lets' and year < 2023:
                continue  # before that the formula takes them for other services
            for _ in range(1 if changes else 2):
                plan.setdefault(f'{year}-01-01', []).append((category, str(year), 1000 * draw.randint(1, high)))
            for s in changes:
                month_before = before(s)[:7] if s.endswith('-01') else before(s)
                for when, on in ((s[:7] if s.endswith('-01') else s, s), (month_before, before(s)[:8] + '01')):
                    for _ in range(2):
                        plan.setdefault(on, []).append((category, when, 1000 * draw.randint(1, high // 10)))
    plan.setdefault('2025-01-01', []).extend(  # published checks
        [('sales', '2025', 17000000), ('cipav', '2025', 5000000), ('services-bic', '2025', 17000000), ('services-bnc', '2025', 5000000)])

    def inputs(category, on, gross):
        euros = gross // 100
        if category == 'sales':
            return {'assiette_vente': euros}
        if category == 'cipav':
            return {'assiette_proflib': euros}
        if category == 'services-bnc' and on >= '2022-10-01':
            return {'assiette_proflib': euros, 'part_bnc_non_cipav': 1}
        return {'assiette_service': euros} | ({'part_meubles_tourisme_classes': 1} if category == 'furnished-lets' else {})

    order = sorted(plan)
    answer = ask(place, 'openfisca', {'rates': asked, 'cases': [
        [f'year:{on}' if on[5:] != '01-01' else on[:4], [inputs(c, on, gross) for c, _, gross in plan[on]]] for on in order]})

    cases = []
    for on, amounts in zip(order, answer['amounts']):
        for (category, when, gross), amount in zip(plan[on], amounts):
            given = {'category': category}
            if category == 'services-bic' and on >= '2022-10-01':
                given['activity'] = 'artisan'  # the formula takes the levy of artisans for all commercial services
            rules = CONTRIBUTIONS + (['training'] if on >= '2011' else [])  # the formula has the levy since 2011
            oracle, differs, ours = cents(amount), None, None
            if category == 'furnished-lets':
                differs = 'lets-levy'
            elif len(when) == 4 and any(s[:4] == when and s[5:] != '01-01' for s, _, _ in value[category]):
                differs, ours = 'year-start-rate', whole_year(value[category], int(when), gross)
                levy = 'artisans_hors_alsace' if 'activity' in given else levies[category]
                ours += half_up(gross * Fraction(rates[levy_path(levy)][-1][1]))
            cases.append((when, category, {'question': {'earnings': [earning(when, gross)], 'with': given},
                                           'expect': [expect(rules, oracle, differs=differs, ours=ours)]}))

    rows = []
    for category in CATEGORIES:
        of = 'service_bic, service until 2022-09' if category == 'services-bic' else paths[category]
        rows += rate_row('rate', category, value[category], of)
    for category in CATEGORIES:
        differs = [('2009-01-01', last, None, 'lets-levy')] if category == 'furnished-lets' else []
        name = levies[category]
        since = '2020-05-25' if category == 'furnished-lets' else first
        rows += rate_row('training_rate', category, intervals(rates[levy_path(name)], since, last), name, differs)
    for name in ('artisans_hors_alsace', 'artisans_alsace'):
        differs = [('2011-01-01', '2016-12-31', '0.003', 'alsace')] if name == 'artisans_alsace' else []
        rows += rate_row('artisan_training_rate', None, intervals(rates[levy_path(name)], first, last), name, differs)
    return {'name': 'OpenFisca-France', 'version': PINS['openfisca'][0].split('==')[1], 'registry': 'PyPI',
            'how': 'rates: parameters/prelevements_sociaux/professions_liberales/auto_entrepreneur; amounts: simulation of '
                   'cotisations_non_salarie_micro_social over a year that begins on the first day of the earning'}, \
        'fr-micro', OPENFISCA_DIFFERENCES, rows, [c for _, _, c in sorted(cases, key=lambda c: c[0])]


# France by modele-social

MODELE_DIFFERENCES = {
    'levy-as-collected': 'modele-social has the levy as Urssaf collects it (its note says so): 0.1 % for commercial services, as for sales. Code du travail '
                         'L6331-48 has 0.1 % for the first category of CGI 50-0 (sales) alone and 0.2 % for all others who are no artisans; the pack '
                         'says what the law says, as OpenFisca does.',
    'levy-before-2022': 'The same for other services (not Cipav) until 2021: modele-social has 0.1 % as collected, L6331-48 has 0.2 %.',
    'cipav-before-2022-10': 'modele-social has the rates of Cipav since 2022-10 and takes that one for all time before; the decrees have 22 % since 2018 and '
                            '22.2 % since 2021-06-14, as OpenFisca.',
    'euro-a-month': 'modele-social rounds contributions to the euro for each month and a year is twelve of those. D613-4 fixes rates alone; the pack '
                    'rounds to the cent. Months are therefore compared after rounding ours to the euro (`step` 100), and these years show what '
                    'the rounding makes of a year.',
}


def modele(place):
    draw = random.Random(SEED + ' modele-social')
    nature, sort = 'entreprise . activité . nature', 'entreprise . activités . service ou vente'
    free = {nature: "'libérale'"}
    kinds = {  # (category, activity): situation, the name of the contributions in the model
        ('sales', 'usual'): ({nature: "'commerciale'", sort: "'vente'"}, 'vente restauration hébergement'),
        ('sales', 'artisan'): ({nature: "'artisanale'", sort: "'vente'"}, 'vente restauration hébergement'),
        ('services-bic', 'usual'): ({nature: "'commerciale'", sort: "'service'"}, 'service BIC'),
        ('services-bic', 'artisan'): ({nature: "'artisanale'", sort: "'service'"}, 'service BIC'),
        ('services-bnc', 'usual'): (free, 'service BNC'),
        ('cipav', 'usual'): (free | {nature + ' . libérale . réglementée': 'oui'}, 'service BNC Cipav'),
    }
    first, last = '2021-01-01', '2026-12-31'
    parts = {'health_part': 'maladie-maternité', 'invalidity_part': 'invalidité-décès', 'basic_pension_part': 'retraite de base',
             'complementary_pension_part': 'retraite complémentaire', 'csg_part': 'autres contributions'}

    def when(month):
        return f'01/{month[5:7]}/{month[:4]}'

    questions, sinks = [], []

    def later(question, sink):
        questions.append(question)
        sinks.append(sink)

    # Rates, month by month.
    months = [f'{y}-{m:02}' for y in range(2021, 2027) for m in range(1, 13)]
    found = {}

    def keep(key, month, scale=1):
        def sink(v):
            if v is not None:
                found.setdefault(key, []).append([month + '-01', decimal(str(round(v / scale, 6)))])
        return sink

    for month in months:
        for (category, activity), (situation, name) in kinds.items():
            base = {'date': when(month), 'turnover': 100000, 'unit': '€/mois', 'situation': situation}
            if (category, activity) != ('sales', 'artisan'):
                key = ('artisan_training_rate', None, 'CFP') if activity == 'artisan' else ('training_rate', category, 'CFP')
                later(base | {'ask': ['CFP']}, lambda a, k=keep(key, month, 100000): k(a[0]))
            if activity == 'usual':
                later(base | {'ask': [f'=cotisations . {name} . taux']},
                      lambda a, k=keep(('rate', category, name + ' . taux'), month, 100): k(a[0]))
            if category == 'services-bnc' and month >= '2026':
                for parameter, part in parts.items():
                    of = f'{name} . répartition . {part} . taux de répartition'
                    later(base | {'ask': ['=cotisations . ' + of]},
                          lambda a, k=keep((parameter, None, of), month, 100): k(a[0]))

    # Amounts of months, and of a few years.
    cases = []

    def case(question, ask, sink):
        def put(a):
            cases.append((question, sink(a)))
        later(ask, put)

    def levy(category, activity, month, amount, gross):
        differs = None
        if (category, activity) == ('services-bic', 'usual'):
            differs = 'levy-as-collected'
        elif category == 'services-bnc' and month < '2022':
            differs = 'levy-before-2022'
        return expect(['training'], cents(amount), differs=differs, ours=half_up(gross * Fraction('0.002')) if differs else None)

    for month in ['2021-07', '2022-06', '2022-10', '2023-05', '2024-06', '2024-07', '2025-01', '2025-12', '2026-01', '2026-07', '2026-12']:
        for (category, activity), (situation, name) in kinds.items():
            if category == 'cipav' and month < '2022-10':
                continue
            given = {'category': category} | ({'activity': activity} if activity != 'usual' else {})
            for i in range(4):
                gross = 1000 * draw.randint(1, 1500 if category == 'sales' else 640) if i else 100000 * draw.randint(1, 6)
                while i and gross % 100000 == 0:
                    gross += 1000
                case({'earnings': [earning(month, gross)], 'with': given},
                     {'date': when(month), 'turnover': gross // 100, 'unit': '€/mois', 'situation': situation,
                      'ask': ['cotisations', 'CFP']},
                     lambda a, c=category, t=activity, m=month, g=gross:
                     [expect(CONTRIBUTIONS, cents(a[0]), 100), levy(c, t, m, a[1], g)])

    # Years whose twelfth comes to whole euros, and years where it does not.
    def year_amount(category, name, year, gross, amount):
        rate = at(intervals(found['rate', category, name + ' . taux'], first, last), f'{year}-07-01')
        ours, oracle = half_up(gross * rate), cents(amount)
        if oracle != 12 * half_up(gross * rate / 12, 100):
            raise ValueError(f'{category} {year} {gross}: {amount} is not twelve months in whole euros')
        differs = 'euro-a-month' if ours != oracle else None
        return expect(CONTRIBUTIONS, oracle, differs=differs, ours=ours if differs else None)

    for (category, activity), (situation, name) in kinds.items():
        given = {'category': category} | ({'activity': activity} if activity != 'usual' else {})
        for year, gross in ((2023, 2400000), (2025, 12000000), (2025, 5000000), (2025, 17000000), (2026, 6000000), (2026, 4321000)):
            case({'earnings': [earning(str(year), gross)], 'with': given},
                 {'date': f'01/07/{year}', 'turnover': gross // 100, 'unit': '€/an', 'situation': situation, 'ask': ['cotisations', 'CFP']},
                 lambda a, c=category, t=activity, n=name, y=year, g=gross:
                 [year_amount(c, n, y, g, a[0]), levy(c, t, str(y), a[1], g)])

    for sink, a in zip(sinks, ask(place, 'modele', questions)):
        sink(a)

    rows = []
    for (parameter, choice, of), values in found.items():
        differs = []
        if parameter == 'rate' and choice == 'cipav':
            differs = [('2021-01-01', '2021-06-13', '0.22', 'cipav-before-2022-10'), ('2021-06-14', '2022-09-30', '0.222', 'cipav-before-2022-10')]
        elif parameter == 'training_rate' and choice == 'services-bic':
            differs = [(first, last, '0.002', 'levy-as-collected')]
        elif parameter == 'training_rate' and choice == 'services-bnc':
            differs = [(first, '2021-12-31', '0.002', 'levy-before-2022')]
        rows += rate_row(parameter, choice, intervals(values, first, last), of, differs)
    order = ['rate', 'training_rate', 'artisan_training_rate', *parts]
    rows.sort(key=lambda r: (order.index(r['parameter']), CATEGORIES.index(r['for']) if 'for' in r else 0, r['from']))
    return {'name': 'modele-social', 'version': PINS['modele']['modele-social'], 'registry': 'npm',
            'with': 'publicodes ' + PINS['modele']['publicodes'],
            'how': '`dirigeant . auto-entrepreneur . cotisations et contributions` . cotisations and . CFP, of somebody who began in 2015 '
                   '(no ACRE), on the first day of the month; rates asked for the first day of each month since 2021'}, \
        'fr-micro', MODELE_DIFFERENCES, rows, [{'question': q, 'expect': e} for q, e in cases]


# United Kingdom by policyengine-uk

POLICYENGINE_DIFFERENCES = {
    'class2-before-2022': 'policyengine-uk has Class 2 of 2020-21 and 2021-22 too: due from the small profits threshold (6,475 and 6,515; SI 2020/299, '
                          'SI 2021/157) on. The pack has these thresholds since 2022-04-06 and says of Class 2 before that that it is not known.',
}


def policyengine(place):
    draw = random.Random(SEED + ' policyengine-uk')
    first, last = '2020-04-06', '2027-04-05'
    scale = 'class_4/contribution_scale.yaml'
    wanted = [
        ('lower_limit', scale, ['brackets', 1, 'threshold'], []),
        ('upper_limit', scale, ['brackets', 2, 'threshold'], []),
        ('main_rate', scale, ['brackets', 1, 'rate'], []),
        ('upper_rate', scale, ['brackets', 2, 'rate'], []),
        ('class2_weekly', 'class_2/flat_rate.yaml', [], []),
        ('small_profits', 'class_2/small_profits_threshold.yaml', [], [('2020-04-06', '2022-04-05', None, 'class2-before-2022')]),
        ('lower_limit', 'class_2/lower_profits_threshold.yaml', [], []),  # Class 2 is due above it: the pack has one limit for both
    ]
    plan = []
    for year in range(2020, 2027):
        edges = {2020: [9500, 50000, 6475], 2021: [9568, 50270, 6515], 2022: [11908, 50270, 6725]}.get(
            year, [12570, 50270, {2025: 6845, 2026: 7105}.get(year, 6725)])
        profits = [0, 1000] + [e + d for e in edges for d in (-1, 0, 1)]
        profits += [draw.randint(1, high) for high in (12000, 20000, 50000, 50000, 90000, 150000) for _ in range(6)]
        profits += [30000, 60000]
        plan.append((year, profits))
    answer = ask(place, 'policyengine', {'rates': [[p, s] for _, p, s, _ in wanted], 'cases': plan})

    cases = []
    for (year, profits), (class4, class2) in zip(plan, answer['amounts']):
        for p, c4, c2 in zip(profits, class4, class2):
            if abs(c4 * 100 - round(c4 * 100)) > 0.4:
                continue  # too near to half a penny for a float of 24 bits
            known = year >= 2022
            cases.append({'question': {'earnings': [{'from': f'{year}-04-06', 'to': f'{year + 1}-04-05', 'gross': p * 100}]},
                          'expect': [expect(['class4_contribution'], cents(c4)),
                                     expect(['class2_contribution'], cents(c2), differs=None if known else 'class2-before-2022')]})
    rows = []
    for parameter, path, steps, differs in wanted:
        of = '/'.join([path] + [str(s) for s in steps])
        rows += rate_row(parameter, None, intervals(answer['rates'][of], first, last), of, differs)
    return {'name': 'policyengine-uk', 'version': PINS['policyengine'][0].split('==')[1], 'registry': 'PyPI',
            'how': 'rates: parameters/gov/hmrc/national_insurance; amounts: simulation of ni_class_4 and ni_class_2 of somebody of 40 who has '
                   'self_employment_income alone, a whole tax year'}, \
        'uk-self-employed', POLICYENGINE_DIFFERENCES, rows, cases


# Ours

def compare(name):
    """A table and our pack: what README.md says of the rows, in the plainest way. The mistakes, as text."""
    sys.path.insert(0, os.path.join(HERE, '../../spec'))
    import reference_schemes
    with open(os.path.join(HERE, name), encoding='utf-8') as f:
        data = json.load(f)
    path = os.path.join(HERE, '../../spec/schemes', data['scheme'] + '.toml')
    with open(path, 'rb') as f:
        source = f.read()
    pack, toml, wrong = reference_schemes.Pack(source), tomllib.loads(source.decode()), []
    full = lambda text, last: reference_schemes.day_of(text, last, ValueError).isoformat()
    for row in data['rates']:
        parameter = next(p for p in toml['parameter'] if p['name'] == row['parameter'])
        values = [v for v in parameter['values']
                  if 'for' not in row or row['for'] in (v['for'] if isinstance(v['for'], list) else [v['for']])]
        seen = set()
        for i, v in enumerate(values):
            end = before(full(values[i + 1]['from'], False)) if i + 1 < len(values) else full(toml['to'], True)
            end = min(end, full(v['to'], True)) if 'to' in v else end
            if full(v['from'], False) <= row['to'] and end >= row['from']:
                seen.add(decimal(str(v['value'])) if 'value' in v else None)
        if seen != {row['ours'] if 'differs' in row else row['oracle']} or 'differs' in row and row['ours'] == row['oracle']:
            wrong.append(f'{row}: the pack has {seen}')
    for case in data['cases']:
        answer = reference_schemes.due(pack, case['question'])
        for e in case['expect']:
            of = lambda key: [x for x in answer[key] if x['rule'] in e['rules']]
            ours = None if of('refused') else sum(x['amount'] for x in of('lines'))
            rounded = None if ours is None else half_up(Fraction(ours), e.get('step', 1))
            good = rounded != e['oracle'] and ours == e['ours'] if 'differs' in e else rounded == e['oracle']
            if not good:
                wrong.append(f"{case['question']} {e}: ours {ours}")
    return wrong


TABLES = {'fr-micro.openfisca.json': openfisca, 'fr-micro.modele-social.json': modele, 'uk-self-employed.policyengine.json': policyengine}


def table(oracle, scheme, differences, rates, cases):
    """One row a line; a difference that never occurs is a mistake."""
    said = {r['differs'] for r in rates if 'differs' in r} | {e['differs'] for c in cases for e in c['expect'] if 'differs' in e}
    if said != set(differences):
        raise ValueError(f'differences {said ^ set(differences)}')
    line = lambda x: json.dumps(x, ensure_ascii=False, separators=(',', ':'))
    block = lambda rows: '[\n' + ',\n'.join(map(line, rows)) + '\n]'
    by = lambda d: '{\n' + ',\n'.join(f'{line(k)}:{line(v)}' for k, v in d.items()) + '\n}'
    return (f'{{"shape":{by(SHAPE)},\n"oracle":{by(oracle)},\n"scheme":{line(scheme)},\n"differences":{by(differences)},\n'
            f'"rates":{block(rates)},\n"cases":{block(cases)}}}\n')


def main():
    if sys.argv[1:2] == ['ask']:
        with open(sys.argv[3]) as f:
            question = json.load(f)
        answer = {'openfisca': ask_openfisca, 'policyengine': ask_policyengine}[sys.argv[2]](question)
        with open(sys.argv[4], 'w') as f:
            json.dump(answer, f)
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('what', choices=['make', 'check', 'compare'])
    parser.add_argument('--place', default=os.path.join(HERE, '../../target/oracles'), help='where the oracles are installed')
    parser.add_argument('--only', choices=list(TABLES), help='this table alone')
    arguments = parser.parse_args()
    place, bad = os.path.abspath(arguments.place), 0
    for name, make in TABLES.items():
        if arguments.only not in (None, name):
            continue
        if arguments.what == 'compare':
            wrong = compare(name)
            bad += bool(wrong)
            print(f'{name}: {len(wrong)} mistakes', *wrong[:20], sep='\n')
            continue
        text, path = table(*make(place)), os.path.join(HERE, name)
        if arguments.what == 'make':
            with open(path, 'w', encoding='utf-8') as f:
                f.write(text)
        else:
            with open(path, encoding='utf-8') as f:
                old, new = f.read().splitlines(), text.splitlines()
            gone, come = [l for l in old if l not in set(new)], [l for l in new if l not in set(old)]
            bad += old != new
            for mark, lines in (('-', gone), ('+', come)):
                for l in lines[:20]:
                    print(f'{name}: {mark} {l[:300]}')
        data = json.loads(text)
        differ = sum('differs' in r for r in data['rates']), sum('differs' in e for c in data['cases'] for e in c['expect'])
        print(f"{name}: {data['oracle']['name']} {data['oracle']['version']}: {len(data['rates'])} rates ({differ[0]} differ), "
              f"{len(data['cases'])} cases with {sum(len(c['expect']) for c in data['cases'])} amounts ({differ[1]} differ)")
    sys.exit(1 if bad else 0)


if __name__ == '__main__':
    main()
