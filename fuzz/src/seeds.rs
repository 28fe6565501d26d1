//! Seeds: good and nearly good inputs from which a target starts.
//!
//! They are written when the target starts and never committed: the vectors are committed already.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use peal_spec::hash::plain;
use serde_json::Value;

use crate::world::World;

/// The small ledger with a month in it, made once.
pub static WORLD: LazyLock<World> = LazyLock::new(World::lived);

/// A target's seeds.
pub type Seeds = Vec<Vec<u8>>;

/// Writes seeds into the corpus that libFuzzer was given: the first argument that is a directory. Without one nothing is written.
pub fn plant(seeds: fn() -> Seeds) {
    let Some(corpus) = std::env::args_os().skip(1).map(PathBuf::from).find(|p| p.is_dir()) else { return };
    for seed in seeds() {
        let path = corpus.join(format!("seed-{}", &plain(&seed).to_string()[..16]));
        if !path.exists() {
            std::fs::write(&path, seed).expect("the corpus can be written");
        }
    }
}

/// A path in this checkout.
pub fn checkout(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The vectors of one kind.
pub fn vectors(kind: &str) -> Vec<Value> {
    let dir = checkout("spec/vectors").join(kind);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&dir)
        .unwrap_or_else(|e| panic!("{}: {e}", dir.display()))
        .map(|f| f.unwrap().path())
        .collect();
    paths.sort();
    paths.iter().map(|p| serde_json::from_slice(&std::fs::read(p).unwrap()).unwrap()).collect()
}

/// The bytes that stand in hexadecimal under `key` in the vectors of one kind.
pub fn hex_of(kind: &str, key: &str) -> Seeds {
    vectors(kind).iter().filter_map(|v| hex::decode(v[key].as_str()?).ok()).collect()
}

/// The texts that stand under `key` in the vectors of one kind.
pub fn text_of(kind: &str, key: &str) -> Seeds {
    vectors(kind).iter().filter_map(|v| Some(v[key].as_str()?.as_bytes().to_vec())).collect()
}

/// The first lines of one of the demo's files.
pub fn demo(name: &str, lines: usize) -> Vec<u8> {
    let bytes = std::fs::read(checkout("demo").join(name)).unwrap();
    bytes.split_inclusive(|b| *b == b'\n').take(lines).flatten().copied().collect()
}

/// Every posting of the small ledger.
pub fn postings() -> Seeds {
    WORLD.commits.iter().flat_map(|c| c.postings.clone()).collect()
}
