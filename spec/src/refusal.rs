//! Why a posting or a statement is refused: one table, in order of precedence.
//!
//! Source: `spec/README.md` §9, which a test compares with this table.

use crate::cbor::{Cbor, Malformed, Reader, Writer};

/// A record's place: account number and sequence.
pub type Place = (u64, u64);

/// A refusal: what is wrong, in which field, and the record that says so where one is to be named.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {} ({})", .code.name(), .code.says(), .field)]
pub struct Refusal {
    /// Which rule.
    pub code: Code,
    /// The field, named as in `spec/README.md`.
    pub field: String,
    /// The record to look at.
    pub record: Option<Place>,
}

impl Refusal {
    /// A refusal that names no record.
    pub fn new(code: Code, field: &str) -> Self {
        Self { code, field: field.to_owned(), record: None }
    }

    /// The same, naming a record.
    pub fn at(mut self, record: Place) -> Self {
        self.record = Some(record);
        self
    }
}

impl Cbor for Refusal {
    fn encode(&self, w: &mut Writer) {
        w.array(3);
        w.uint(self.code as u64);
        w.text(&self.field);
        match self.record {
            Some((account, sequence)) => {
                w.array(2);
                w.uint(account);
                w.uint(sequence);
            }
            None => w.null(),
        }
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(3, "a refusal")?;
        let fault = r.fault("a refusal code");
        let code = Code::from_number(r.uint()?).ok_or(fault)?;
        let fault = r.fault("a field of at most 64 bytes");
        let field = r.text()?;
        if field.len() > 64 {
            return Err(fault);
        }
        let record = if r.null() {
            None
        } else {
            r.array_of(2, "account and sequence")?;
            Some((u64::decode(r)?, u64::decode(r)?))
        };
        Ok(Self { code, field: field.to_owned(), record })
    }
}

macro_rules! codes {
    ($($number:literal $variant:ident $name:literal $says:literal $remedy:literal)*) => {
        /// The rules, in order of precedence. Below 20 the whole posting is refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u64)]
        pub enum Code { $(#[doc = $says] $variant = $number,)* }

        impl Code {
            /// All of them, in order.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The code of a number.
            pub fn from_number(number: u64) -> Option<Self> {
                match number { $($number => Some(Code::$variant),)* _ => None }
            }
            /// The stable name.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }
            /// What it says.
            pub fn says(self) -> &'static str {
                match self { $(Code::$variant => $says,)* }
            }
            /// What to do about it.
            pub fn remedy(self) -> &'static str {
                match self { $(Code::$variant => $remedy,)* }
            }
        }
    };
}

