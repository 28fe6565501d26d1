//! Postings: many statements under one signature.
//!
//! The signed part is a COSE_Sign1 (RFC 9052) of one exact shape: its bytes are built and compared, never interpreted loosely.
//! Source: `spec/README.md` §6.

use bytes::Bytes;

use crate::address::Address;
use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::hash::{Hash, SUITE, Seed, Tag, tagged, tagged_two};
use crate::key::{PrivateKey, PublicKey};
use crate::refusal::{Code, Refusal};
use crate::statement::Statement;
use crate::tree;
use crate::value::{Origin, Time};

/// The most statements in a posting.
pub const MAX_STATEMENTS: u64 = 100_000;
/// The media type of a posting, which is also the protected content type.
pub const MEDIA_TYPE: &str = "application/peal-posting+cbor";

const EXTERNAL_AAD: &[u8] = b"peal posting v1";
/// COSE algorithm: Ed25519 (RFC 9864).
const ED25519: i64 = -19;
const COSE_SIGN1: u64 = 18;

/// What the issuer signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The ledger it is meant for.
    pub origin: Origin,
    /// Who says all this; none for a person who opens her own account.
    pub issuer: Option<Address>,
    /// Chosen by the issuer; names this posting among the issuer's.
    pub id: Seed,
    /// The issuer's clock.
    pub time: Time,
    /// Number of statements.
    pub count: u64,
    /// Root of the posting tree.
    pub root: Hash,
    /// Whether one refused statement refuses all.
    pub all_or_nothing: bool,
}

impl Cbor for Payload {
    fn encode(&self, w: &mut Writer) {
        w.array(8);
        w.uint(SUITE);
        self.origin.encode(w);
        w.optional(self.issuer.as_ref());
        self.id.encode(w);
        self.time.encode(w);
        w.uint(self.count);
        self.root.encode(w);
        w.bool(self.all_or_nothing);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(8, "a payload of 8 elements")?;
        r.expect(SUITE, "suite 1")?;
        Ok(Self {
            origin: Origin::decode(r)?,
            issuer: r.optional()?,
            id: Seed::decode(r)?,
            time: Time::decode(r)?,
            count: u64::decode(r)?,
            root: Hash::decode(r)?,
            all_or_nothing: r.bool()?,
        })
    }
}

/// The signed part of a posting: a COSE_Sign1 and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What is signed.
    pub payload: Payload,
    /// The public key it is signed with.
    pub kid: PublicKey,
    signature: [u8; 64],
    cose: Vec<u8>,
}

fn protected(kid: &PublicKey) -> Vec<u8> {
    let mut w = Writer::with_capacity(80);
    w.map(3);
    w.uint(1);
    w.int(ED25519);
    w.uint(3);
    w.text(MEDIA_TYPE);
    w.uint(4);
    w.bytes(&kid.0);
    w.into_bytes()
}

/// What the signature is over (RFC 9052 §4.4).
fn to_be_signed(kid: &PublicKey, payload: &[u8]) -> Vec<u8> {
    let mut w = Writer::with_capacity(payload.len() + 128);
    w.array(4);
    w.text("Signature1");
    w.bytes(&protected(kid));
    w.bytes(EXTERNAL_AAD);
    w.bytes(payload);
    w.into_bytes()
}

impl Signed {
    /// Signs a payload.
    pub fn sign(payload: Payload, key: &PrivateKey) -> Self {
        let kid = key.public();
        let bytes = payload.to_bytes();
        let signature = key.sign(&to_be_signed(&kid, &bytes));
        let mut w = Writer::with_capacity(bytes.len() + 160);
        w.tag(COSE_SIGN1);
        w.array(4);
        w.bytes(&protected(&kid));
        w.map(0);
        w.bytes(&bytes);
        w.bytes(&signature);
        Self { payload, kid, signature, cose: w.into_bytes() }
    }

