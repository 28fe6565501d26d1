//! Statements: what an issuer says about one account, in a head and facets that can be shown one by one.
//!
//! 1. A [`Statement`] arrives with its facets as uninterpreted items; its root can be computed whatever its type.
//! 2. [`Statement::body`] reads the facets as the type demands, or refuses the statement by field.
//! 3. The typed [`Body`] is judged, and changes the state (through `crate::rules`).
//!
//! A new statement type is one new file here, with a struct that implements [`Kind`]: its facets, who may issue it, its rule and what it does;
//! one line in `kinds!`; whom it concerns, in `concerns.rs`; and its rows in `spec/README.md` §5 and §8. Source: `spec/README.md` §5 and §8.

use std::fmt;

use crate::address::Address;
use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::hash::{Hash, Seed, Tag, derive, derive_two, tagged, tagged_two};
use crate::identity::Token;
use crate::moving::Showing;
use crate::refusal::{Code, Refusal};
use crate::role::Role;
use crate::scene::Scene;
use crate::state::{Changed, State};
use crate::target::Target;
use crate::tree;
use crate::value::{Month, Origin, Time};

/// Reads and writes the facets of a type whose fields are its facets, in order.
macro_rules! facets {
    ($($facet:ident),*) => {
        fn read(facets: &mut FacetReader<'_>) -> Result<Self, Refusal> {
            Ok(Self { $($facet: facets.take()?,)* })
        }

        fn write(&self, facets: &mut FacetWriter) {
            $(facets.put(&self.$facet);)*
        }
    };
}

pub mod access;
pub mod access_unasked;
pub mod account_linked;
pub mod arrival;
pub mod award;
pub mod benefit;
pub mod claim;
pub mod claim_answered;
pub mod claim_closed;
pub mod claim_for;
pub mod claim_remedied;
mod concerns;
pub mod consent_granted;
pub mod consent_revoked;
pub mod contribution;
pub mod correction;
pub mod departure;
pub mod departure_approved;
pub mod engagement;
pub mod erased;
pub mod facets;
pub mod granted;
pub mod identity_bound;
pub mod interest;
pub mod ledger_recognised;
pub mod matching;
pub mod move_closed;
pub mod opened;
pub mod paid_for;
pub mod recovery_approved;
pub mod recovery_changed;
pub mod recovery_completed;
pub mod recovery_vetoed;
pub mod refund;
pub mod refund_received;
pub mod revoked;
pub mod rotated;
pub mod ruling;
pub mod settlement;
pub mod shape;
pub mod transcribed;
pub mod transferred_in;
pub mod transferred_out;
pub mod withdrawn;

pub use crate::facet::{Amount, Evidence, Keys, Recovery, Reference, Referenced, Source, What};
pub use crate::money::{self, Entitlement, Money, Returned};
pub use access::Access;
pub use access_unasked::AccessUnasked;
pub use account_linked::AccountLinked;
pub use arrival::Arrival;
pub use award::Award;
pub use benefit::Benefit;
pub use claim::Claim;
pub use claim_answered::ClaimAnswered;
pub use claim_closed::ClaimClosed;
pub use claim_for::ClaimFor;
pub use claim_remedied::ClaimRemedied;
pub use consent_granted::ConsentGranted;
pub use consent_revoked::ConsentRevoked;
pub use contribution::Contribution;
pub use correction::Correction;
pub use departure::Departure;
pub use departure_approved::DepartureApproved;
pub use engagement::Engagement;
pub use erased::Erased;
pub use facets::{FacetWriter, Facets};
pub use granted::Granted;
pub use identity_bound::IdentityBound;
pub use interest::Interest;
pub use ledger_recognised::LedgerRecognised;
pub use matching::Matching;
pub use move_closed::MoveClosed;
pub use opened::Opened;
pub use paid_for::PaidFor;
pub use recovery_approved::RecoveryApproved;
pub use recovery_changed::RecoveryChanged;
pub use recovery_completed::RecoveryCompleted;
pub use recovery_vetoed::RecoveryVetoed;
pub use refund::Refund;
pub use refund_received::RefundReceived;
pub use revoked::Revoked;
pub use rotated::Rotated;
pub use ruling::Ruling;
pub use settlement::Settlement;
pub use shape::{Shape, Value};
pub use transcribed::Transcribed;
pub use transferred_in::TransferredIn;
pub use transferred_out::TransferredOut;
pub use withdrawn::Withdrawn;

