//! Archives: a whole account as a ZIP file that needs no PEAL software to read.
//!
//! 1. [`make`] puts the proof file and the views of it for people beside each other, with a manifest of their hashes.
//! 2. [`check`] takes nothing on trust but a trust list: the proof is verified, and every view must be what the proof gives, byte for byte.
//!
//! The same account under the same head gives the same bytes. Source: `spec/archive.md`.

use std::collections::BTreeMap;

use peal_spec::cbor::Cbor as _;
use peal_spec::copy::{self, Copy, Selection, Show};
use peal_spec::hash::plain;
use peal_spec::proof::{self, BadFile, Proof};
use peal_spec::trust::{MAX_LIST, Trust};
use peal_spec::value::Time;
use peal_spec::verify::{self, Failure, Verdict};
use serde::Deserialize;
use serde_json::json;

use crate::carried::{BadHistory, demand_whole};

mod contents;
mod pack;
mod views;

/// The format's name, in the manifest.
pub const FORMAT: &str = "peal archive 1";
/// The most bytes in an archive.
pub const MAX_FILE: usize = 256 << 20;
/// The most bytes in one of its members.
pub const MAX_MEMBER: usize = 64 << 20;

/// What an archive is and how to read it, for people.
const README: &str = include_str!("README.txt");
/// The grammar of `account.peal` and `copy.cbor`.
const GRAMMAR: &str = include_str!("../../../spec/peal.cddl");

const MANIFEST: &str = "manifest.json";
const ACCOUNT: &str = "account.peal";
const COPY: &str = "copy.cbor";
const TRUST: &str = "trust.txt";

/// The members, in their order, and their media types. The copy may be left out; the others are always there.
const MEMBERS: [(&str, &str); 10] = [
    ("README.txt", "text/plain; charset=utf-8"),
    ("account.json", "application/json"),
    (ACCOUNT, proof::MEDIA_TYPE),
    ("contributions.csv", "text/csv; charset=utf-8; header=present"),
    (COPY, copy::MEDIA_TYPE),
    (MANIFEST, "application/json"),
    ("months.csv", "text/csv; charset=utf-8; header=present"),
    ("peal.cddl", "text/plain; charset=utf-8"),
    ("records.csv", "text/csv; charset=utf-8; header=present"),
    (TRUST, "text/plain; charset=utf-8"),
];

/// The members of an archive, by name. Their order is that of the file.
type Members = BTreeMap<&'static str, Vec<u8>>;

/// Why an archive is not to be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadArchive {
    /// No archive at all, or of another format.
    #[error("this is not a PEAL archive: {0}")]
    Foreign(String),
    /// What is wrong with it: a step of the verifier, or one of `spec/archive.md`.
    #[error(transparent)]
    NotValid(#[from] Failure),
}

fn fail<T>(name: &'static str, detail: impl Into<String>) -> Result<T, Failure> {
    Err(Failure { name, detail: detail.into() })
}

impl From<BadHistory> for BadArchive {
    fn from(bad: BadHistory) -> Self {
        match bad {
            BadHistory::Foreign => Self::NotValid(Failure { name: "damaged", detail: bad.to_string() }),
            BadHistory::Failure(failure) => Self::NotValid(failure),
        }
    }
}

/// A proof file with what it shows under a trust list at the time of its own head, which is the same whenever it is asked.
struct Account {
    proof: Proof,
    verdict: Verdict,
}

impl Account {
    fn of(file: &[u8], trust: &Trust) -> Result<Self, BadHistory> {
        let proof = Proof::from_file(file).map_err(|e| match e {
            BadFile::Foreign => BadHistory::Foreign,
            BadFile::Damaged(detail) => BadHistory::Failure(Failure { name: "damaged", detail }),
        })?;
        let verdict = verify::verify(&proof, trust, proof.head.commit.time)?;
        demand_whole(&proof, &verdict)?;
        Ok(Self { proof, verdict })
    }

