use super::*;
use peal_spec::tree;
use peal_spec::witness::read_answer;

fn origin() -> Origin {
    "log.example/1".parse().unwrap()
}

fn operator() -> PrivateKey {
    PrivateKey::new(&[1; 32])
}

fn logs() -> BTreeMap<Origin, Vec<Operator>> {
    let key = VerifierKey { name: origin(), kind: KeyType::Ed25519, key: operator().public() };
    BTreeMap::from([(origin(), vec![Operator { key, from: None, until: None }])])
}

fn ask(old: u64, new: u64, salt: u8, key: &PrivateKey) -> Vec<u8> {
    let leaves: Vec<Hash> = (0..new).map(|i| peal_spec::hash::leaf(&[i as u8, salt])).collect();
    let checkpoint = Checkpoint { origin: origin(), size: new, root: tree::root(&leaves) };
    let note = Note::sign(checkpoint.to_string(), &origin(), key);
    let proof = tree::sure(tree::consistency(leaves.as_slice(), old, new));
    AddCheckpoint::new(old, proof, note).unwrap().to_string().into_bytes()
}

fn now() -> Time {
    Time::new(1_800_000_000).unwrap()
}

#[test]
fn what_was_cosigned_is_never_contradicted() {
    let dir = tempfile::tempdir().unwrap();
    let own = init(dir.path(), &"w.example".parse().unwrap()).unwrap();
    assert!(init(dir.path(), &"w.example".parse().unwrap()).is_err(), "nothing is overwritten");
    let open = || Witness::open(dir.path(), logs()).unwrap();
    let good = |answer: &Answer, body: &[u8]| {
        assert_eq!(answer.status, 200, "{}", answer.text);
        let mut note = AddCheckpoint::read(body).unwrap().note;
        note.lines = read_answer(&answer.text).unwrap();
        assert_eq!(note.signed_by(&own), Ok(Some(Some(now()))));
    };
    let first = ask(0, 5, 0, &operator());
    good(&open().answer(&first, now()), &first);
    // Opened again each time, as after a crash: what counts is what is on disk.
    let refused = |body: &[u8]| {
        let answer = open().answer(body, now());
        (answer.status, answer.media_type, answer.text)
    };
    let size = |n: u64| (409, SIZE_MEDIA_TYPE, format!("{n}\n"));
    assert_eq!(refused(&ask(0, 9, 0, &operator())), size(5));
    assert_eq!(refused(&ask(0, 3, 0, &operator())), size(5));
    assert_eq!(refused(&ask(3, 3, 0, &operator())), size(5));
    assert!(disk::list(dir.path(), "evidence").unwrap().is_empty());
    assert_eq!(refused(&ask(5, 5, 1, &operator())), size(5));
    assert_eq!(disk::list(dir.path(), "evidence").unwrap().len(), 1, "a fork is kept");
    assert_eq!(refused(&ask(5, 9, 1, &operator())).0, 422);
    assert_eq!(refused(&ask(5, 9, 0, &PrivateKey::new(&[2; 32]))).0, 403);
    assert_eq!(refused(b"old 5\n").0, 400);
    let foreign = String::from_utf8(first.clone()).unwrap().replace("log.example/1", "log.example/2");
    assert_eq!(refused(foreign.as_bytes()).0, 404);
    let next = ask(5, 9, 0, &operator());
    good(&open().answer(&next, now()), &next);
    assert_eq!(refused(&first), size(9));

    // One at a time.
    let running = open();
    assert_eq!(Witness::open(dir.path(), logs()).unwrap_err().code(), 3);
    drop(running);
    // A damaged memory is no memory.
    let file = disk::list(dir.path(), "checkpoint").unwrap().remove(0);
    let text = String::from_utf8(disk::read(&file, 10_000).unwrap()).unwrap();
    disk::replace(&file, text.replacen("\n9\n", "\n8\n", 1).as_bytes()).unwrap();
    assert!(Witness::open(dir.path(), logs()).unwrap_err().what.contains("cosigned last"));
}

#[test]
fn an_operators_key_counts_while_it_is_valid() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), &"w.example".parse().unwrap()).unwrap();
    let mut list = logs();
    list.get_mut(&origin()).unwrap()[0].until = Some(now());
    let witness = Witness::open(dir.path(), list).unwrap();
    let before = Time::new(now().seconds() - 1).unwrap();
    assert_eq!(witness.answer(&ask(0, 5, 0, &operator()), now()).status, 403);
    assert_eq!(witness.answer(&ask(0, 5, 0, &operator()), before).status, 200);
}

#[test]
fn the_list_is_a_trust_list_or_keys() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("list");
    let key = logs().remove(&origin()).unwrap()[0].key.clone();
    for text in
        [format!("# logs\n\n{key}\n"), format!("peal trust 1\nledger {}\noperator {key} - -\n", origin())]
    {
        std::fs::write(&path, text).unwrap();
        assert_eq!(read_logs(&path).unwrap(), logs());
    }
    for text in ["", "nonsense\n", "peal trust 1\n"] {
        std::fs::write(&path, text).unwrap();
        assert_eq!(read_logs(&path).unwrap_err().code(), 2, "{text}");
    }
}

#[test]
#[cfg(unix)]
fn a_key_that_others_can_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), &"w.example".parse().unwrap()).unwrap();
    let mode = std::fs::metadata(key_file(dir.path())).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::set_permissions(key_file(dir.path()), std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(Witness::open(dir.path(), logs()).unwrap_err().remedy.contains("chmod 600"));
}