/// The most facets that a statement may have, of whatever type.
pub const MAX_FACETS: u64 = 16;

/// What every statement type gives: its place in the table of types and the reading of its facets.
pub trait Kind: Sized {
    /// Name of the type.
    const NAME: &'static str;
    /// Names of the facets, in order.
    const FACETS: &'static [&'static str];
    /// Shapes of the facets, in order.
    const SHAPES: &'static [Shape];
    /// Whether the head names an account (an opening's does not: its id is the statement's root).
    const ADDRESSED: bool = true;
    /// Whether the head refers to a record.
    const REFERS: bool = false;
    /// Whether the head names a month.
    const MONTH: bool = false;

    /// Reads one facet by its place; called for each in order.
    ///
    /// # Errors
    /// [`Malformed`], which becomes a refusal naming the facet.
    fn read(facets: &mut FacetReader<'_>) -> Result<Self, Refusal>;

    /// Encodes the facets, in order.
    fn write(&self, facets: &mut FacetWriter);

    /// Who may issue it, for a verifier that sees only some facets.
    const AUTHORITY: Authority;

    /// The issuer that *who* names; none for a self-opening.
    fn issuer(&self) -> Option<Address>;

    /// Judges it, once its account exists and *who* names the posting's issuer.
    ///
    /// # Errors
    /// The first refusal that applies, in the order of their codes.
    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal>;

    /// Its reference, where that must be new among its issuer's in the account.
    fn reference(&self) -> Option<&Reference> {
        None
    }

    /// The fund, the bureau or the other account that it names.
    fn named(&self) -> Option<Address> {
        None
    }

    /// The token that it takes, where no two may stand.
    fn token(&self) -> Option<Token> {
        None
    }

    /// What it shows of another ledger.
    fn showing(&self) -> Option<&Showing> {
        None
    }

    /// What later records may refer to it as.
    fn opens(&self, _: At) -> Option<Target> {
        None
    }

    /// Changes the state, and the record that it refers to; returns the cells whose content changed. Most types that only say something change
    /// nothing.
    fn effect(&self, _state: &mut State, _at: At, _target: Option<&mut Target>) -> Changed {
        Changed::default()
    }
}

