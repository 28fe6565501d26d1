//! The recoveries of a script: approvals, vetoes, completions and changes of guardians, mostly of what is under way, and wrong ones with one
//! thing changed.

use peal_spec::address::Address;
use peal_spec::hash::Hash;
use peal_spec::key::PublicKey;
use peal_spec::role::{Grant, Role};
use peal_spec::statement::{
    Body, Granted, Keys, Recovery, RecoveryApproved, RecoveryChanged, RecoveryCompleted, RecoveryVetoed,
    Statement,
};

use super::book::Book;
use super::people::{ERA, Person, roles, seed};
use super::recovery::{self, Support};
use super::said;
use super::script::{Purpose, Say};
use super::stage::{BUREAU, CROWD, Stage, time};

const DAY: u64 = 86_400;

/// Keys that were said, as a statement has them.
fn sent(keys: &said::Keys) -> Keys {
    Keys { key: PublicKey(keys.key), next: Hash(keys.next), reading: PublicKey(keys.reading) }
}

/// The keys that somebody who has lost hers makes: mostly the first of the era after the one that she has, as long as she has it.
fn wanted(book: &Book, person: &Person, say: &Say) -> Keys {
    let era = person.generation(book) / ERA + if say.extra >= 232 { 2 } else { 1 };
    let mut keys = person.keys(era % 4 * ERA);
    match say.extra {
        // The same signing key, but not the same keys.
        200..=207 => keys.reading = PublicKey(Person::new(0).key(0).public().0),
        208..=215 => keys.next = Hash(keys.key.0),
        // Those that she has, or had.
        216..=223 => keys = person.keys(person.generation(book)),
        _ => {}
    }
    keys
}

/// The keys that somebody rotates to, which her present ones name as the next, or nearly.
fn following(book: &Book, person: &Person, say: &Say) -> Keys {
    let generation = person.generation(book);
    match say.extra {
        200..=215 => person.keys(generation + 2),
        216..=223 => person.keys(generation),
        _ => person.keys(generation + 1),
    }
}

impl Stage {
    /// Who of those in an opening's recovery are guardians of the workers of the setting, of whom the last two have some.
    pub(super) fn first_recovery(&self, name: u64) -> Recovery {
        let of = |places: &[usize], need, delay| Recovery {
            guardians: places.iter().map(|place| self.cast[*place].address).collect(),
            need,
            delay: time(delay),
        };
        match name {
            10 => of(&[8, 9, 2], 2, DAY),
            // A bureau that is a guardian too, and a delay that is longer than a bureau's.
            11 => of(&[8, 4], 1, 40 * DAY),
            _ => Recovery::default(),
        }
    }

    /// What an account says of its recovery, when it is new or later.
    pub(super) fn some_recovery(&self, say: &Say) -> Recovery {
        let mut guardians: Vec<Address> =
            (0..say.value % 4).map(|n| self.somebody(say.subject.wrapping_add(n)).address).collect();
        if say.value % 32 == 31 {
            // As many as there may be, most of them of no account.
            guardians.extend((1_000..1_013).map(|number| Address { number, id: Hash([say.extra; 32]) }));
        } else if say.value % 64 == 30 {
            // One twice, by number.
            guardians[1] = Address { number: guardians[0].number, id: Hash([say.extra; 32]) };
        } else if say.value % 16 > 12 {
            // The number is a bureau's, the id is not.
            guardians[0] = Address { number: BUREAU as u64, id: Hash([say.extra; 32]) };
        }
        let need = u64::from(say.extra % 4).clamp(u64::from(!guardians.is_empty()), guardians.len() as u64);
        let unit = [1, 3_600, 6 * 3_600, DAY][usize::from(say.extra / 4 % 4)];
        Recovery { guardians, need, delay: time(u64::from(say.target) * unit) }
    }

    /// All who were ever granted the role of a bureau.
    pub(super) fn bureaus(&self, book: &Book) -> Vec<Person> {
        let bureau = |person: &&Person| roles(&book.accounts[person.address.number as usize]).contains(&4);
        self.cast.iter().filter(bureau).copied().collect()
    }

