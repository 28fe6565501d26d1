//! What chance decides: the same again for the same seed.

/// Xorshift, 64 bits.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        // Seeds that follow each other would begin alike, and zero stays zero.
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// Below a number.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// One time of so many.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

/// What becomes of a message, and of who sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It is delivered, and so is the answer.
    Delivered,
    /// It is lost on the way.
    Lost,
    /// The answer is lost on the way.
    AnswerLost,
    /// It is delivered, and once more later.
    Twice,
    /// It is delivered later, after others that were sent later.
    Late,
    /// Who sends it is killed when it is signed, and knows nothing of it.
    KilledBefore,
    /// Who sends it is killed when it stands in the outbox and is not sent.
    KilledSealed,
    /// Who sends it is killed when it is delivered and the answer not read.
    KilledAfter,
    /// The ledger goes away just before.
    Away,
}

impl Fate {
    pub const ALL: &'static [Fate] = &[
        Fate::Delivered,
        Fate::Lost,
        Fate::AnswerLost,
        Fate::Twice,
        Fate::Late,
        Fate::KilledBefore,
        Fate::KilledSealed,
        Fate::KilledAfter,
        Fate::Away,
    ];
}

/// The steps of a move, as the page counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Opened = 1,
    Departed,
    Approved,
    Arrived,
    Out,
    In,
    Closed,
}

impl Step {
    pub const ALL: &'static [Step] =
        &[Step::Opened, Step::Departed, Step::Approved, Step::Arrived, Step::Out, Step::In, Step::Closed];
}

/// What happens beside the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    TimePassed,
    LedgerAway,
    KeyTurned,
    /// A departure fell with it.
    Fell,
    Withdrawn,
    WithdrawnByBureau,
    LateContribution,
    /// It was refused, as the account had departed.
    ContributionRefused,
    LateSettlement,
    LateRefund,
    Claimed,
    Remedied,
    ArrivedAnew,
    Reopened,
    /// A step that was done twice was refused the second time.
    SecondRefused,
}

impl Event {
    pub const ALL: &'static [Event] = &[
        Event::TimePassed,
        Event::LedgerAway,
        Event::KeyTurned,
        Event::Fell,
        Event::Withdrawn,
        Event::WithdrawnByBureau,
        Event::LateContribution,
        Event::ContributionRefused,
        Event::LateSettlement,
        Event::LateRefund,
        Event::Claimed,
        Event::Remedied,
        Event::ArrivedAnew,
        Event::Reopened,
        Event::SecondRefused,
    ];
}