/// Who may issue statements of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// The account itself.
    Itself,
    /// Account 0.
    Registrar,
    /// The person herself, or an issuer with one of these roles.
    OneOf(&'static [Role]),
    /// By its source: the account itself, or an issuer with the role of the source, for the insurance.
    Source,
    /// The fund named in the entry, for its insurance.
    Fund,
    /// Whoever issued the entry.
    EntryIssuer,
    /// A guardian of the account, or a bureau.
    Guardian,
    /// An issuer with one of these roles for the insurance that *what* names.
    Covering(&'static [Role]),
    /// The grantee of the consent that it refers to.
    Grantee,
    /// The party that the claim is against that it refers to.
    Party,
    /// The account itself, or the bureau of the claim that it refers to.
    ItselfOrBureau,
    /// The account itself, or an issuer with one of these roles.
    ItselfOrOneOf(&'static [Role]),
    /// Whoever issued what it refers to, or an issuer with one of these roles.
    TargetIssuerOrOneOf(&'static [Role]),
}

/// Where an accepted statement stands in its account, and what it is about.
#[derive(Clone, Copy, Debug)]
pub struct At {
    /// The commit's time.
    pub time: Time,
    /// The month of the head.
    pub month: Option<Month>,
    /// Sequence of the record that it becomes.
    pub sequence: u64,
    /// The record that the head refers to.
    pub refers: Option<u64>,
}

/// Hands the facets of a statement to its type, one after another.
pub struct FacetReader<'s> {
    names: &'static [&'static str],
    facets: &'s Facets,
    at: usize,
}

impl FacetReader<'_> {
    /// The next facet as a value.
    ///
    /// # Errors
    /// `malformed-facet`, naming it.
    #[inline]
    pub fn take<T: Cbor>(&mut self) -> Result<T, Refusal> {
        self.take_with(T::decode)
    }

    /// The next facet, read by `read`.
    ///
    /// # Errors
    /// `malformed-facet`, naming it.
    #[inline]
    pub fn take_with<T>(
        &mut self,
        read: impl FnOnce(&mut Reader<'_>) -> Result<T, Malformed>,
    ) -> Result<T, Refusal> {
        let at = self.at;
        self.at += 1;
        let refusal = || Refusal::new(Code::MalformedFacet, self.names.get(at).unwrap_or(&"facets"));
        let mut reader = Reader::new(self.facets.get(at).ok_or_else(refusal)?);
        let value = read(&mut reader).map_err(|_| refusal())?;
        reader.end().map_err(|_| refusal())?;
        Ok(value)
    }
}

macro_rules! kinds {
    ($($number:literal $kind:ident)*) => {
        /// The type of a statement, by its number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[repr(u64)]
        pub enum Type { $(#[doc = stringify!($kind)] $kind = $number,)* }

        impl Type {
            /// All types.
            pub const ALL: &'static [Type] = &[$(Type::$kind,)*];
            /// The type of a number.
            pub fn from_number(number: u64) -> Option<Self> {
                match number { $($number => Some(Type::$kind),)* _ => None }
            }
            /// The name.
            pub fn name(self) -> &'static str {
                match self { $(Type::$kind => $kind::NAME,)* }
            }
            /// Names of the facets, in order.
            pub fn facets(self) -> &'static [&'static str] {
                match self { $(Type::$kind => $kind::FACETS,)* }
            }
            /// Shapes of the facets, in order.
            pub fn shapes(self) -> &'static [Shape] {
                match self { $(Type::$kind => $kind::SHAPES,)* }
            }
            /// Who may issue it.
            pub fn authority(self) -> Authority {
                match self { $(Type::$kind => $kind::AUTHORITY,)* }
            }
            /// Whether records of this type have a target, and whether they have a month.
            pub fn has(self) -> (bool, bool) {
                match self { $(Type::$kind => ($kind::REFERS, $kind::MONTH),)* }
            }
            fn head(self) -> (bool, bool, bool) {
                match self { $(Type::$kind => ($kind::ADDRESSED, $kind::REFERS, $kind::MONTH),)* }
            }
        }

        /// A statement's facets, read.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Body { $(#[doc = stringify!($kind)] $kind($kind),)* }

        impl Body {
            /// The type.
            pub fn kind(&self) -> Type {
                match self { $(Body::$kind(_) => Type::$kind,)* }
            }
            fn read(kind: Type, facets: &mut FacetReader<'_>) -> Result<Self, Refusal> {
                match kind { $(Type::$kind => $kind::read(facets).map(Body::$kind),)* }
            }
            /// The issuer that *who* names; none for a self-opening.
            pub fn issuer(&self) -> Option<Address> {
                match self { $(Body::$kind(body) => body.issuer(),)* }
            }
            pub(crate) fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
                match self { $(Body::$kind(body) => body.judge(scene, statement),)* }
            }
            pub(crate) fn effect(&self, state: &mut State, at: At, target: Option<&mut Target>) -> Changed {
                match self { $(Body::$kind(body) => body.effect(state, at, target),)* }
            }
            /// What later records may refer to it as, if it is recorded at this place.
            pub fn opens(&self, at: At) -> Option<Target> {
                match self { $(Body::$kind(body) => body.opens(at),)* }
            }
            /// The token that it takes, where no two may stand.
            pub fn token(&self) -> Option<Token> {
                match self { $(Body::$kind(body) => body.token(),)* }
            }
            /// What it shows of another ledger.
            pub fn showing(&self) -> Option<&Showing> {
                match self { $(Body::$kind(body) => body.showing(),)* }
            }
            /// The fund, the bureau or the other account that it names.
            pub fn named(&self) -> Option<Address> {
                match self { $(Body::$kind(body) => body.named(),)* }
            }
            /// Its reference, where that must be new: among its issuer's in the account, of statements of the type that is given.
            pub fn reference(&self) -> Option<Used<'_>> {
                let (kind, reference) = match self { $(Body::$kind(body) => (Type::$kind, body.reference()?),)* };
                let kind = if kind.is_payment() { Type::Contribution } else { kind };
                Some(Used { kind, issuer: self.issuer()?.number, reference: reference.as_str() })
            }
            /// Encodes the facets, in order.
            pub fn facets(&self) -> Facets {
                Facets::of(|facets| match self { $(Body::$kind(body) => body.write(facets),)* })
            }
        }
    };
}

