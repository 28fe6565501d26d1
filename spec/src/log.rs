//! The leaves of the log and of the directory. Source: `spec/README.md` §3 and §10.

use crate::address::NUMBER_LIMIT;
use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::hash::{Hash, SUITE, Seed, Tag, VERSION, tagged, tagged_data, tagged_two};
use crate::tree::{BadProof, check_inclusion};
use crate::value::Time;

/// A leaf of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLeaf {
    /// A salted commitment to one record.
    Record(Hash),
    /// The end of a commit.
    Commit(Commit),
}

/// The end of a commit: what the directory is after it, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Commit {
    /// Number of accounts.
    pub directory_size: u64,
    /// Root of the directory.
    pub directory_root: Hash,
    /// The commit's time; never decreases.
    pub time: Time,
}

impl LogLeaf {
    /// The log entry: leaf data as served in entry bundles.
    pub fn data(&self) -> Vec<u8> {
        tagged_data(Tag::Log, self.fields(), |w| self.encode_fields(w))
    }

    /// The leaf hash.
    pub fn leaf(&self) -> Hash {
        tagged(Tag::Log, self.fields(), |w| self.encode_fields(w))
    }

    /// The leaf hashes of two.
    pub fn leaves(two: [&Self; 2]) -> [Hash; 2] {
        let [a, b] = two;
        if a.fields() != b.fields() {
            return two.map(Self::leaf);
        }
        tagged_two(Tag::Log, a.fields(), |which, w| two[which].encode_fields(w))
    }

    fn fields(&self) -> u64 {
        match self {
            LogLeaf::Record(_) => 2,
            LogLeaf::Commit(_) => 4,
        }
    }

    fn encode_fields(&self, w: &mut Writer) {
        match self {
            LogLeaf::Record(commitment) => {
                w.uint(0);
                commitment.encode(w);
            }
            LogLeaf::Commit(commit) => {
                w.uint(1);
                w.uint(commit.directory_size);
                commit.directory_root.encode(w);
                commit.time.encode(w);
            }
        }
    }
}

impl Cbor for LogLeaf {
    fn encode(&self, w: &mut Writer) {
        w.raw(&self.data());
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let fault = r.fault("a log leaf");
        let length = r.array()?;
        r.expect(SUITE, "suite 1")?;
        r.expect(Tag::Log as u64, "tree 5")?;
        r.expect(VERSION, "version 1")?;
        match (r.uint()?, length) {
            (0, 5) => Ok(LogLeaf::Record(Hash::decode(r)?)),
            (1, 7) => Ok(LogLeaf::Commit(Commit {
                directory_size: u64::decode(r)?,
                directory_root: Hash::decode(r)?,
                time: Time::decode(r)?,
            })),
            _ => Err(fault),
        }
    }
}

/// The last log leaf of a checkpoint, with its place proved: the way from a checkpoint to the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The commit leaf.
    pub commit: Commit,
    /// Its inclusion path at index size − 1.
    pub path: Vec<Hash>,
}

impl Head {
    /// Checks it against the checkpoint's size and root.
    ///
    /// # Errors
    /// [`BadProof`] unless the last leaf of that log is this commit.
    pub fn check(&self, size: u64, root: &Hash) -> Result<(), BadProof> {
        let last = size.checked_sub(1).ok_or(BadProof("inclusion"))?;
        check_inclusion(&LogLeaf::Commit(self.commit).leaf(), last, size, &self.path, root)
    }
}

impl Cbor for Head {
    fn encode(&self, w: &mut Writer) {
        w.array(4);
        w.uint(self.commit.directory_size);
        self.commit.directory_root.encode(w);
        self.commit.time.encode(w);
        w.list(&self.path);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(4, "a head of 4 elements")?;
        let commit = Commit {
            directory_size: u64::decode(r)?,
            directory_root: Hash::decode(r)?,
            time: Time::decode(r)?,
        };
        Ok(Self { commit, path: r.list()? })
    }
}

/// A leaf of the directory: the head of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryLeaf {
    /// Number of the account, and its place in the directory.
    pub number: u64,
    /// Keeps outsiders from guessing; changes with every record.
    pub blind: Seed,
    /// Id of the account.
    pub id: Hash,
    /// Number of its records.
    pub size: u64,
    /// Root of its tree.
    pub root: Hash,
}

impl DirectoryLeaf {
    /// The leaf hash.
    pub fn leaf(&self) -> Hash {
        tagged(Tag::Directory, 5, |w| self.encode_fields(w))
    }

    /// The leaf hashes of two.
    pub fn leaves(two: [&Self; 2]) -> [Hash; 2] {
        tagged_two(Tag::Directory, 5, |which, w| two[which].encode_fields(w))
    }

    fn encode_fields(&self, w: &mut Writer) {
        debug_assert!(self.number < NUMBER_LIMIT);
        w.uint(self.number);
        w.bytes(&self.blind.0);
        self.id.encode(w);
        w.uint(self.size);
        self.root.encode(w);
    }

    /// Checks that it stands in the directory that a commit names.
    ///
    /// # Errors
    /// [`BadProof`] if it does not.
    pub fn check(&self, commit: &Commit, path: &[Hash]) -> Result<(), BadProof> {
        check_inclusion(&self.leaf(), self.number, commit.directory_size, path, &commit.directory_root)
    }
}