    /// Other guardians, or the same again.
    fn other_recovery(&self, book: &Book, person: &Person, say: &Say) -> Recovery {
        if say.target % 8 < 7 {
            return self.some_recovery(say);
        }
        let (guardians, need, delay) = recovery::agreed(&book.accounts[person.address.number as usize].facts);
        Recovery { guardians: guardians.to_vec(), need, delay: time(delay) }
    }

    /// A rotation that names guardians, too.
    pub(super) fn with_guardians(
        &self,
        book: &Book,
        rotated: Statement,
        by: &Person,
        to: u64,
        say: &Say,
    ) -> Statement {
        let recovery = self.other_recovery(book, by, say);
        let body = Body::RecoveryChanged(RecoveryChanged { who: by.address, keys: by.keys(to), recovery });
        Statement::new(rotated.seed, rotated.address, rotated.issued, None, None, &body)
    }

    /// Those who were guardians, and are no more.
    fn former(&self, book: &Book, person: &Person) -> Vec<Person> {
        let facts = &book.accounts[person.address.number as usize].facts;
        let (now, ..) = recovery::agreed(facts);
        let ever = (0..facts.len()).flat_map(|end| recovery::agreed(&facts[..end]).0);
        let former = ever.filter(|guardian| !now.contains(guardian));
        former.filter_map(|guardian| self.cast.iter().find(|p| p.address == *guardian)).copied().collect()
    }

    /// Whose recovery it is: mostly one that is under way, often the furthest of them, else often one of those who have guardians.
    fn whose(&self, book: &Book, say: &Say) -> Person {
        let facts = |person: &&Person| &book.accounts[person.address.number as usize].facts;
        let under_way = |person: &&Person| !recovery::approvals(facts(person)).is_empty();
        let guarded = |person: &&Person| !recovery::agreed(facts(person)).0.is_empty();
        let mut of: Vec<Person> = self.cast.iter().filter(under_way).copied().collect();
        if say.subject >= 144 || of.is_empty() {
            of = self.cast.iter().filter(guarded).copied().collect();
            // Guardians can be done without.
            if say.subject % 8 < 2 || of.is_empty() {
                return self.somebody(say.subject);
            }
        }
        if say.subject < 96 {
            // What is firm comes first: what it forbids is to be tried.
            let far = |person: &Person| {
                let standing = recovery::approvals(facts(&person));
                let firm = standing.iter().any(|a| Support::of(facts(&person), &standing, &a.keys).firm());
                (firm, standing.len())
            };
            let furthest = of.iter().map(far).max();
            of.retain(|person| Some(far(person)) == furthest);
        }
        of[usize::from(say.subject / 4) % of.len()]
    }

    /// Who issues, the generation of the key that signs, and what is said.
    pub(super) fn recover(&mut self, book: &Book, issuer: u8, say: &Say) -> (Person, u64, Statement) {
        let subject = self.whose(book, say);
        let facts = &book.accounts[subject.address.number as usize].facts;
        let standing = recovery::approvals(facts);
        let due = |a: &&recovery::Approval| {
            Support::of(facts, &standing, &a.keys).due().is_some_and(|(due, _)| due <= self.clock)
        };
        // What is due is mostly completed, what is not is so seldom.
        let ripe = standing.iter().find(due);
        let kind = match say.kind {
            0..=151 if ripe.is_some() => 10,
            0..=183 => 8,
            184..=207 => 9,
            208..=219 => 10,
            _ => 11,
        };
        let (guardians, ..) = recovery::agreed(facts);
        let choice = usize::from(issuer);
        // Those who did not approve yet, or in vain, come first.
        let (there, mut yet): (Vec<&Address>, Vec<&Address>) =
            guardians.iter().partition(|g| standing.iter().any(|a| a.approver == g.number && !a.vetoed));
        if yet.is_empty() {
            yet = there;
        }
        let guardian = yet.get(choice % yet.len().max(1)).map(|g| g.number as usize);
        let bureaus = self.bureaus(book);
        let former = self.former(book, &subject);
        let by = match (kind, say.kind % 16) {
            (8, 15) => self.somebody(issuer),
            (8, 13 | 14) if !former.is_empty() => former[choice % former.len()],
            (8, 9..) if !bureaus.is_empty() => bureaus[choice % bureaus.len()],
            (8, _) => guardian.and_then(|number| self.cast.get(number)).copied().unwrap_or(self.cast[BUREAU]),
            _ => subject,
        };
        let mut generation = by.generation(book);
        let keys = match ripe.or(standing.get(choice % standing.len().max(1))) {
            Some(approval) if kind == 10 && say.extra < 200 => sent(&approval.keys),
            _ if kind == 11 => following(book, &subject, say),
            _ => wanted(book, &subject, say),
        };
        if kind >= 10 && say.kind % 16 != 14 {
            generation = subject.generation_of(&keys.key.0).unwrap_or(generation);
        }
        let mut statement = self.about_recovery(book, by, subject, kind, keys, say);
        if kind == 11
            && let Some(wrong) = say.twist.checked_sub(224)
        {
            self.miswrite(&mut statement, wrong, say);
        }
        (by, generation, statement)
    }