kinds! {
    1 Opened
    2 Rotated
    3 Granted
    4 Revoked
    5 Contribution
    6 Settlement
    7 Correction
    8 RecoveryApproved
    9 RecoveryVetoed
    10 RecoveryCompleted
    11 RecoveryChanged
    12 IdentityBound
    13 Engagement
    14 Benefit
    15 Refund
    16 Interest
    17 Claim
    18 Ruling
    19 Departure
    20 Arrival
    21 ConsentGranted
    22 ConsentRevoked
    23 Access
    27 AccountLinked
    29 Erased
    30 Award
    31 RefundReceived
    32 Matching
    33 AccessUnasked
    34 ClaimFor
    35 ClaimAnswered
    36 ClaimClosed
    37 ClaimRemedied
    38 PaidFor
    39 Withdrawn
    40 TransferredOut
    41 TransferredIn
    42 MoveClosed
    43 DepartureApproved
    44 LedgerRecognised
    45 Transcribed
}

/// A reference that must be new: who used it, for which kind of statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used<'b> {
    /// The type; a contribution for all that are contributions.
    pub kind: Type,
    /// Number of the issuer's account.
    pub issuer: u64,
    /// The reference.
    pub reference: &'b str,
}

impl Type {
    /// Whether it is a contribution: by itself, beside another one, or in somebody's name.
    pub fn is_payment(self) -> bool {
        matches!(self, Type::Contribution | Type::Matching | Type::PaidFor)
    }

    /// Whether it is a claim: by the person, or for her.
    pub fn is_claim(self) -> bool {
        matches!(self, Type::Claim | Type::ClaimFor)
    }

    /// Whether it is said to a claim.
    pub fn follows_a_claim(self) -> bool {
        matches!(self, Type::ClaimAnswered | Type::Ruling | Type::ClaimClosed | Type::ClaimRemedied)
    }

    /// Whether its contents can be erased: no state depends on them.
    pub fn can_be_erased(self) -> bool {
        self == Type::Engagement || self.is_claim() || self.follows_a_claim()
    }

    /// The record that has to be erased for the contents of one of this type to go: itself, or the claim that it is said to; none if they stay.
    pub fn erased_with(self, sequence: u64, refers: Option<u64>) -> Option<u64> {
        let whole = if self.follows_a_claim() { refers } else { Some(sequence) };
        whole.filter(|_| self.can_be_erased())
    }

    /// Whether it can be withdrawn.
    pub fn may_be_withdrawn(self) -> bool {
        matches!(self, Type::IdentityBound | Type::AccountLinked | Type::Departure | Type::Transcribed)
    }

