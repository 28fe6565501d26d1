//! Scripts: what happens to a ledger, written so that any bytes are one.
//!
//! 1. A script is frames of 32 bytes; the last may be shorter. Each is one [`Op`]; what a frame lacks is zero.
//! 2. Numbers in an op are taken modulo what there is when it is its turn, so an op means something whatever came before it.
//! 3. The weights are in the bytes: most of the 256 values of a byte that chooses what is wrong mean that nothing is.

/// Bytes of one op.
pub const FRAME: usize = 32;

/// What a posting is for; it decides who issues it and which statements it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Contributions, and corrections of them.
    Pay,
    /// Engagements, matchings, refunds that came back.
    Work,
    /// Settlements.
    Settle,
    /// Awards, benefits, refunds and interest.
    Serve,
    /// Grants and revocations.
    Grant,
    /// Openings for others.
    Open,
    /// An opening by oneself.
    OpenSelf,
    /// A rotation of keys, often with other guardians.
    Rotate,
    /// Anything, by anybody.
    Mixed,
    /// A posting that was sent before.
    Again,
    /// Approvals of a recovery, vetoes, completions, changes of guardians.
    Recover,
    /// A crowd of accounts is opened; the next time, each is granted the role of a bureau.
    Crowd,
    /// An account is filled with contributions to all kinds of insurances, until it has 256 cells or nearly.
    Fill,
    /// Consents, their revocations, and what is done by them.
    Consent,
    /// Claims, and what follows them.
    Claim,
    /// Bindings of identities, links, and what is withdrawn of them.
    Identify,
    /// What erases, and what is said to claims and engagements before and after.
    Erase,
    /// Departures, arrivals, and the money that goes along.
    Move,
}

/// What is wrong with a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Signed with the key of the generation before, or after, or somebody else's, or one that was said in the account.
    Key,
    /// Its time is this many seconds after the clock, around the 600 that are allowed.
    Future,
    /// Its id was used before.
    Id,
    /// Its issuer's number or id is another.
    Issuer,
    /// It names no issuer.
    NoIssuer,
    /// Its envelope: one or more of origin, signature, count and root are wrong, or bytes are missing.
    Envelope,
}

/// A statement, in a few numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Say {
    /// Which of the types that the purpose allows.
    pub kind: u8,
    /// Whom it is about.
    pub subject: u8,
    /// Which entry, award, grant, consent or claim it is about, or its reference and month.
    pub target: u8,
    /// Amount and insurance.
    pub value: u8,
    /// What is wrong with it: nothing below 192, or, of what `funds`, `claims` and `moves` say, below 128.
    pub twist: u8,
    /// What else there is to choose.
    pub extra: u8,
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the comments on the variants say it")]
pub enum Op {
    /// A posting is sent; unless `later`, its answer and those of the postings before it are waited for.
    Post {
        purpose: Purpose,
        issuer: u8,
        all_or_nothing: bool,
        later: bool,
        fault: Fault,
        detail: u8,
        says: Vec<Say>,
    },
    /// The clock moves on by so many seconds.
    Forward(u64),
    /// The clock moves on to the end of some role or consent, or to the second before it.
    ToEnd(u8),
    /// The clock moves on to when some recovery or departure is due, or the party of some claim had time to answer, or to the second before it.
    ToDue(u8),
    /// The clock goes back by so many seconds.
    Back(u64),
    /// The ledger is closed and opened again.
    Restart,
    /// An account is read.
    Account(u8),
    /// A copy is read: of whom, from, at most so many rows, since.
    Copy(u8, u8, u8, u8),
    /// The consistency between two sizes, of 0 to 255 parts of the log (and a little beyond).
    Consistency(u8, u8),
    /// A tile.
    Tile(u8, u8, u16),
    /// An entry bundle.
    Entries(u8, u16),
    /// The receipt of a posting.
    Receipt(u8),
    /// The figures.
    Stats,
}

/// Bytes of one frame, taken one after another.
struct Frame<'b>(&'b [u8]);

impl Frame<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn width(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()]) % 260
    }
}

/// The ops that bytes stand for.
pub fn decode(bytes: &[u8]) -> Vec<Op> {
    bytes.chunks(FRAME).map(|frame| op(&mut Frame(frame))).collect()
}

fn op(f: &mut Frame<'_>) -> Op {
    match f.byte() {
        0..=179 => post(f),
        180..=199 => Op::ToDue(f.byte()),
        // Seconds, days, months.
        200..=203 => Op::Forward(u64::from(f.byte())),
        204..=207 => Op::Forward(u64::from(f.byte()) * 86_400 / 4),
        208..=211 => Op::ToEnd(f.byte()),
        212..=215 => Op::Back(u64::from(f.byte()) * 3_600),
        216..=223 => Op::Restart,
        224..=227 => Op::Account(f.byte()),
        228..=237 => Op::Copy(f.byte(), f.byte(), f.byte(), f.byte()),
        238..=242 => Op::Consistency(f.byte(), f.byte()),
        243..=245 => Op::Tile(f.byte(), f.byte(), f.width()),
        246..=248 => Op::Entries(f.byte(), f.width()),
        249..=252 => Op::Receipt(f.byte()),
        _ => Op::Stats,
    }
}

fn post(f: &mut Frame<'_>) -> Op {
    let purpose = match f.byte() {
        0..=39 => Purpose::Pay,
        40..=51 => Purpose::Work,
        52..=99 => Purpose::Recover,
        100..=129 => Purpose::Settle,
        130..=149 => Purpose::Serve,
        150..=174 => Purpose::Grant,
        175..=189 => Purpose::Open,
        190..=200 => Purpose::OpenSelf,
        201..=214 => Purpose::Rotate,
        215..=222 => Purpose::Mixed,
        223..=228 => Purpose::Move,
        229..=232 => Purpose::Erase,
        233..=238 => Purpose::Identify,
        239..=245 => Purpose::Again,
        246..=249 => Purpose::Consent,
        250..=253 => Purpose::Claim,
        254 => Purpose::Crowd,
        255 => Purpose::Fill,
    };
    let (issuer, flags, wrong, detail) = (f.byte(), f.byte(), f.byte(), f.byte());
    let fault = match wrong {
        0..=215 => Fault::None,
        216..=223 => Fault::Key,
        224..=229 => Fault::Future,
        230..=235 => Fault::Id,
        236..=241 => Fault::Issuer,
        242..=246 => Fault::NoIssuer,
        247..=255 => Fault::Envelope,
    };
    let alone = matches!(purpose, Purpose::OpenSelf | Purpose::Rotate | Purpose::Recover);
    let count = if alone && detail % 8 != 7 { 1 } else { 1 + usize::from(flags >> 4) % 4 };
    let says = (0..count).map(|_| Say {
        kind: f.byte(),
        subject: f.byte(),
        target: f.byte(),
        value: f.byte(),
        twist: f.byte(),
        extra: f.byte(),
    });
    Op::Post {
        purpose,
        issuer,
        all_or_nothing: flags % 4 == 3,
        later: flags / 4 % 4 == 3 || flags / 4 % 4 == 2,
        fault,
        detail,
        says: says.collect(),
    }
}
