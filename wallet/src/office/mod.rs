//! A blinding office, and how a bureau asks it: the VOPRF of RFC 9497 (mode 1, ristretto255-SHA512). Source: `spec/README.md` §8, **Identity**.
//!
//! 1. A bureau blinds a document and sends 32 bytes that say nothing of it.
//! 2. The office multiplies them by its key, and proves that it was that key.
//! 3. The bureau checks the proof, takes the blinding off, and has 64 bytes that nobody has without the key: a [`Known`].
//!
//! An office that anybody may ask would let anybody try all documents. So it answers bureaus that it has admitted, each under a pass of its
//! own, and each only so often a day.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use peal_spec::hash::{Hash, Seed, plain};
use peal_spec::identity::{Document, Token};
use peal_spec::value::{Day, Origin, Time};
use rand_core::OsRng;
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;
use voprf::{
    BlindedElement, EvaluationElement, Proof, Ristretto255, VoprfClient, VoprfClientBlindResult, VoprfServer,
};
use zeroize::Zeroizing;

use crate::disk::{self, Lock};
use crate::serving::{Answer, Office};
use crate::trouble::{Kind, Trouble};
use crate::words::random;

mod card;
mod opening;

pub use card::Card;
pub use opening::Opening;

/// The path that a bureau posts to.
pub const PATH: &str = "/evaluate";
const TITLE: &str = "peal blinding office key 1";
const JSON: &str = "application/json";
/// The most bytes of the list of bureaus.
const MAX_LIST: u64 = 1 << 20;

/// What a bureau knows of a person once it has asked.
#[derive(Clone, PartialEq, Eq)]
pub struct Known {
    /// The same for the same document, whoever asks.
    pub token: Token,
    /// Salts the commitment to the document.
    pub salt: Seed,
}

impl Known {
    /// From the function's 64 bytes: the first 32 are the token, the next 16 the salt.
    fn of(output: &[u8]) -> Option<Self> {
        let (token, rest) = output.split_first_chunk::<32>()?;
        let salt = rest.first_chunk::<16>()?;
        Some(Self { token: Token(Hash(*token)), salt: Seed(*salt) })
    }
}

/// A document that is blinded, and how the blinding comes off.
pub struct Question {
    client: VoprfClient<Ristretto255>,
    document: Document,
    /// What is sent.
    blinded: Vec<u8>,
}

impl Question {
    /// Blinds a document.
    ///
    /// # Errors
    /// Unusable if the system gives no random bytes.
    pub fn about(document: &Document) -> Result<Self, Trouble> {
        // So that the generator below does not fail.
        random::<1>()?;
        let blinded = VoprfClient::<Ristretto255>::blind(document.as_bytes(), &mut OsRng);
        let VoprfClientBlindResult { state, message } =
            blinded.map_err(|e| fault(format!("a document is not blinded: {e}")))?;
        Ok(Self { client: state, document: document.clone(), blinded: message.serialize().to_vec() })
    }

    /// What is sent to the office.
    pub fn body(&self) -> Vec<u8> {
        json!({ "blinded": BASE64.encode(&self.blinded) }).to_string().into_bytes()
    }

    /// Reads the answer of the office that has this public key; none if it is not by that key, or says something else.
    pub fn answered(&self, answer: &[u8], key: &[u8; 32]) -> Option<Known> {
        let answer: Value = serde_json::from_slice(answer).ok()?;
        let bytes = |name: &str| BASE64.decode(answer.get(name)?.as_str()?).ok();
        let evaluated = EvaluationElement::deserialize(&bytes("evaluated")?).ok()?;
        let proof = Proof::deserialize(&bytes("proof")?).ok()?;
        let key = <Ristretto255 as voprf::Group>::deserialize_elem(key).ok()?;
        let output = self.client.finalize(self.document.as_bytes(), &evaluated, &proof, key).ok()?;
        Known::of(&output)
    }
}

/// A bureau that may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Admitted {
    name: String,
    /// SHA-256 of its pass.
    pass: Hash,
    /// How often a day.
    daily: u64,
}

/// A blinding office, open.
pub struct BlindingOffice {
    server: VoprfServer<Ristretto255>,
    name: Origin,
    dir: PathBuf,
    /// The day, and how often each bureau has asked on it.
    asked: Mutex<(u64, BTreeMap<String, u64>)>,
}

