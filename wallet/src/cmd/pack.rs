//! What commands about schemes have in common: which pack, values for it, and in which language.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(super) use peal_spec::scheme::Lang;
use peal_spec::scheme::{BadQuestion, Fault, Given, MAX_PACK, Pack, ids, text};
use peal_wallet::disk;
use peal_wallet::trouble::Trouble;

/// Which pack.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct PackArgs {
    /// A scheme that comes with PEAL: see `peal scheme list`
    #[arg(long, value_name = "ID")]
    scheme: Option<String>,
    /// A pack of your own
    #[arg(long, value_name = "FILE")]
    pack: Option<PathBuf>,
}

impl PackArgs {
    /// Reads it.
    pub(super) fn pack(&self) -> Result<Pack, Trouble> {
        one_of(self.scheme.as_deref(), self.pack.as_deref())
    }
}

/// Values for inputs and parameters.
#[derive(Debug, Default, clap::Args)]
pub(super) struct GivenArgs {
    /// The value of an input, as category=sales; can be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = given)]
    with: Vec<(String, Given)>,
    /// The value of a parameter, in place of the pack's, as rate=0.246; can be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = given)]
    set: Vec<(String, Given)>,
}

impl GivenArgs {
    /// By name. The last of several for one name stands.
    pub(super) fn with(&self) -> BTreeMap<String, Given> {
        self.with.iter().cloned().collect()
    }

    /// By name. The last of several for one name stands.
    pub(super) fn set(&self) -> BTreeMap<String, Given> {
        self.set.iter().cloned().collect()
    }
}

/// `NAME=VALUE`. What kind the value is of, the pack says.
fn given(text: &str) -> Result<(String, Given), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), Given::Text(value.to_owned()))),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

/// The pack of an id or a file.
pub(super) fn one_of(id: Option<&str>, file: Option<&Path>) -> Result<Pack, Trouble> {
    match (id, file) {
        (_, Some(path)) => Pack::read(&written(path)?).map_err(|bad| {
            let line = bad.0.first().map_or(1, |fault| fault.line);
            Trouble::unusable(
                format!("this pack cannot be used: {}", first(&bad.0)),
                format!("{}, line {line}", path.display()),
                format!("mend it; `peal scheme check {}` names every fault", path.display()),
            )
        }),
        (Some(id), None) => shipped(id),
        (None, None) => Err(Trouble::unusable(
            "which scheme?",
            "the options",
            "name one of `peal scheme list`, or a file with --pack",
        )),
    }
}

/// One of those that come with PEAL.
fn shipped(id: &str) -> Result<Pack, Trouble> {
    match Pack::shipped(id) {
        Some(Ok(pack)) => Ok(pack),
        Some(Err(bad)) => Err(Trouble::unusable(
            format!("a pack of PEAL's own cannot be read: {}", first(&bad.0)),
            id,
            "tell the developers",
        )),
        None => Err(no_scheme(id)),
    }
}

fn no_scheme(id: &str) -> Trouble {
    let all: Vec<&str> = ids().collect();
    Trouble::unusable(
        format!("there is no scheme {id}"),
        "the options",
        format!("take one of {}, or name a file with --pack", all.join(", ")),
    )
}

/// The text of one that comes with PEAL.
pub(super) fn text_of(id: &str) -> Result<&'static str, Trouble> {
    text(id).ok_or_else(|| no_scheme(id))
}

/// The text of a pack in a file.
pub(super) fn written(path: &Path) -> Result<String, Trouble> {
    let bytes = disk::read(path, MAX_PACK as u64)?;
    String::from_utf8(bytes)
        .map_err(|_| Trouble::unusable("this pack is not UTF-8", path.display(), "save it as UTF-8"))
}

fn first(faults: &[Fault]) -> String {
    let more = match faults.len() {
        0 | 1 => String::new(),
        2 => " (and 1 more fault)".to_owned(),
        n => format!(" (and {} more faults)", n - 1),
    };
    format!("{}{more}", faults.first().map_or("it has faults", |fault| &fault.what))
}

/// What cannot be asked of a pack.
pub(super) fn bad_question(bad: &BadQuestion, pack: &Pack) -> Trouble {
    let remedy = if bad.at == "earnings" {
        "ask for fewer days at a time, or add earnings of a month up".to_owned()
    } else if Pack::shipped(&pack.id).is_some() {
        format!("`peal scheme show {}` says what can be asked", pack.id)
    } else {
        "`peal scheme show --pack FILE` says what can be asked".to_owned()
    };
    Trouble::unusable(&bad.what, &bad.at, remedy)
}
