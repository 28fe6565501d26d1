use super::*;

fn document() -> Document {
    "CN:resident-id:11010519491231002X".parse().unwrap()
}

fn now() -> Time {
    Time::new(1_790_000_000).unwrap()
}

fn office() -> (tempfile::TempDir, BlindingOffice) {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), &"office.example".parse().unwrap()).unwrap();
    let office = BlindingOffice::open(dir.path()).unwrap();
    (dir, office)
}

fn admit(office: &BlindingOffice, name: &str, daily: u64) -> String {
    let mut given = String::new();
    let hand_over = |pass: &Zeroizing<[u8; 32]>| {
        given = Hash(**pass).to_string();
        Ok(())
    };
    office.admit(name, daily, hand_over).unwrap();
    given
}

fn ask(office: &BlindingOffice, pass: &str, document: &Document) -> (Question, Answer) {
    let question = Question::about(document).unwrap();
    let answer = Office::answer(office, Some(pass), &question.body(), now());
    (question, answer)
}

/// RFC 9497, appendix A.1.2 (VOPRF, ristretto255-SHA512), test vector 1: the key that its seed gives, and what comes of its input.
#[test]
fn the_vector_of_the_rfc_is_met() {
    let server = VoprfServer::<Ristretto255>::new_from_seed(&[0xa3; 32], b"test key").unwrap();
    assert_eq!(
        Hash(public(&server)).to_string(),
        "c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e"
    );
    let output = server.evaluate(&[0]).unwrap();
    let expected = "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7d\
                    a4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c";
    let hex: String = output.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, expected);
}

#[test]
fn two_bureaus_come_to_the_same_token_and_the_office_sees_neither_document_nor_the_same_question() {
    let (_dir, office) = office();
    let passes = ["one", "other"].map(|name| admit(&office, name, 10));
    let mut known = Vec::new();
    for pass in &passes {
        let (question, answer) = ask(&office, pass, &document());
        assert_eq!(answer.status, 200, "{}", answer.text);
        known.push((question.body(), question.answered(answer.text.as_bytes(), &office.public()).unwrap()));
    }
    assert_ne!(known[0].0, known[1].0);
    assert!(known[0].1 == known[1].1);
    let direct = office.server.evaluate(document().as_bytes()).unwrap();
    assert!(known[0].1 == Known::of(&direct).unwrap());
    let (question, answer) = ask(&office, &passes[0], &"CN:resident-id:110105194912310038".parse().unwrap());
    assert!(question.answered(answer.text.as_bytes(), &office.public()).unwrap() != known[0].1);
}

#[test]
fn an_answer_by_another_key_is_not_believed() {
    let ((_dir, office), (_other_dir, other)) = (office(), self::office());
    let pass = admit(&other, "bureau", 10);
    let (question, answer) = ask(&other, &pass, &document());
    assert!(question.answered(answer.text.as_bytes(), &other.public()).is_some());
    assert!(question.answered(answer.text.as_bytes(), &office.public()).is_none());
    for bad in ["", "{}", "{\"evaluated\":\"AA==\",\"proof\":\"AA==\"}", "[1]"] {
        assert!(question.answered(bad.as_bytes(), &other.public()).is_none(), "{bad}");
    }
}

#[test]
fn who_is_not_admitted_or_asks_too_often_is_not_answered() {
    let (_dir, office) = office();
    let question = Question::about(&document()).unwrap();
    let status = |pass: Option<&str>| Office::answer(&office, pass, &question.body(), now()).status;
    assert_eq!(status(None), 401);
    let first = admit(&office, "bureau", 2);
    assert_eq!(status(Some(&"0".repeat(64))), 401);
    assert_eq!(status(Some("short")), 401);
    assert_eq!([status(Some(&first)), status(Some(&first)), status(Some(&first))], [200, 200, 403]);
    let tomorrow = Time::new(now().seconds() + 86_400).unwrap();
    assert_eq!(Office::answer(&office, Some(&first), &question.body(), tomorrow).status, 200);
    let again = admit(&office, "bureau", 50);
    assert_eq!(status(Some(&first)), 401);
    assert_eq!(status(Some(&again)), 200);
    for bad in [&b""[..], b"{}", b"{\"blinded\":3}", b"{\"blinded\":\"AAAA\"}", &[0xff; 10]] {
        assert_eq!(Office::answer(&office, Some(&again), bad, now()).status, 400);
    }
    assert!(office.dismiss("bureau").unwrap());
    assert!(!office.dismiss("bureau").unwrap());
    assert_eq!(status(Some(&again)), 401);
}

#[test]
fn an_office_keeps_its_key() {
    let (dir, office) = office();
    assert_eq!(BlindingOffice::open(dir.path()).unwrap().public(), office.public());
    assert!(init(dir.path(), &"office.example".parse().unwrap()).is_err());
    std::fs::write(dir.path().join("bureaus"), "no list\n").unwrap();
    assert!(BlindingOffice::open(dir.path()).is_err());
}

#[test]
fn a_pass_that_is_not_handed_over_changes_nothing() {
    let (_dir, office) = office();
    let pass = admit(&office, "bureau", 10);
    let lost = office.admit("bureau", 10, |_| Err(Trouble::unusable("no room", "the card", "make room")));
    assert!(lost.is_err());
    assert_eq!(ask(&office, &pass, &document()).1.status, 200);
    let _held = office.lock().unwrap();
    assert_eq!(office.dismiss("bureau").unwrap_err().kind, Kind::Unavailable);
}

#[test]
fn an_opening_is_written_once_and_never_over_another() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("her.identity");
    let address = peal_spec::address::Address { number: 7, id: Hash([3; 32]) };
    let opening = Opening { address, document: document(), salt: Seed([1; 16]) };
    assert!(opening.write(&path).unwrap());
    assert!(!opening.write(&path).unwrap());
    assert!(Opening { salt: Seed([2; 16]), ..opening }.write(&path).is_err());
    assert_eq!(Opening::read(&path).unwrap().salt, Seed([1; 16]));
}
