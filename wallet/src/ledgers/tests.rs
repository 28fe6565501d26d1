use peal_spec::ledgers::blocks;
use peal_spec::note::Note;

use super::*;

fn time(seconds: u64) -> Time {
    Time::new(1_790_000_000 + seconds).unwrap()
}

struct Place {
    dir: tempfile::TempDir,
    publisher: Publisher,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let publisher = Publisher::create(&dir.path().join("key"), &"d.example".parse().unwrap()).unwrap();
        Self { dir, publisher }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join(FILE)
    }

    fn directory(&self, version: u64, more: &str) -> Directory {
        let origin: Origin = "a.example/1".parse().unwrap();
        let operator = VerifierKey { name: origin.clone(), ..self.publisher.verifier() };
        let body = format!("ledger {origin}\noperator {operator} - -\nurl https://a.example\n{more}");
        let (issued, expires, blocks) = (time(0), time(1000), blocks(&body).unwrap());
        Directory { name: self.publisher.name.clone(), version, issued, expires, next: None, blocks }
    }

    fn note(&self, directory: &Directory) -> String {
        Note::sign(directory.to_string(), &self.publisher.name, &self.publisher.key).to_string()
    }

    fn pin(&self, version: u64) -> Result<Kept, Trouble> {
        let note = self.note(&self.directory(version, ""));
        Kept::pin(&self.path(), &self.publisher.verifier(), &note, "given", time(5))
    }

    fn update(&self, directory: &Directory) -> Result<Kept, Trouble> {
        Kept::update(&self.path(), &self.note(directory), "given", time(5))
    }
}

#[test]
fn a_directory_is_pinned_once_and_replaced_by_later_ones() {
    let place = Place::new();
    assert!(Kept::open(&place.path()).unwrap_err().what.contains("no directory"));
    place.pin(2).unwrap();
    assert!(place.pin(3).unwrap_err().what.contains("pinned here already"));
    assert!(place.update(&place.directory(1, "")).unwrap_err().what.starts_with("rolled-back: "));
    assert_eq!(place.update(&place.directory(3, "")).unwrap().pinned.version, 3);
    assert_eq!(place.update(&place.directory(3, "")).unwrap().pinned.version, 3);
    let forked = place.update(&place.directory(3, "barred so\n")).unwrap_err();
    assert!(forked.what.starts_with("forked: "), "{forked}");
    assert!(place.dir.path().join("ledgers.evidence").exists());
    assert_eq!(Kept::open(&place.path()).unwrap().directory, place.directory(3, ""));
    let read = Publisher::read(&place.dir.path().join("key")).unwrap();
    assert_eq!(read.verifier(), place.publisher.verifier());
}

#[test]
fn a_crash_between_the_two_files_loses_nothing() {
    let place = Place::new();
    place.pin(1).unwrap();
    std::fs::write(place.path(), place.note(&place.directory(2, ""))).unwrap();
    assert_eq!(Kept::open(&place.path()).unwrap().pinned.version, 2);
    assert!(place.update(&place.directory(1, "")).unwrap_err().what.starts_with("rolled-back: "));
    // Before the first pin, the directory alone pins nothing.
    let other = Place::new();
    std::fs::write(other.path(), "x").unwrap();
    other.pin(1).unwrap();
}

#[test]
fn a_kept_directory_that_was_changed_is_not_believed_and_fetched_again() {
    let place = Place::new();
    place.pin(2).unwrap();
    std::fs::write(place.path(), place.note(&place.directory(1, ""))).unwrap();
    assert!(Kept::open(&place.path()).unwrap_err().what.starts_with("rolled-back: "));
    place.update(&place.directory(2, "")).unwrap();
    Kept::open(&place.path()).unwrap();
    std::fs::write(place.dir.path().join("ledgers.pin"), "peal").unwrap();
    assert_eq!(Kept::open(&place.path()).unwrap_err().code(), 2);
}

#[test]
fn it_is_looked_into_for_other_commands() {
    let place = Place::new();
    let kept = place.pin(1).unwrap();
    let (a, x) = ("a.example/1".parse().unwrap(), "x.example/1".parse().unwrap());
    let found = kept.find(&a, time(5)).unwrap();
    assert_eq!((found.url.as_deref(), found.ended, found.stale), (Some("https://a.example"), None, false));
    assert_eq!(Some(found.list), kept.directory.ledger_list(&a));
    assert!(kept.find(&a, time(1000)).unwrap().stale);
    assert!(kept.find(&x, time(5)).unwrap_err().what.contains("does not have"));
    let barred = place.update(&place.directory(2, "barred two logs\n")).unwrap();
    assert!(barred.find(&a, time(5)).unwrap_err().what.contains("bars a.example/1: two logs"));
}