    /// Reads a COSE_Sign1; the signature is not checked yet.
    ///
    /// # Errors
    /// [`Malformed`] for every other shape, header or encoding.
    pub fn read(cose: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(cose);
        r.tag(COSE_SIGN1)?;
        r.array_of(4, "a COSE_Sign1 of 4 elements")?;
        let header = r.bytes()?;
        r.map_of(0)?;
        let payload = r.bytes()?;
        let signature = r.bytes()?;
        r.end()?;
        let mut h = Reader::new(header);
        h.map_of(3)?;
        h.expect(1, "header 1, the algorithm")?;
        if h.int()? != ED25519 {
            return Err(h.fault("algorithm -19"));
        }
        h.expect(3, "header 3, the content type")?;
        if h.text()? != MEDIA_TYPE {
            return Err(h.fault("the content type of a posting"));
        }
        h.expect(4, "header 4, the key")?;
        let kid = PublicKey::decode(&mut h)?;
        h.end()?;
        let signature = signature
            .try_into()
            .map_err(|_| Malformed { at: cose.len(), what: "a signature of 64 bytes" })?;
        Ok(Self { payload: Payload::from_bytes(payload)?, kid, signature, cose: cose.to_vec() })
    }

    /// The COSE_Sign1.
    pub fn cose(&self) -> &[u8] {
        &self.cose
    }

    /// The same, without the rest.
    pub fn into_cose(self) -> Vec<u8> {
        self.cose
    }

    /// The name of the posting everywhere: hash no 9 of the COSE_Sign1.
    pub fn digest(&self) -> Hash {
        tagged(Tag::Digest, 1, |w| w.bytes(&self.cose))
    }

    /// Whether the signature verifies, strictly.
    pub fn verifies(&self) -> bool {
        self.kid.verifies(&to_be_signed(&self.kid, &self.payload.to_bytes()), &self.signature)
    }
}

/// Reads a list of COSE_Sign1, each at least as long as the shortest that there can be.
pub(crate) fn read_list(r: &mut Reader<'_>) -> Result<Vec<Vec<u8>>, Malformed> {
    let count = r.array()?;
    let mut list = Vec::new();
    for _ in 0..count {
        let fault = r.fault("a COSE_Sign1 of at least 200 bytes");
        let cose = r.bytes()?;
        if cose.len() < 200 {
            return Err(fault);
        }
        list.push(cose.to_vec());
    }
    Ok(list)
}

/// The leaf hash of a statement in its posting's tree.
pub fn leaf(index: u64, statement_root: &Hash) -> Hash {
    tagged(Tag::Posting, 2, |w| write_leaf(w, index, statement_root))
}

/// The leaf hashes of two statements that follow each other.
fn two_leaves(first: u64, statement_roots: [&Hash; 2]) -> [Hash; 2] {
    tagged_two(Tag::Posting, 2, |which, w| write_leaf(w, first + which as u64, statement_roots[which]))
}

fn write_leaf(w: &mut Writer, index: u64, statement_root: &Hash) {
    w.uint(index);
    w.bytes(&statement_root.0);
}

/// How many statements stand below each of [`Tree::nodes`].
pub const NODE: usize = 8;

/// A posting's tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The roots over [`NODE`] statements each; the last over what is left.
    pub nodes: Vec<Hash>,
    /// The root over all.
    pub root: Hash,
}

impl Tree {
    /// The tree over statements by their roots.
    pub fn new(statement_roots: &[Hash]) -> Self {
        let node = |(n, roots): (usize, &[Hash])| {
            let mut leaves = [Hash::default(); NODE];
            let leaves = &mut leaves[..roots.len()];
            for (at, (places, roots)) in (0..).step_by(2).zip(leaves.chunks_mut(2).zip(roots.chunks(2))) {
                let first = (n * NODE + at) as u64;
                match (places, roots) {
                    ([a, b], [a_root, b_root]) => [*a, *b] = two_leaves(first, [a_root, b_root]),
                    (places, roots) => {
                        places.iter_mut().zip(roots).for_each(|(place, root)| *place = leaf(first, root));
                    }
                }
            }
            tree::root(leaves)
        };
        let nodes: Vec<Hash> = statement_roots.chunks(NODE).enumerate().map(node).collect();
        Self { root: tree::root(&nodes), nodes }
    }
}

/// The leaf hashes of a posting's tree.
pub fn leaves(statement_roots: &[Hash]) -> Vec<Hash> {
    statement_roots.iter().enumerate().map(|(i, root)| leaf(i as u64, root)).collect()
}

/// A posting as sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The signed part.
    pub signed: Signed,
    /// The statements, in order.
    pub statements: Vec<Statement>,
}