fn key_file(dir: &Path) -> PathBuf {
    dir.join("office.key")
}

fn list_file(dir: &Path) -> PathBuf {
    dir.join("bureaus")
}

/// Makes an office in a directory: a key of its own, readable by its owner only. Returns the public key.
///
/// # Errors
/// Unusable if there is one already, or it cannot be written.
pub fn init(dir: &Path, name: &Origin) -> Result<[u8; 32], Trouble> {
    disk::make_directory(dir)?;
    let secret = random::<32>()?;
    let text = Zeroizing::new(format!("{TITLE}\n{name}\n{}\n", Hash(*secret)));
    let server = server(&secret)?;
    disk::create(&key_file(dir), text.as_bytes())?;
    Ok(public(&server))
}

fn fault(what: String) -> Trouble {
    Trouble::unusable(what, "the blinding office", "tell the makers of this program")
}

fn server(seed: &[u8; 32]) -> Result<VoprfServer<Ristretto255>, Trouble> {
    VoprfServer::new_from_seed(seed, b"peal blinding office")
        .map_err(|e| fault(format!("no key comes of the office's seed: {e}")))
}

fn public(server: &VoprfServer<Ristretto255>) -> [u8; 32] {
    <Ristretto255 as voprf::Group>::serialize_elem(server.get_public_key()).into()
}

/// A name that stands in the list of bureaus.
fn checked_name(name: &str) -> Result<&str, Trouble> {
    let good = (1..=64).contains(&name.len()) && name.chars().all(|c| !c.is_control() && c != '\t');
    if good {
        Ok(name)
    } else {
        Err(Trouble::unusable(
            "this is no name of a bureau",
            name,
            "give 1 to 64 bytes without control characters",
        ))
    }
}

impl BlindingOffice {
    /// Opens an office.
    ///
    /// # Errors
    /// Unusable if its key or its list cannot be used.
    pub fn open(dir: &Path) -> Result<Self, Trouble> {
        let path = key_file(dir);
        let bad = |what: &str| {
            Trouble::unusable(
                what,
                path.display(),
                "make an office with `peal identity office init NAME --dir DIR`, or put back its key from a safe copy",
            )
        };
        let bytes = Zeroizing::new(disk::read(&path, 1024)?);
        disk::demand_private(&path, "the office's key")?;
        let text = std::str::from_utf8(&bytes).map_err(|_| bad("this is no blinding office's key"))?;
        let lines: Vec<&str> = text.lines().collect();
        let [TITLE, name, secret] = lines.as_slice() else {
            return Err(bad("this is no blinding office's key"));
        };
        let name = name.parse().map_err(|_| bad("the second line is not the office's name"))?;
        let secret: Hash = secret.parse().map_err(|_| bad("the third line is not 64 hexadecimal digits"))?;
        let office = Self {
            server: server(&Zeroizing::new(secret.0))?,
            name,
            dir: dir.to_owned(),
            asked: Mutex::default(),
        };
        office.admitted()?;
        Ok(office)
    }

    /// Its public key.
    pub fn public(&self) -> [u8; 32] {
        public(&self.server)
    }

    /// Who may ask. Read anew for each request, so that a change needs no restart.
    fn admitted(&self) -> Result<Vec<Admitted>, Trouble> {
        let path = list_file(&self.dir);
        let bytes = disk::read_if_there(&path, MAX_LIST)?.unwrap_or_default();
        let read = |line: &str| {
            let mut parts = line.split('\t');
            let (pass, daily, name) = (parts.next()?, parts.next()?, parts.next()?);
            Some(Admitted { name: name.to_owned(), pass: pass.parse().ok()?, daily: daily.parse().ok()? })
        };
        let text = String::from_utf8_lossy(&bytes);
        let all: Option<Vec<Admitted>> = text.lines().map(read).collect();
        all.ok_or_else(|| {
            Trouble::unusable(
                "this list of bureaus is damaged",
                path.display(),
                "put it back, or admit the bureaus again",
            )
        })
    }

    fn write(&self, all: &[Admitted]) -> Result<(), Trouble> {
        let text: String = all.iter().map(|a| format!("{}\t{}\t{}\n", a.pass, a.daily, a.name)).collect();
        disk::replace(&list_file(&self.dir), text.as_bytes())
    }