    /// The members that follow from it alone.
    fn views(&self) -> Result<[(&'static str, Vec<u8>); 4], Failure> {
        let Self { proof, verdict } = self;
        Ok([
            ("account.json", views::account(verdict)?),
            ("contributions.csv", views::contributions(proof, verdict)?),
            ("months.csv", views::months(verdict)?),
            ("records.csv", views::records(proof)?),
        ])
    }

    /// The manifest of the other members.
    fn manifest(&self, members: &Members) -> Result<Vec<u8>, Failure> {
        let v = &self.verdict;
        let listed = MEMBERS.iter().filter_map(|(name, media)| Some((name, media, members.get(name)?)));
        let listed: Vec<_> = listed
            .filter(|(name, ..)| **name != MANIFEST)
            .map(|(name, media, bytes)| {
                json!({ "name": name, "media_type": media, "bytes": bytes.len(), "sha256": plain(bytes).to_string() })
            })
            .collect();
        views::pretty(json!({
            "format": FORMAT, "origin": v.origin, "address": v.address, "records": v.records.total,
            "checkpoint": { "size": v.size, "time": v.time }, "members": listed,
        }))
    }
}

/// Makes an archive of a whole account: of its proof file, of the owner's copy if she wants it in, and of what is trusted about its ledger.
///
/// # Errors
/// [`BadArchive`]: the proof is not valid under that list, does not show everything, or is too large.
pub fn make(file: &[u8], copy: Option<&Copy>, trust: &Trust) -> Result<Vec<u8>, BadArchive> {
    let account = Account::of(file, trust)?;
    let own = trust.ledgers.iter().filter(|l| l.origin.to_string() == account.verdict.origin);
    let own = Trust { ledgers: own.cloned().collect() };
    let mut members: Members = account.views()?.into_iter().collect();
    members.insert(ACCOUNT, file.to_vec());
    members.insert("README.txt", README.into());
    members.insert("peal.cddl", GRAMMAR.into());
    members.insert(TRUST, own.to_string().into_bytes());
    if let Some(copy) = copy {
        members.insert(COPY, copy.to_bytes());
    }
    members.insert(MANIFEST, account.manifest(&members)?);
    Ok(pack::write(&members)?)
}

/// What a good archive holds.
#[derive(Debug)]
pub struct Checked {
    /// What the proof file shows, under the list that was given, else under the one inside.
    pub verdict: Verdict,
    /// Whether the list was given; the one inside says only that archive and list agree.
    pub given: bool,
    /// Names and bytes of the members.
    pub members: Vec<(&'static str, usize)>,
    /// Whether the owner's copy is inside.
    pub copy: bool,
    /// Texts for people that are not those of this program: another version's, or somebody else's.
    pub foreign_texts: Vec<&'static str>,
    /// The proof file.
    pub proof: Vec<u8>,
}

/// The manifest, as far as it must be read before anything can be said.
#[derive(Deserialize)]
struct Manifest {
    format: String,
    #[serde(default)]
    members: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    bytes: usize,
    sha256: String,
}

/// The members are those that the manifest lists.
fn check_hashes(members: &Members) -> Result<(), BadArchive> {
    let foreign = |what: &str| BadArchive::Foreign(what.into());
    let manifest = members.get(MANIFEST).ok_or_else(|| foreign("it has no manifest.json"))?;
    let manifest: Manifest =
        serde_json::from_slice(manifest).map_err(|_| foreign("its manifest.json cannot be read"))?;
    if manifest.format != FORMAT {
        return Err(foreign(
            "its manifest.json is not of the format `peal archive 1`; a later version may read it",
        ));
    }
    for (name, _) in MEMBERS.iter().filter(|(name, _)| *name != MANIFEST) {
        let mut listed = manifest.members.iter().filter(|listed| listed.name == *name);
        match (members.get(name), listed.next()) {
            (None, None) if *name == COPY => {}
            (None, _) => fail("damaged", format!("{name} is missing"))?,
            (Some(_), None) => fail("damaged", format!("{name} is not in the manifest"))?,
            (Some(bytes), Some(listed)) => {
                if bytes.len() != listed.bytes || plain(bytes).to_string() != listed.sha256 {
                    fail("damaged", format!("{name} is not what the manifest says"))?;
                }
            }
        }
    }
    Ok(())
}

/// Steps 1 and 2 of `spec/archive.md`: the members, which are those that the manifest lists, and nothing else is in the file.
fn read(zip: &[u8]) -> Result<Members, BadArchive> {
    let members = pack::read(zip)?;
    // Before the bytes of the file: whoever changed a member is told so, and not that it was packed anew.
    check_hashes(&members)?;
    if pack::write(&members)? != zip {
        fail("repacked", "it was cut, or packed by another program: what others unpack of it may differ")?;
    }
    Ok(members)
}

/// Checks an archive under a trust list, or under the one inside, at the time `now`.
///
/// # Errors
/// [`BadArchive::Foreign`]: it cannot be read. [`BadArchive::NotValid`]: the first step that fails.
pub fn check(zip: &[u8], given: Option<&Trust>, now: Time) -> Result<Checked, BadArchive> {
    let members = read(zip)?;
    let member = |name| members.get(name).map(Vec::as_slice).unwrap_or_default();
    let inside = std::str::from_utf8(member(TRUST)).ok().filter(|text| text.len() <= MAX_LIST);
    let inside: Option<Trust> = inside.and_then(|text| text.parse().ok());
    let Some(inside) = inside else { return Ok(fail("bad-trust", "trust.txt is not a trust list")?) };
    let file = member(ACCOUNT);
    let verdict = verify::verify_file(file, given.unwrap_or(&inside), now)
        .map_err(|e| e.map_or(BadHistory::Foreign, BadHistory::Failure))?;
    // The views say what the list inside makes of the proof, at the time of its head.
    let account = Account::of(file, &inside)?;
    for (name, bytes) in account.views()? {
        if member(name) != bytes {
            fail("bad-view", format!("{name} does not say what account.peal says"))?;
        }
    }
    if inside.to_string().as_bytes() != member(TRUST) || inside.ledgers.len() != 1 {
        fail("bad-trust", "trust.txt is not the list of this one ledger")?;
    }
    if account.manifest(&members)? != member(MANIFEST) {
        fail("bad-manifest", "manifest.json does not say what account.peal says")?;
    }
    if let Some(bytes) = members.get(COPY) {
        check_copy(bytes, file)?;
    }
    let texts = [("README.txt", README), ("peal.cddl", GRAMMAR)];
    let foreign_texts = texts.into_iter().filter(|(name, text)| member(*name) != text.as_bytes());
    Ok(Checked {
        verdict,
        given: given.is_some(),
        copy: members.contains_key(COPY),
        foreign_texts: foreign_texts.map(|(name, _)| name).collect(),
        members: members.iter().map(|(name, bytes)| (*name, bytes.len())).collect(),
        proof: file.to_vec(),
    })
}

/// The copy must make the very proof that stands beside it.
fn check_copy(bytes: &[u8], file: &[u8]) -> Result<(), Failure> {
    let Ok(copy) = Copy::from_bytes(bytes) else {
        return fail("bad-copy", "copy.cbor is not an account copy");
    };
    if !copy.consistency.is_empty() {
        return fail("bad-copy", "copy.cbor has a consistency proof, which says nothing here");
    }
    let proof = copy.prove(&Selection { show: Show::Whole, withhold: Vec::new() });
    match proof {
        Err(e) => fail("bad-copy", format!("copy.cbor does not hold: {e}")),
        Ok(proof) if proof.to_file() != file => fail("bad-copy", "copy.cbor does not make account.peal"),
        Ok(_) => Ok(()),
    }
}
