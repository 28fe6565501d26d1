//! Proof files: part of an account's history with all it takes to check it. Source: `spec/README.md` §14.

use crate::address::Address;
use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::hash::{self, Hash, Seed};
use crate::log::{DirectoryLeaf, Head};
use crate::posting;
use crate::record::Record;
use crate::state::{self, Cell};
use crate::statement;
use crate::tree::{self, BadProof, check_inclusion};

const TITLE: &str = "peal proof 1";
const END: &str = "end of peal proof";
/// The most bytes in a proof file.
pub const MAX_FILE: usize = 64 << 20;
/// The media type of a proof file.
pub const MEDIA_TYPE: &str = "application/peal-proof+cbor";

/// One leaf of a statement: shown with its salt, or as its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Facet {
    /// Salt and encoded value.
    Shown(Seed, Vec<u8>),
    /// Leaf hash.
    Withheld(Hash),
}

impl Cbor for Facet {
    fn encode(&self, w: &mut Writer) {
        match self {
            Facet::Shown(salt, value) => {
                w.array(2);
                salt.encode(w);
                w.raw(value);
            }
            Facet::Withheld(hash) => hash.encode(w),
        }
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        if let Ok(hash) = Hash::decode(&mut r.clone()) {
            Hash::decode(r)?;
            return Ok(Facet::Withheld(hash));
        }
        r.array_of(2, "a salt and a value, or a hash")?;
        Ok(Facet::Shown(Seed::decode(r)?, r.item()?.to_vec()))
    }
}

impl Facet {
    /// The leaf hash at place `index`.
    pub fn leaf(&self, index: u64) -> Hash {
        match self {
            Facet::Shown(salt, value) => statement::leaf(index, salt, value),
            Facet::Withheld(hash) => *hash,
        }
    }

    /// The encoded value, if shown.
    pub fn value(&self) -> Option<&[u8]> {
        match self {
            Facet::Shown(_, value) => Some(value),
            Facet::Withheld(_) => None,
        }
    }
}

/// The leaves of a statement, the head first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening(pub Vec<Facet>);

impl Opening {
    /// The statement root that they give.
    pub fn root(&self) -> Hash {
        let leaves: Vec<Hash> = self.0.iter().enumerate().map(|(i, f)| f.leaf(i as u64)).collect();
        tree::root(&leaves)
    }
}

impl Cbor for Opening {
    fn encode(&self, w: &mut Writer) {
        w.list(&self.0);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let fault = r.fault("1 to 17 leaves of a statement");
        let leaves: Vec<Facet> = r.list()?;
        if leaves.is_empty() || leaves.len() as u64 > statement::MAX_FACETS + 1 {
            return Err(fault);
        }
        Ok(Self(leaves))
    }
}

/// The way from a record to its signed posting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Which posting of the proof's list.
    pub posting: u64,
    /// Inclusion path of the statement in the posting tree.
    pub path: Vec<Hash>,
}

impl Cbor for Link {
    fn encode(&self, w: &mut Writer) {
        w.array(2);
        w.uint(self.posting);
        w.list(&self.path);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(2, "a link of 2 elements")?;
        Ok(Self { posting: Cbor::decode(r)?, path: r.list()? })
    }
}

/// One cell of a state, opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellOpening {
    /// Number of cells.
    pub cells: u64,
    /// Place among them.
    pub index: u64,
    /// Its salt.
    pub salt: Seed,
    /// Its content.
    pub cell: Cell,
    /// Inclusion path in the state tree.
    pub path: Vec<Hash>,
}

impl CellOpening {
    /// Checks it against a state root.
    ///
    /// # Errors
    /// [`BadProof`] if the cell is not in that state, or a control or roles cell is not at its place.
    pub fn check(&self, state_root: &Hash) -> Result<(), BadProof> {
        let place = self.index as usize;
        let fits = match self.cell {
            Cell::Control(_) => place == state::CONTROL,
            Cell::Roles(_) => place == state::ROLES,
            Cell::Totals(_)
            | Cell::Months { .. }
            | Cell::Recovery(_)
            | Cell::Flows(_)
            | Cell::Leaving(_)
            | Cell::Arrivals(_)
            | Cell::Ledgers(_) => self.index > state::ROLES as u64,
        };
        if !fits {
            return Err(BadProof("state"));
        }
        check_inclusion(
            &state::leaf(self.index, &self.salt, &self.cell),
            self.index,
            self.cells,
            &self.path,
            state_root,
        )
    }
}

impl Cbor for CellOpening {
    fn encode(&self, w: &mut Writer) {
        w.array(5);
        w.uint(self.cells);
        w.uint(self.index);
        self.salt.encode(w);
        self.cell.encode(w);
        w.list(&self.path);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(5, "an opened cell of 5 elements")?;
        Ok(Self {
            cells: Cbor::decode(r)?,
            index: Cbor::decode(r)?,
            salt: Cbor::decode(r)?,
            cell: Cbor::decode(r)?,
            path: r.list()?,
        })
    }
}

/// A record that is shown: as a header, or with its statement, its signature and cells of its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The record.
    pub record: Record,
    /// Its statement, whole or in part; none for a header.
    pub opening: Option<Opening>,
    /// The way to its posting.
    pub link: Option<Link>,
    /// Cells of the state after it.
    pub cells: Vec<CellOpening>,
}