    /// Only one process changes the list at a time.
    fn lock(&self) -> Result<Lock, Trouble> {
        Lock::take(&list_file(&self.dir)).map_err(|mut trouble| {
            if trouble.kind == Kind::Unavailable {
                trouble.what = "another process changes the list of bureaus".into();
            }
            trouble
        })
    }

    /// Lets a bureau ask, under a new pass, so often a day, once `hand_over` has put the pass into a safe place. An earlier pass of the same name
    /// is no good any more.
    ///
    /// # Errors
    /// What `hand_over` says; unusable if the list cannot be written. Then everything is as it was before.
    pub fn admit(
        &self,
        name: &str,
        daily: u64,
        hand_over: impl FnOnce(&Zeroizing<[u8; 32]>) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let (_lock, name) = (self.lock()?, checked_name(name)?);
        let pass = random::<32>()?;
        let mut all = self.admitted()?;
        all.retain(|a| a.name != name);
        all.push(Admitted { name: name.to_owned(), pass: plain(pass.as_slice()), daily });
        hand_over(&pass)?;
        self.write(&all)
    }

    /// Lets a bureau ask no more; whether it might have.
    ///
    /// # Errors
    /// Unusable if the list cannot be written.
    pub fn dismiss(&self, name: &str) -> Result<bool, Trouble> {
        let _lock = self.lock()?;
        let mut all = self.admitted()?;
        let before = all.len();
        all.retain(|a| a.name != name);
        let there = all.len() < before;
        if there {
            self.write(&all)?;
        }
        Ok(there)
    }

    /// The bureau that a pass is of.
    fn whose(&self, pass: &str) -> Result<Option<Admitted>, Trouble> {
        let Ok(pass) = pass.parse::<Hash>() else { return Ok(None) };
        let hash = plain(&pass.0);
        let mut found = None;
        for admitted in self.admitted()? {
            if bool::from(admitted.pass.0.ct_eq(&hash.0)) {
                found = Some(admitted);
            }
        }
        Ok(found)
    }

    /// Notes that a bureau asks; false if it has asked often enough today.
    fn may_ask(&self, who: &Admitted, now: Time) -> bool {
        let today = Day::from(now).number();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.0 != today {
            *asked = (today, BTreeMap::new());
        }
        let count = asked.1.entry(who.name.clone()).or_default();
        *count += 1;
        *count <= who.daily
    }

    /// The answer to a question: the blinded document by the office's key, and the proof of that.
    fn evaluate(&self, body: &[u8]) -> Option<Value> {
        let asked: Value = serde_json::from_slice(body).ok()?;
        let blinded = BASE64.decode(asked.get("blinded")?.as_str()?).ok()?;
        let blinded = BlindedElement::deserialize(&blinded).ok()?;
        random::<1>().ok()?;
        let answer = self.server.blind_evaluate(&mut OsRng, &blinded);
        let (message, proof) = (answer.message.serialize(), answer.proof.serialize());
        Some(json!({ "evaluated": BASE64.encode(message), "proof": BASE64.encode(proof) }))
    }
}

impl Office for BlindingOffice {
    const NAME: &'static str = "blinding office";
    const PATH: &'static str = PATH;
    const MAX_REQUEST: usize = 4096;

    fn about(&self) -> String {
        format!(
            "The blinding office {}: POST {PATH}\n\nVOPRF of RFC 9497, ristretto255-SHA512; public key\n  {}\n\nIt answers bureaus that it has admitted.",
            self.name,
            Hash(self.public())
        )
    }

    fn answer(&self, pass: Option<&str>, body: &[u8], now: Time) -> Answer {
        let who = match pass.map_or(Ok(None), |pass| self.whose(pass)) {
            Ok(Some(who)) => who,
            Ok(None) => {
                return Answer::told(401, "this office answers bureaus that it has admitted, by their pass");
            }
            Err(trouble) => {
                eprintln!("peal: {trouble}");
                return Answer::told(500, "this office cannot read its list");
            }
        };
        if !self.may_ask(&who, now) {
            return Answer::told(403, "this bureau has asked as often today as it may; ask again tomorrow");
        }
        match self.evaluate(body) {
            Some(answer) => Answer { status: 200, media_type: JSON, text: answer.to_string() },
            None => Answer::told(400, "this is no blinded document"),
        }
    }
}

#[cfg(test)]
mod tests;