impl Cbor for Posting {
    fn encode(&self, w: &mut Writer) {
        w.array(2);
        w.bytes(self.signed.cose());
        w.list(&self.statements);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(2, "a posting of 2 elements")?;
        let signed = Signed::read(r.bytes()?)?;
        // Refused before room is made: a statement takes far more memory than its bytes.
        if r.clone().array()? > MAX_STATEMENTS {
            return Err(r.fault("at most 100,000 statements"));
        }
        Ok(Self { signed, statements: r.list()? })
    }
}

impl Posting {
    /// Signs statements as one posting.
    pub fn sign(
        origin: &Origin,
        issuer: Option<Address>,
        id: Seed,
        time: Time,
        all_or_nothing: bool,
        statements: Vec<Statement>,
        key: &PrivateKey,
    ) -> Self {
        let roots = Statement::roots(&statements, origin);
        let payload = Payload {
            origin: origin.clone(),
            issuer,
            id,
            time,
            count: statements.len() as u64,
            root: Tree::new(&roots).root,
            all_or_nothing,
        };
        Self { signed: Signed::sign(payload, key), statements }
    }

    /// The checks that need nothing but the posting: refusals 2 to 5.
    ///
    /// # Errors
    /// The first of `foreign-origin`, `bad-signature`, `count-mismatch`, `root-mismatch`.
    pub fn check(self, origin: &Origin) -> Result<Checked, Refusal> {
        let payload = &self.signed.payload;
        if payload.origin != *origin {
            return Err(Refusal::new(Code::ForeignOrigin, "origin"));
        }
        if !self.signed.verifies() {
            return Err(Refusal::new(Code::BadSignature, "signature"));
        }
        let limit = if payload.issuer.is_some() { MAX_STATEMENTS } else { 1 };
        if payload.count != self.statements.len() as u64 || !(1..=limit).contains(&payload.count) {
            return Err(Refusal::new(Code::CountMismatch, "count"));
        }
        let roots = Statement::roots(&self.statements, origin);
        let tree = Tree::new(&roots);
        if tree.root != payload.root {
            return Err(Refusal::new(Code::RootMismatch, "root"));
        }
        Ok(Checked { digest: self.signed.digest(), roots, nodes: tree.nodes, posting: self })
    }

    /// Reads and checks: refusals 1 to 5.
    ///
    /// # Errors
    /// `malformed` with the place, or those of [`Posting::check`].
    pub fn receive(bytes: &[u8], origin: &Origin) -> Result<Checked, Refusal> {
        Self::receive_shared(&Bytes::copy_from_slice(bytes), origin)
    }

    /// The same for bytes that are shared already: the facets of its statements are parts of them, see [`crate::statement::Facets::detach`].
    ///
    /// # Errors
    /// Those of [`Posting::receive`].
    pub fn receive_shared(bytes: &Bytes, origin: &Origin) -> Result<Checked, Refusal> {
        let mut r = Reader::sharing(bytes);
        let posting = Self::decode(&mut r).and_then(|posting| r.end().map(|()| posting));
        posting.map_err(|m| Refusal::new(Code::Malformed, &format!("byte {}", m.at)))?.check(origin)
    }
}

/// A posting whose signature and roots hold.
#[derive(Clone, Debug)]
pub struct Checked {
    posting: Posting,
    digest: Hash,
    roots: Vec<Hash>,
    nodes: Vec<Hash>,
}

impl Checked {
    /// The posting.
    pub fn posting(&self) -> &Posting {
        &self.posting
    }
    /// Its signed payload.
    pub fn payload(&self) -> &Payload {
        &self.posting.signed.payload
    }
    /// Its digest.
    pub fn digest(&self) -> Hash {
        self.digest
    }
    /// The statement roots, in order.
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }
    /// The nodes of its tree, as [`Tree::nodes`].
    pub fn nodes(&self) -> &[Hash] {
        &self.nodes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_posting_s_tree_is_the_one_over_its_leaves() {
        let roots: Vec<Hash> = (0..600u64).map(|i| crate::hash::leaf(&i.to_be_bytes())).collect();
        for size in 0..=roots.len() {
            let tree = Tree::new(&roots[..size]);
            let leaves = leaves(&roots[..size]);
            assert_eq!(tree.root, tree::root(&leaves), "{size}");
            assert_eq!(tree.nodes, leaves.chunks(NODE).map(tree::root).collect::<Vec<_>>(), "{size}");
        }
    }
}