impl Cbor for Shown {
    fn encode(&self, w: &mut Writer) {
        w.array(4);
        self.record.encode(w);
        w.optional(self.opening.as_ref());
        w.optional(self.link.as_ref());
        w.list(&self.cells);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(4, "a record shown, of 4 elements")?;
        Ok(Self { record: Cbor::decode(r)?, opening: r.optional()?, link: r.optional()?, cells: r.list()? })
    }
}

/// Some records of one account, tied to the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The account.
    pub address: Address,
    /// Blind of its directory leaf.
    pub blind: Seed,
    /// Number of its records.
    pub size: u64,
    /// Inclusion path in the directory.
    pub directory_path: Vec<Hash>,
    /// Records shown, by sequence.
    pub shown: Vec<Shown>,
    /// Set proof of them in the account tree.
    pub path: Vec<Hash>,
}

impl View {
    /// The directory leaf that it claims, given the account tree's root.
    fn leaf(&self, root: Hash) -> DirectoryLeaf {
        DirectoryLeaf {
            number: self.address.number,
            blind: self.blind,
            id: self.address.id,
            size: self.size,
            root,
        }
    }

    /// Checks directory and account tree. The account's root is not sent: it is what the records and the set proof give.
    ///
    /// # Errors
    /// [`BadProof`] names the tree that fails.
    pub fn check(&self, head: &Head) -> Result<(), BadProof> {
        let leaves: Vec<(u64, Hash)> =
            self.shown.iter().map(|s| (s.record.sequence, s.record.leaf())).collect();
        let root = tree::set_root(&leaves, self.size, &self.path)?;
        self.leaf(root).check(&head.commit, &self.directory_path)
    }
}

impl Cbor for View {
    fn encode(&self, w: &mut Writer) {
        w.array(7);
        w.uint(self.address.number);
        self.address.id.encode(w);
        self.blind.encode(w);
        w.uint(self.size);
        w.list(&self.directory_path);
        w.list(&self.shown);
        w.list(&self.path);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(7, "a view of 7 elements")?;
        let number = r.below(crate::address::NUMBER_LIMIT, "an account number below 2^40")?;
        let address = Address { number, id: Hash::decode(r)? };
        let (blind, size, directory_path) = (Seed::decode(r)?, u64::decode(r)?, r.list()?);
        let fault = r.fault("at least one record");
        let shown: Vec<Shown> = r.list()?;
        if shown.is_empty() {
            return Err(fault);
        }
        Ok(Self { address, blind, size, directory_path, shown, path: r.list()? })
    }
}

/// A proof: what a `.peal` file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The signed and cosigned checkpoint.
    pub checkpoint: String,
    /// The way from it to the directory.
    pub head: Head,
    /// The account it is about.
    pub subject: View,
    /// Signed postings (COSE_Sign1).
    pub postings: Vec<Vec<u8>>,
    /// Issuers' accounts, for their keys and roles.
    pub issuers: Vec<View>,
}

impl Cbor for Proof {
    fn encode(&self, w: &mut Writer) {
        w.array(5);
        w.text(&self.checkpoint);
        self.head.encode(w);
        self.subject.encode(w);
        w.list(&self.postings);
        w.list(&self.issuers);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(5, "a proof of 5 elements")?;
        Ok(Self {
            checkpoint: r.text()?.to_owned(),
            head: Cbor::decode(r)?,
            subject: Cbor::decode(r)?,
            postings: posting::read_list(r)?,
            issuers: r.list()?,
        })
    }
}

/// A file that is not a good proof file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFile {
    /// No proof file at all.
    #[error("this is not a PEAL proof file")]
    Foreign,
    /// A proof file that was changed or cut on its way.
    #[error("the file is damaged ({0}): ask for it again")]
    Damaged(String),
}

impl Proof {
    /// The bytes of a `.peal` file.
    pub fn to_file(&self) -> Vec<u8> {
        let body = self.to_bytes();
        let mut w = Writer::with_capacity(body.len() + 96);
        w.array(4);
        w.text(TITLE);
        w.bytes(&body);
        hash::plain(&body).encode(&mut w);
        w.text(END);
        w.into_bytes()
    }

    /// Reads a `.peal` file.
    ///
    /// # Errors
    /// [`BadFile::Foreign`] if neither its beginning nor its end is that of a proof file, else [`BadFile::Damaged`].
    pub fn from_file(file: &[u8]) -> Result<Self, BadFile> {
        let mut start = Writer::default();
        start.array(4);
        start.text(TITLE);
        let mut end = Writer::default();
        end.text(END);
        if !file.starts_with(&start.into_bytes()) && !file.ends_with(&end.into_bytes()) {
            return Err(BadFile::Foreign);
        }
        if file.len() > MAX_FILE {
            return Err(BadFile::Damaged("longer than 64 MiB".into()));
        }
        let read = || -> Result<Self, Malformed> {
            let mut r = Reader::new(file);
            r.array_of(4, "a file of 4 elements")?;
            let fault = r.fault("`peal proof 1`");
            if r.text()? != TITLE {
                return Err(fault);
            }
            let body = r.bytes()?;
            let fault = r.fault("the digest of the body");
            if Hash::decode(&mut r)? != hash::plain(body) {
                return Err(fault);
            }
            let fault = r.fault("`end of peal proof`");
            if r.text()? != END {
                return Err(fault);
            }
            r.end()?;
            Self::from_bytes(body)
        };
        read().map_err(|m| BadFile::Damaged(m.to_string()))
    }
}
