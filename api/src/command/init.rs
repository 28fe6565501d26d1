//! `peald init`: makes a ledger. Nothing that is there is overwritten.
//!
//! 1. The directory must be new or empty.
//! 2. Keys, words, trust list and configuration are written, each to a file that must not be there yet.
//! 3. The ledger's first commit opens account 0, the registrar.
//!
//! After a failure in between, the directory holds a part; it is removed by hand and made anew.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use bip39::{Language, Mnemonic};
use peal_ledger::{Genesis, Ledger, Settings};
use peal_spec::address::Address;
use peal_spec::hash::Seed;
use peal_spec::key::{KeyChain, PrivateKey};
use peal_spec::note::{KeyType, VerifierKey};
use peal_spec::posting::{Checked, Posting};
use peal_spec::statement::{Body, Keys, Opened, Recovery, Statement};
use peal_spec::trust::{self, Operator, Trust};
use peal_spec::value::{Origin, Time};
use zeroize::Zeroizing;

use super::keys::{operator_text, write_new};
use super::{Failure, now};
use crate::config::{Example, Files};

/// What was made.
pub struct Made {
    /// The registrar's address.
    pub registrar: Address,
    /// The operator's verifier key.
    pub verifier: VerifierKey,
}

fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, Failure> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|e| Failure::Fault(format!("no random bytes: {e}")))?;
    Ok(bytes)
}

/// The registrar's opening, signed by the key that it opens with.
fn opening(origin: &Origin, chain: &KeyChain) -> Result<Checked, Failure> {
    let time = Time::new(now())
        .ok_or_else(|| Failure::Fault("the clock is beyond what the format can hold".into()))?;
    let key = chain.signing(0);
    let opened = Opened {
        who: None,
        keys: Keys {
            key: key.public(),
            next: chain.signing(1).public().commitment(),
            reading: chain.reading(0).public(),
        },
        recovery: Recovery::default(),
    };
    let statement = Statement::new(Seed(*random()?), None, time, None, None, &Body::Opened(opened));
    let posting = Posting::sign(origin, None, Seed(*random()?), time, false, vec![statement], &key);
    posting.check(origin).map_err(|e| Failure::Fault(e.to_string()))
}

/// A directory that only its owner can look into: the database holds what everyone has posted.
fn private(dir: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Makes a ledger in a directory.
///
/// # Errors
/// [`Failure`] names the file that is in the way, or what could not be made.
pub fn init(dir: &Path, origin: &Origin, listen: SocketAddr) -> Result<Made, Failure> {
    let files = Files::new(dir);
    let new = "choose a --dir that is new or empty; nothing is overwritten";
    fs::create_dir_all(dir).map_err(|e| Failure::file(dir, e, new))?;
    let mut inside = fs::read_dir(dir).map_err(|e| Failure::file(dir, e, new))?;
    if inside.next().is_some() {
        return Err(Failure::file(dir, "the directory is not empty", new));
    }

    let entropy = random::<32>()?;
    let words = Mnemonic::from_entropy_in(Language::English, entropy.as_slice())
        .map_err(|e| Failure::Fault(e.to_string()))?;
    let words = Zeroizing::new(words);
    let chain = KeyChain::new(words.to_seed_normalized(""));
    let operator = PrivateKey::new(&*random::<32>()?);
    let verifier = VerifierKey { name: origin.clone(), kind: KeyType::Ed25519, key: operator.public() };
    let opening = opening(origin, &chain)?;
    let id =
        opening.roots().first().copied().ok_or_else(|| Failure::Fault("an opening without a root".into()))?;
    let registrar = Address { number: 0, id };
    let trust = Trust {
        ledgers: vec![trust::Ledger {
            origin: origin.clone(),
            operators: vec![Operator { key: verifier.clone(), from: None, until: None }],
            witnesses: Vec::new(),
            auditors: Vec::new(),
            need_witnesses: 0,
            need_auditors: 0,
            fresh: trust::FRESH,
            pins: Vec::new(),
            last: None,
        }],
    };

    write_new(&files.operator_key(), operator_text(&operator).as_bytes(), true)?;
    write_new(&files.registrar_words(), Zeroizing::new(format!("{}\n", *words)).as_bytes(), true)?;
    write_new(&files.registrar_address(), format!("{registrar}\n").as_bytes(), false)?;
    write_new(&files.trust(), trust.to_string().as_bytes(), false)?;
    write_new(&files.config(), Example { origin, listen }.to_string().as_bytes(), false)?;
    let database = files.database();
    private(&database).map_err(|e| Failure::file(&database, e, new))?;
    let genesis = Genesis { origin: origin.clone(), opening };
    Ledger::create(&database, &operator, genesis, &Settings::default())
        .map_err(|e| Failure::ledger(&database, e))?;
    Ok(Made { registrar, verifier })
}

/// What the operator is told.
pub fn told(dir: &Path, made: &Made) -> String {
    let files = Files::new(dir);
    format!(
        "\
made a ledger in {dir}

  configuration      {config}
  trust list         {trust}
  operator's key     {key}   signs checkpoints; stays here, readable by its owner only
  registrar's words  {words}   24 words: whoever has them grants and revokes roles
  database           {database}

verifier key  {verifier}
registrar     {registrar}

keep offline:
  the 24 words of {words}: write them on paper or move the file to the registrar's own machine, then delete it here
  a copy of {key} in a safe: without it this ledger cannot go on

behind a reverse proxy: name the public host under authorities in {config}, or no signed read is answered

next: peald serve --dir {dir}
",
        dir = dir.display(),
        config = files.config().display(),
        trust = files.trust().display(),
        key = files.operator_key().display(),
        words = files.registrar_words().display(),
        database = files.database().display(),
        verifier = made.verifier,
        registrar = made.registrar,
    )
}
