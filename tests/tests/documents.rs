//! What the documents say is so.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn the_demo_files_are_what_their_script_makes() {
    let out = Command::new("python3").arg(root().join("demo/make.py")).arg("--check").output().unwrap();
    assert!(
        out.status.success(),
        "{}{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
}

#[test]
fn links_and_folders_in_the_documents_exist() {
    for page in [
        "README.md",
        "ARCHITECTURE.md",
        "SECURITY.md",
        "CHANGELOG.md",
        "spec/README.md",
        "spec/schemes.md",
        "spec/schemes/README.md",
    ] {
        let text = read(page);
        let folder = root().join(page).parent().unwrap().to_owned();
        for part in text.split("](").skip(1) {
            let target = part.split(')').next().unwrap();
            if !target.starts_with("http") && !target.starts_with('#') {
                let file = target.split('#').next().unwrap();
                assert!(folder.join(file).exists(), "{page} links to {target}");
            }
        }
    }
    for line in read("README.md").lines().filter_map(|l| l.strip_prefix("    ")) {
        if let Some((folder, _)) = line.split_once("/ ").filter(|(f, _)| f.chars().all(char::is_lowercase)) {
            assert!(root().join(folder).is_dir(), "README.md maps {folder}/");
        }
    }
}

#[test]
fn only_one_file_names_what_the_architecture_says_one_file_names() {
    // Library, the crate, the one file that may name it.
    let rules = [
        ("minicbor::", "spec/src", "cbor.rs"),
        ("rocksdb::", "ledger/src", "rocks.rs"),
        ("bincode::", "ledger/src", "schema.rs"),
        ("StatusCode::", "api/src", "problem.rs"),
    ];
    for (needle, folder, only) in rules {
        let mut found = Vec::new();
        visit(&root().join(folder), &mut |path, text| {
            let code: String = text.lines().filter(|l| !l.trim_start().starts_with("//")).collect();
            // The store in memory is for tests alone.
            if code.contains(needle) && !path.ends_with("store/faulty.rs") {
                found.push(path.file_name().unwrap().to_string_lossy().into_owned());
            }
        });
        found.sort();
        if needle == "StatusCode::" {
            // Success statuses may stand elsewhere; refusals become statuses in one file.
            assert!(found.contains(&only.to_owned()));
            continue;
        }
        assert_eq!(found, [only], "{needle}");
    }
    visit(&root().join("spec/src"), &mut |path, text| {
        for absent in ["std::fs", "std::net", "SystemTime", "Instant::now", "getrandom", "std::env"] {
            assert!(!text.contains(absent), "{} names {absent}", path.display());
        }
    });
    for (folder, absent) in [
        ("wallet/src", "peal_ledger"),
        ("spec/src", "peal_"),
        ("ledger/src", "peal_wallet"),
        ("api/src", "peal_wallet"),
    ] {
        visit(&root().join(folder), &mut |path, text| {
            for line in text.lines().filter(|l| l.trim_start().starts_with("use ")) {
                assert!(!line.contains(absent), "{}: {line}", path.display());
            }
        });
    }
}

fn visit(folder: &Path, see: &mut dyn FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            visit(&path, see);
        } else if path.extension().is_some_and(|e| e == "rs") {
            see(&path, &std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// All source files below a folder.
fn sources(folder: &Path, all: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            sources(&path, all);
        } else if name.ends_with(".rs") {
            all.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// Whoever reads a promise can find the test that it rests on.
#[test]
fn the_tests_that_security_names_exist() {
    let mut all = String::new();
    sources(&root(), &mut all);
    let page = read("SECURITY.md");
    let named: Vec<&str> = page.split('`').skip(1).step_by(2).filter(|w| w.contains('_')).collect();
    assert!(named.len() > 30, "{named:?}");
    for name in named {
        assert!(all.contains(&format!("fn {name}(")), "SECURITY.md names {name}, and there is no such test");
    }
    // Every promise names one.
    for row in page.lines().filter(|l| l.starts_with("| ") && !l.starts_with("| to |")) {
        let last = row.trim_end_matches(" |").rsplit('|').next().unwrap();
        assert!(last.contains('`'), "a promise without a test: {row}");
    }
}
