//! Schemes as data: what is due, what it will bring, and what somebody has a right to.
//!
//! 1. [`Pack::read`] understands a pack, or names each fault by its line.
//! 2. [`due`] reckons contributions from earnings.
//! 3. [`project`] lives through the months to retirement and says what comes of them.
//! 4. [`svg`] draws that.
//! 5. [`entitled`] says what an account gives a right to, where, and what moves along.
//! 6. [`card`] says it in plain words, and [`changes`] what is new.
//!
//! Numbers are exact; what a pack does not know is refused by name; each result says which values made it.
//!
//! Source: `spec/schemes.md`.

mod number;
mod formula;
mod written;
mod pack;
mod load;
mod question;
mod reckon;
mod due;
mod card;
mod rights;
mod shipped;
mod project;
mod picture;

pub use card::{
    CardText, Changed, Changes, Dues, Edition, Lang, NoLang, Side, Told, card, changes, for_people,
};
pub use due::{Affordable, Answer, By, Counted, Line, OfInsurance, OfPayer, PartOf, Refused, due};
pub use formula::{Formula, Function, Kind, Operator, Symbol, Variable};
pub use load::{BadPack, Fault, MAX_PACK};
pub use number::{BadNumber, Mode, NoNumber, Number, Rounding};
pub use pack::*;
pub use picture::svg;
pub use project::{
    Brings, GridCell, GridOf, Outcome, PensionPart, ProjectQuestion, Projection, SoFar, Stopped, Uncovered,
    Way, project,
};
pub use question::{BadQuestion, Earning, MAX_EARNING_DAYS, MAX_EARNINGS, Question};
pub use reckon::{Reason, Refusal, What};
pub use rights::{
    BenefitPlace, FundIn, GivesTo, Had, InRegion, Lacks, Moves, Needs, PaidTwice, PlaceWhy, Right, Rights,
    RightsQuestion, Untold, benefit_place, entitled,
};
pub use shipped::{TEMPLATE, ids, text};