    /// Whether the keys of the account are those that a statement of this type gives, until the next such one.
    pub fn gives_keys(self) -> bool {
        matches!(self, Type::Opened | Type::Rotated | Type::RecoveryCompleted | Type::RecoveryChanged)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Cbor for Type {
    #[inline]
    fn encode(&self, w: &mut Writer) {
        w.uint(*self as u64);
    }
    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let fault = r.fault("a statement type");
        Type::from_number(r.uint()?).ok_or(fault)
    }
}

/// Leaf 0 of every statement tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The ledger it is meant for.
    pub origin: Origin,
    /// The account it is about; none for an opening.
    pub address: Option<Address>,
    /// Number of the type, known or not.
    pub kind: u64,
    /// The issuer's clock; for people only.
    pub issued: Time,
    /// The record it is about, by sequence.
    pub refers: Option<u64>,
    /// The month it is about.
    pub month: Option<Month>,
}

impl Cbor for Head {
    fn encode(&self, w: &mut Writer) {
        w.array(6);
        self.origin.encode(w);
        w.optional(self.address.as_ref());
        w.uint(self.kind);
        self.issued.encode(w);
        w.optional(self.refers.as_ref());
        w.optional(self.month.as_ref());
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(6, "a statement head of 6 elements")?;
        Ok(Self {
            origin: Origin::decode(r)?,
            address: r.optional()?,
            kind: u64::decode(r)?,
            issued: Time::decode(r)?,
            refers: r.optional()?,
            month: r.optional()?,
        })
    }
}

/// A statement as sent: a head without the origin (which is the posting's), the seed of the salts, and the facets as encoded items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Seed of the salts of head and facets; random, chosen by the issuer.
    pub seed: Seed,
    /// The account it is about; none for an opening.
    pub address: Option<Address>,
    /// Number of the type, known or not.
    pub kind: u64,
    /// The issuer's clock; for people only.
    pub issued: Time,
    /// The record it is about, by sequence.
    pub refers: Option<u64>,
    /// The month it is about.
    pub month: Option<Month>,
    /// One encoded item each.
    pub facets: Facets,
}

/// The leaf hash of one element of a statement.
pub fn leaf(index: u64, salt: &Seed, value: &[u8]) -> Hash {
    leaf_of(index, salt, |w| w.raw(value))
}

#[inline]
fn leaf_of(index: u64, salt: &Seed, write: impl FnOnce(&mut Writer)) -> Hash {
    tagged(Tag::Statement, 3, |w| write_leaf_of(w, index, salt, write))
}

#[inline]
fn write_leaf_of(w: &mut Writer, index: u64, salt: &Seed, write: impl FnOnce(&mut Writer)) {
    w.uint(index);
    w.bytes(&salt.0);
    write(w);
}

impl Statement {
    /// A statement with this body.
    pub fn new(
        seed: Seed,
        address: Option<Address>,
        issued: Time,
        refers: Option<u64>,
        month: Option<Month>,
        body: &Body,
    ) -> Self {
        Self { seed, address, kind: body.kind() as u64, issued, refers, month, facets: body.facets() }
    }

    /// The head, in a ledger.
    pub fn head(&self, origin: &Origin) -> Head {
        Head {
            origin: origin.clone(),
            address: self.address,
            kind: self.kind,
            issued: self.issued,
            refers: self.refers,
            month: self.month,
        }
    }

    /// The salt and the encoded value of each leaf, the head first.
    pub fn leaves(&self, origin: &Origin) -> Vec<(Seed, Vec<u8>)> {
        let values =
            std::iter::once(self.head(origin).to_bytes()).chain(self.facets.iter().map(<[u8]>::to_vec));
        values.enumerate().map(|(i, value)| (derive(&self.seed, i as u64), value)).collect()
    }