codes! {
    1 Malformed "malformed" "not the encoding that the format gives" "encode as spec/README.md §2 says; spec/vectors has examples"
    2 ForeignOrigin "foreign-origin" "the posting is for another ledger" "send it to that ledger, or sign it anew for this one"
    3 BadSignature "bad-signature" "the signature does not verify strictly under kid" "sign the exact payload with external_aad \"peal posting v1\""
    4 CountMismatch "count-mismatch" "count is not the number of statements, or beyond its limits" "send exactly the statements that were signed"
    5 RootMismatch "root-mismatch" "the statements do not give the signed root" "send exactly the statements that were signed"
    6 PostingInFuture "posting-in-future" "posting time is more than 600 s after the commit's" "set the clock"
    7 UnknownIssuer "unknown-issuer" "no account with this number and id" "check the address"
    8 PostingIdTaken "posting-id-taken" "this issuer used this id for other content" "choose a new id, or send the first posting again"
    9 KeyNotCurrent "key-not-current" "kid is not the issuer's signing key now" "sign with the current key"
    20 UnknownType "unknown-type" "no such statement type" "use a type of §5"
    21 MalformedFacet "malformed-facet" "shape, number or limits of a facet, or of refers or month, are not those of the type" "encode the facet as §5 says"
    22 UnknownAccount "unknown-account" "no account with this number and id" "check the address"
    23 IssuerNotNamed "issuer-not-named" "who names another than the posting's issuer" "name the issuer that signs"
    24 OpeningKey "opening-key" "a self-opening is not signed by its own key" "sign with the key that the account opens with"
    25 IdTaken "id-taken" "this opening is already recorded" "use the account it names"
    26 NotYours "not-yours" "only the account itself may say this" "sign as the account's holder"
    27 NextKey "next-key" "the new key is not the one committed to before" "rotate to the pre-committed key"
    28 RotationAlone "rotation-alone" "a rotation, a recovery or a change of guardians shares its posting with others or is not signed by the new key" "send it alone, signed by the new key"
    29 NotRegistrar "not-registrar" "only the registrar grants and revokes" "ask the ledger's registrar"
    30 TargetMissing "target-missing" "no such record, or not of the type it must be" "check the sequence number"
    31 RoleMissing "role-missing" "the issuer lacks the role" "ask the registrar for the role"
    32 RoleNotCovering "role-not-covering" "the issuer's role is not for this insurance" "ask the registrar to widen the role"
    33 RoleExpired "role-expired" "the role no longer holds" "ask the registrar to renew it"
    34 NotIssuer "not-issuer" "the record that it refers to is another issuer's" "ask the issuer of that record"
    35 NotFund "not-fund" "another fund is named there" "let that fund say it"
    36 MonthInFuture "month-in-future" "the month is more than one after the current one" "wait, or check the month"
    37 AmountRange "amount-range" "zero, or credited above amount" "check the amounts"
    38 FundUnfit "fund-unfit" "the named fund is unknown or may not take this insurance" "name a fund with that role"
    39 TargetVoid "target-void" "the record that it refers to was voided, withdrawn or erased" "post that anew, and refer to the new one"
    40 Settled "settled" "the entry is settled" "add a contribution for more; for less the fund records a refund"
    41 MonthDiffers "month-differs" "not the month of the record that it refers to" "repeat that month"
    42 CurrencyDiffers "currency-differs" "not the currency of the record that it refers to" "repeat that currency"
    43 AmountDiffers "amount-differs" "a settlement's amount is not the entry's, or a correction changes nothing" "repeat, or change, the amount"
    44 ReferenceTaken "reference-taken" "this issuer used this reference in this account" "nothing if it is the same payment; else choose a new reference"
    45 TotalOverflow "total-overflow" "a total would pass 2^53 − 1" "contact the operator"
    46 StateFull "state-full" "the account has 256 cells, and this insurance or currency would need another; or it has 32 approvals of a recovery" "use an insurance and currency that the account has; complete the recovery, or change the guardians"
    47 NotRecorded "not-recorded" "another statement of an all-or-nothing posting was refused" "mend that one and send anew"
    48 NotGuardian "not-guardian" "the issuer is no guardian of this account and no bureau, or it is the account itself, or has only the number of a guardian" "ask one of the guardians, or a bureau"
    49 AlreadyApproved "already-approved" "this issuer approves of these keys already" "wait until the recovery is due"
    50 NothingPending "nothing-pending" "no approval stands that can be vetoed and is not yet" "nothing; what guardians and a bureau approve of together is not vetoed"
    51 RecoveryNotApproved "recovery-not-approved" "too few approve of exactly these keys" "ask the guardians, or a bureau, to approve of these keys"
    52 RecoveryTooEarly "recovery-too-early" "the delay has not passed that gives the present key time to veto" "complete it when the delay has passed since the approval that is named"
    53 RecoveryPending "recovery-pending" "guardians and a bureau approve of keys together" "let them approve of other keys, or complete that recovery"
    54 PeriodInFuture "period-in-future" "the work ends more than 600 s after the commit" "post it when it is done"
    55 OnlyVoid "only-void" "an engagement or an award is voided and not changed" "void it (amount null), and post anew"
    56 BeyondEntitlement "beyond-entitlement" "the award gives nothing in this month, or less than this with what was paid already" "pay what is left of the month, or award more"
    57 NotSettled "not-settled" "the money of this contribution never arrived" "let its issuer correct it"
    58 BeyondSettled "beyond-settled" "more than is left of the contribution, or of its credited part" "refund what is left at most"
    59 BeyondRefunded "beyond-refunded" "more than was refunded and is not received yet" "confirm what came back"
    60 InterestDiffers "interest-differs" "not what balances, months and rate come to" "reckon the sum of balance × months × rate / 12,000,000, half up"
    61 BeyondBalance "beyond-balance" "a balance is above what is on the person's own account" "take the balance that the account's cells show"
    62 MatchDiffers "match-differs" "not the insurance of the contribution it matches" "name the same insurance"
    63 GrantIdle "grant-idle" "the consent is over before it begins, or is given to the account itself" "name another account, and a time to come"
    64 NotGrantee "not-grantee" "the consent is another's" "ask the person for a consent of your own"
    65 GrantOver "grant-over" "the consent was revoked, is used up, or has ended" "ask the person for a new one"
    66 BeyondGrant "beyond-grant" "the consent is not for this" "stay within its rights, insurances, months and parts, or ask for a wider one"
    67 BureauUnfit "bureau-unfit" "the bureau named is none, or not for this insurance" "name a bureau with that role"
    68 OwnCause "own-cause" "the person, the party and the bureau are not three" "name a bureau that has no part in it"
    69 NotParty "not-party" "the claim is not against, or not before, this issuer" "let the party answer and remedy, and the bureau rule"
    70 ClaimOver "claim-over" "the claim is past this step" "read its state, and file a new claim if something is left"
    71 NotHeard "not-heard" "the party has not answered and still has time" "rule when it has answered, or 15 days after the claim"
    72 RemedyMissing "remedy-missing" "the claim is not rejected and nothing has remedied it" "let the party remedy it, or the person close it"
    73 IdentityTaken "identity-taken" "this document is bound already" "use the account it names, link the two, or have the binding withdrawn if it is wrong"
    74 LinkUnfit "link-unfit" "it names no other account" "check the address"
    75 NotClosed "not-closed" "the claim is not closed" "close it first"
    76 Departed "departed" "the account has departed" "ask the ledger where it went, and send it there"
    77 NotDue "not-due" "the departure is not in force yet" "wait until it is due, or ask guardians or a bureau to approve of it"
    78 MoneyLeft "money-left" "money has left under this departure" "carry the move through; another one can lead back"
    79 NotRecognised "not-recognised" "this ledger does not recognise that list of that ledger" "take the list that the registrar recognised, or ask the registrar"
    80 NotShown "not-shown" "the proof does not show what it must" "make the proof anew, of the account as it is now"
    81 ArrivedAlready "arrived-already" "this has arrived already" "nothing if it is the same; else look at the record that is named"
    82 NotMatched "not-matched" "what left and what arrived differ" "let the fund there say what arrived, then make the proof anew"
    83 MoveUnfit "move-unfit" "it cannot go there" "name another ledger and an account in it; give back roles first"
}
