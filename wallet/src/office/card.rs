//! What a bureau is given to ask an office: where it answers, its public key, and the pass.

use std::path::Path;

use peal_spec::hash::Hash;
use peal_spec::identity::Document;
use zeroize::Zeroizing;

use super::{Known, PATH, Question};
use crate::disk;
use crate::http::{self, Patience, Remote};
use crate::trouble::Trouble;

const TITLE: &str = "peal blinding office 1";

/// A bureau's way to an office.
pub struct Card {
    /// Where it answers.
    pub url: String,
    /// Its public key.
    pub key: [u8; 32],
    /// The bureau's pass.
    pub pass: Zeroizing<[u8; 32]>,
    /// The documents that bureaus of this office ask about, as `CN:resident-id`: one for a person.
    pub kinds: Vec<String>,
}

impl Card {
    /// Writes it to a new file, readable by its owner only.
    ///
    /// # Errors
    /// Unusable if there is one already, or it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Trouble> {
        let kinds = self.kinds.join(" ");
        let text = format!("{TITLE}\n{}\n{}\n{}\n{kinds}\n", self.url, Hash(self.key), Hash(*self.pass));
        disk::create(path, Zeroizing::new(text).as_bytes())
    }

    /// Reads it.
    ///
    /// # Errors
    /// Unusable if it is none, or if others can read it.
    pub fn read(path: &Path) -> Result<Self, Trouble> {
        let bad = || {
            Trouble::unusable(
                "this is no blinding office's card",
                path.display(),
                "ask the office for one: `peal identity office admit`",
            )
        };
        let bytes = Zeroizing::new(disk::read(path, 4096)?);
        disk::demand_private(path, "the pass")?;
        let text = std::str::from_utf8(&bytes).map_err(|_| bad())?;
        let lines: Vec<&str> = text.lines().collect();
        let [TITLE, url, key, pass, kinds] = lines.as_slice() else { return Err(bad()) };
        let kinds = kinds.split_whitespace().map(str::to_owned).collect();
        let key: Hash = key.parse().map_err(|_| bad())?;
        let pass: Hash = pass.parse().map_err(|_| bad())?;
        Ok(Self { url: http::base_url(url)?, key: key.0, pass: Zeroizing::new(pass.0), kinds })
    }

    /// Asks the office about a document, which it does not see.
    ///
    /// # Errors
    /// Unavailable if it does not answer; refused if it does not let this bureau ask, or answers by another key.
    pub fn ask(&self, document: &Document) -> Result<Known, Trouble> {
        let kind = format!("{}:{}", document.country(), document.kind());
        if !self.kinds.contains(&kind) {
            return Err(Trouble::unusable(
                format!("bureaus of this blinding office do not ask about {kind}"),
                "the document",
                format!(
                    "take one of {}: a person who is asked about in two ways would be two persons",
                    self.kinds.join(", ")
                ),
            ));
        }
        let remote = Remote::new(&self.url, Patience::default())?;
        let question = Question::about(document)?;
        let pass = Zeroizing::new(Hash(*self.pass).to_string());
        let asked = remote.post_with_pass(PATH, "application/json", &question.body(), &pass);
        let answer = asked.map_err(|mut trouble| {
            trouble.what = trouble.what.replace("the ledger", "the blinding office");
            trouble
        })?;
        let answer = answer.map_err(|problem| match problem.status {
            401 => Trouble::refused(
                "the blinding office does not know this pass",
                &self.url,
                "ask it to admit this bureau again",
            ),
            403 => Trouble::unavailable(
                "this bureau has asked the blinding office as often today as it may",
                &self.url,
                "go on tomorrow, or ask for more a day",
            ),
            _ => problem.at(&self.url),
        })?;
        question.answered(&answer, &self.key).ok_or_else(|| {
            Trouble::refused(
                "the answer is not by the key of this blinding office",
                &self.url,
                "do not use it: ask the office, by another way, whether its key has changed",
            )
        })
    }
}