    /// The statement root: of the tree over head and facets.
    pub fn root(&self, origin: &Origin) -> Hash {
        let count = 1 + self.facets.len();
        // All salts first, then all leaves: what does not wait for each other, a processor works on side by side.
        let mut salts = [Seed::default(); 1 + MAX_FACETS as usize];
        for (index, salt) in salts[..count].iter_mut().enumerate() {
            *salt = derive(&self.seed, index as u64);
        }
        let mut leaves = [Hash::default(); 1 + MAX_FACETS as usize];
        for (index, (place, salt)) in leaves[..count].iter_mut().zip(&salts).enumerate() {
            *place = leaf_of(index as u64, salt, |w| self.write_leaf(origin, index, w));
        }
        tree::root(&leaves[..count])
    }

    /// The statement roots of many, in their order.
    pub fn roots(statements: &[Self], origin: &Origin) -> Vec<Hash> {
        let mut roots = Vec::with_capacity(statements.len());
        let (twos, one) = statements.as_chunks::<2>();
        for two in twos {
            match Self::two_roots(two, origin) {
                Some(both) => roots.extend(both),
                None => roots.extend(two.iter().map(|s| s.root(origin))),
            }
        }
        roots.extend(one.iter().map(|s| s.root(origin)));
        roots
    }

    /// The roots of two with the same number of facets, hash by hash side by side.
    fn two_roots(two: &[Self; 2], origin: &Origin) -> Option<[Hash; 2]> {
        let [a, b] = two;
        let count = 1 + a.facets.len();
        if a.facets.len() != b.facets.len() {
            return None;
        }
        let mut leaves = [[Hash::default(); 2]; 1 + MAX_FACETS as usize];
        for (index, places) in leaves[..count].iter_mut().enumerate() {
            let salts = derive_two([&a.seed, &b.seed], index as u64);
            *places = tagged_two(Tag::Statement, 3, |which, w| {
                write_leaf_of(w, index as u64, &salts[which], |w| two[which].write_leaf(origin, index, w));
            });
        }
        Some(tree::root_of_two(&leaves[..count]))
    }

    /// Writes the value of a leaf: of the head, or of a facet.
    #[inline]
    fn write_leaf(&self, origin: &Origin, index: usize, w: &mut Writer) {
        match index.checked_sub(1) {
            None => self.head(origin).encode(w),
            Some(facet) => w.raw(self.facets.get(facet).unwrap_or_default()),
        }
    }

    /// Reads the facets as the type demands.
    ///
    /// # Errors
    /// `unknown-type` or `malformed-facet`, in this order. Ranges of amounts are judged with the rules.
    pub fn body(&self) -> Result<Body, Refusal> {
        let kind = Type::from_number(self.kind).ok_or_else(|| Refusal::new(Code::UnknownType, "type"))?;
        let present = [
            ("address", self.address.is_some()),
            ("refers", self.refers.is_some()),
            ("month", self.month.is_some()),
        ];
        let (addressed, refers, month) = kind.head();
        for ((field, is), must) in present.into_iter().zip([addressed, refers, month]) {
            if is != must {
                return Err(Refusal::new(Code::MalformedFacet, field));
            }
        }
        let names = kind.facets();
        if self.facets.len() != names.len() {
            return Err(Refusal::new(Code::MalformedFacet, "facets"));
        }
        Body::read(kind, &mut FacetReader { names, facets: &self.facets, at: 0 })
    }
}

impl Cbor for Statement {
    fn encode(&self, w: &mut Writer) {
        w.array(7);
        self.seed.encode(w);
        w.optional(self.address.as_ref());
        w.uint(self.kind);
        self.issued.encode(w);
        w.optional(self.refers.as_ref());
        w.optional(self.month.as_ref());
        self.facets.encode(w);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(7, "a statement of 7 elements")?;
        let seed = Seed::decode(r)?;
        let address = r.optional()?;
        let kind = u64::decode(r)?;
        let issued = Time::decode(r)?;
        let refers = r.optional()?;
        let month = r.optional()?;
        Ok(Self { seed, address, kind, issued, refers, month, facets: Facets::decode(r)? })
    }
}