    /// An approval, a veto, a completion or a change of guardians by somebody, of anybody or herself.
    pub(super) fn any_recovery(&mut self, book: &Book, by: &Person, say: &Say, kind: u8) -> Statement {
        let subject = if kind == 8 { self.whose(book, say) } else { *by };
        let keys = if kind == 11 { following(book, by, say) } else { wanted(book, &subject, say) };
        self.about_recovery(book, *by, subject, kind, keys, say)
    }

    fn about_recovery(
        &mut self,
        book: &Book,
        by: Person,
        mut subject: Person,
        kind: u8,
        mut keys: Keys,
        say: &Say,
    ) -> Statement {
        let mut who = by.address;
        match say.twist.checked_sub(192).filter(|w| *w < 32).map(|w| w % 4) {
            Some(0) => who = self.somebody(say.extra).address,
            Some(1) => subject = self.somebody(say.extra),
            Some(2) => keys = self.somebody(say.extra).keys(0),
            Some(_) => keys.key = subject.key(u64::from(say.extra)).public(),
            None => {}
        }
        let body = match kind {
            8 => Body::RecoveryApproved(RecoveryApproved { who, keys }),
            9 => Body::RecoveryVetoed(RecoveryVetoed { who }),
            10 => Body::RecoveryCompleted(RecoveryCompleted { who, keys }),
            _ => {
                let recovery = self.other_recovery(book, &subject, say);
                Body::RecoveryChanged(RecoveryChanged { who, keys, recovery })
            }
        };
        let number = self.next();
        Statement::new(seed("statement", number), Some(subject.address), time(self.clock), None, None, &body)
    }

    /// A crowd of accounts, or, when they are there, the role of a bureau for each.
    pub(super) fn crowd(&mut self, book: &Book) -> (Person, Vec<Statement>) {
        let crowd: Vec<Person> = self.cast.iter().filter(|person| person.name >= CROWD).copied().collect();
        if crowd.is_empty() {
            let bureau = self.cast[BUREAU];
            let names = CROWD..CROWD + recovery::MAX_APPROVALS as u64 + 1;
            self.names.extend(names.clone());
            let opened =
                |name| Person::new(name).opened(Some(bureau.address), Recovery::default(), time(self.clock));
            return (bureau, names.map(opened).collect());
        }
        let registrar = self.cast[0];
        let unlike = |person: &Person| !roles(&book.accounts[person.address.number as usize]).contains(&4);
        let role = Grant { role: Role::Bureau, insurances: vec![], until: None };
        let body = Body::Granted(Granted { who: registrar.address, role });
        let grants = crowd.into_iter().filter(unlike).map(|person| {
            let number = self.next();
            let at = time(self.clock);
            Statement::new(seed("statement", number), Some(person.address), at, None, None, &body)
        });
        let mut statements: Vec<Statement> = grants.collect();
        if statements.is_empty() {
            let say = Say::default();
            statements.push(self.say(book, Purpose::Grant, &registrar, &say));
        }
        (registrar, statements)
    }
}
