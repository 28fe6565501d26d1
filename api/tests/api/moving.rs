//! Two ledgers, and a worker who goes from one to the other: who is told how far she is and where she went, and the history that she carries along.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use peal_api::carried::MAX_FILE;
use peal_api::command::{backup::backup, restore::restore};
use peal_api::config::{Config, Files};
use peal_ledger::Settings;
use peal_spec::address::Address;
use peal_spec::cbor::Cbor as _;
use peal_spec::copy::{Copy, Selection, Show};
use peal_spec::key::KeyChain;
use peal_spec::moving::{self, LedgerList, Moved, OutAt, Showing, To};
use peal_spec::posting::Posting;
use peal_spec::proof::{self, Proof};
use peal_spec::role::Role;
use peal_spec::statement::{
    Amount, Arrival, Body, Departure, Keys, LedgerRecognised, Opened, Recovery, Referenced, Revoked,
    Settlement, Statement, TransferredIn, TransferredOut, What,
};
use peal_spec::value::{Insurance, Month, Time};
use serde_json::{Value, json};

use crate::openapi::fits;
use crate::stage::{Answer, POSTING, Person, Stage, contribution, now, seed};

const JSON: &str = "application/json";
const COPY: &str = "application/peal-copy+cbor";

/// Says something; the sequence of the record, or the name of the refusal.
fn say(
    stage: &Stage,
    by: &Person,
    about: Address,
    refers: Option<u64>,
    month: Option<u32>,
    body: Body,
) -> Result<u64, String> {
    let month = month.map(|m| Month::new(m).unwrap());
    let statement = Statement::new(seed(), Some(about), now(), refers, month, &body);
    post(stage, by, statement)
}

fn post(stage: &Stage, by: &Person, statement: Statement) -> Result<u64, String> {
    let posting = by.posting(&stage.origin, vec![statement]);
    let answer = stage.post("/v1/postings", POSTING, &posting.to_bytes()).json();
    let result = &answer["results"][0];
    let refused = || result["refused"]["name"].as_str().unwrap_or("?").to_owned();
    result["accepted"]["sequence"].as_u64().ok_or_else(refused)
}

/// Whoever is in both ledgers has the same keys there, and an address of its own in each.
struct Old {
    stage: Stage,
    worker: Person,
    platform: Person,
    fund: Person,
    other_fund: Person,
    bureau: Person,
    other_bureau: Person,
    stranger: Person,
}

impl Old {
    /// Her account has her opening, a contribution to her pension, and its settlement.
    fn new() -> Self {
        let stage = Stage::of("old.example/1", |_| {}, Settings::default());
        let old = Self {
            worker: stage.person(2),
            platform: stage.person_with(3, Role::Platform),
            fund: stage.person_with(4, Role::Fund),
            other_fund: stage.person_with(5, Role::Fund),
            bureau: stage.person_with(6, Role::Bureau),
            other_bureau: stage.person_with(7, Role::Bureau),
            stranger: stage.person(8),
            stage,
        };
        assert_eq!(old.contributes("a"), Ok(1));
        let who = Referenced { issuer: old.fund.address, reference: "s".parse().unwrap() };
        let amount =
            Amount { amount: 12_000, credited: 8_000, base: Some(100_000), currency: "CNY".parse().unwrap() };
        let settled = Body::Settlement(Settlement { who, amount });
        assert_eq!(say(&old.stage, &old.fund, old.worker.address, Some(1), Some(202_601), settled), Ok(2));
        old
    }

    fn contributes(&self, reference: &str) -> Result<u64, String> {
        let paid = contribution(&self.platform, self.worker.address, self.fund.address, reference);
        post(&self.stage, &self.platform, paid)
    }

    fn departs(&self, new: &New) -> u64 {
        let (origin, address) = (new.stage.origin.clone(), new.worker.address);
        let to = To { origin, address, bureau: Some(self.bureau.address) };
        let body = Body::Departure(Departure { who: self.worker.address, to });
        say(&self.stage, &self.worker, self.worker.address, None, None, body).unwrap()
    }

    fn pays_out(&self, departure: u64) -> u64 {
        let who = Referenced { issuer: self.fund.address, reference: "o".parse().unwrap() };
        let body =
            Body::TransferredOut(TransferredOut { who, what: pension(self.fund.address), moved: moved() });
        say(&self.stage, &self.fund, self.worker.address, Some(departure), None, body).unwrap()
    }

    fn copy_of(&self, person: &Person) -> Copy {
        Copy::from_bytes(&self.stage.read(person, "records", COPY).body).unwrap()
    }

    fn copy(&self) -> Copy {
        self.copy_of(&self.worker)
    }

    fn whole(&self) -> Vec<u8> {
        proves(&self.copy(), Show::Whole)
    }

    fn shows(&self, out: Option<u64>) -> Showing {
        let list = self.stage.app.trust.to_string().into_bytes();
        Showing { list, file: self.copy().prove_move(out).unwrap().to_file() }
    }

    fn asks(&self, who: &Person, rest: &str) -> Answer {
        self.stage.read_of(who, self.worker.address, rest, JSON)
    }
}

fn proves(copy: &Copy, show: Show) -> Vec<u8> {
    copy.prove(&Selection { show, withhold: Vec::new() }).unwrap().to_file()
}

fn pension(fund: Address) -> What {
    What { insurance: Insurance::PENSION, scheme: "cn-pension".parse().unwrap(), fund }
}

fn moved() -> Moved {
    Moved { own: 8_000, pooled: 2_000, kept: 2_000, currency: "CNY".parse().unwrap() }
}

struct New {
    stage: Stage,
    worker: Person,
    fund: Person,
    bureau: Person,
    stranger: Person,
}

impl New {
    /// It recognises the old ledger.
    fn beside(old: &Old, adjust: impl FnOnce(&mut Config)) -> Self {
        let stage = Stage::of("new.example/1", adjust, Settings::default());
        let new = Self {
            fund: stage.person_with(4, Role::Fund),
            bureau: stage.person_with(6, Role::Bureau),
            stranger: stage.person(8),
            worker: stage.person(2),
            stage,
        };
        let list = Some(old.stage.app.trust.to_string().into_bytes());
        let ledger = LedgerList { origin: old.stage.origin.clone(), list };
        let registrar = &new.stage.registrar;
        let body = Body::LedgerRecognised(LedgerRecognised { who: registrar.address, ledger });
        say(&new.stage, registrar, registrar.address, None, None, body).unwrap();
        new
    }

    fn arrives(&self, old: &Old, departure: u64) -> u64 {
        let copy = old.copy();
        let from = moving::From {
            origin: old.stage.origin.clone(),
            address: old.worker.address,
            departure: Some(departure),
            size: copy.size,
            root: copy.root(),
            bureau: Some(self.bureau.address),
        };
        let body = Body::Arrival(Arrival { who: self.worker.address, from, shown: old.shows(None) });
        say(&self.stage, &self.worker, self.worker.address, None, None, body).unwrap()
    }

    fn path(&self, sequence: u64) -> String {
        format!("/v1/accounts/{}/carried/{sequence}", self.worker.address)
    }

    fn carries(&self, who: &Person, method: &str, sequence: u64, body: &[u8]) -> Answer {
        let headers: &[(&str, &str)] =
            if method == "PUT" { &[("Content-Type", proof::MEDIA_TYPE)] } else { &[] };
        self.stage.signed_as(method, who, &self.path(sequence), headers, body)
    }

    fn put(&self, sequence: u64, body: &[u8]) -> Answer {
        self.carries(&self.worker, "PUT", sequence, body)
    }

    fn get(&self, sequence: u64) -> Answer {
        self.carries(&self.worker, "GET", sequence, b"")
    }

    fn file(&self, sequence: u64) -> PathBuf {
        self.stage.dir.path().join(format!("carried/{}-{sequence}.peal", self.worker.address.number))
    }
}

/// What is told, without what differs from request to request.
fn told(mut answer: Answer) -> (u16, Vec<(String, String)>, Vec<u8>) {
    answer.headers.retain(|(name, _)| name != "x-request-id" && name != "date");
    (answer.status, answer.headers, answer.body)
}

fn leg<'v>(told: &'v Value, step: &str) -> &'v Value {
    let legs = told["departure"]["legs"].as_array().unwrap();
    legs.iter().find(|leg| leg["step"] == step).unwrap_or_else(|| panic!("{told}"))
}

#[test]
fn parties_are_told_how_far_a_move_is_and_nobody_else() {
    let old = Old::new();
    let new = New::beside(&old, |_| {});
    let nothing = old.asks(&old.worker, "move").json();
    assert_eq!(nothing, json!({ "address": old.worker.address.to_string(), "arrivals": [] }));

    let departure = old.departs(&new);
    let all = old.asks(&old.worker, "move").json();
    let left = &all["departure"];
    assert_eq!((&left["sequence"], &left["in_force"]), (&departure.into(), &true.into()));
    assert_eq!(
        (left["origin"].as_str(), left["address"].as_str()),
        (Some("new.example/1"), Some(new.worker.address.to_string().as_str()))
    );
    assert_eq!((&left["outs"], &left["closed"]), (&json!([]), &json!(false)));
    assert_eq!(leg(&all, "departed")["sequence"], departure);
    let out = leg(&all, "money-out");
    assert_eq!(
        (&out["state"], &out["owner"], &out["own"]),
        (&json!("waiting"), &json!("old-fund"), &json!(8_000))
    );
    assert_eq!((&out["insurance"], out["until"].is_string()), (&json!("pension"), true));
    let document = old.stage.get("/openapi.json").json();
    let described = |path: &str, value: &Value| {
        let schema = &document["paths"][path]["get"]["responses"]["200"]["content"][JSON]["schema"];
        fits(&document, schema, value, path);
    };
    described("/v1/accounts/{address}/move", &all);
    for party in [&old.bureau, &old.fund] {
        let answer = old.asks(party, "move");
        assert_eq!(answer.header("cache-control"), Some("private, no-store"));
        assert_eq!(answer.json(), all);
    }

    // Whoever has no part in it, also if she holds a role or has a record there, is told the same as of an account that is not there.
    let missing = Address { number: 7_777, ..old.worker.address };
    let another = Address { number: old.platform.address.number, ..old.worker.address };
    for nobody in [&old.stranger, &old.platform, &old.other_fund, &old.other_bureau] {
        let answer = old.asks(nobody, "move");
        let problem = answer.demand(403, "no-access");
        assert!(problem["remedy"].is_string(), "{problem}");
        let refused = told(answer);
        for address in [missing, another] {
            assert_eq!(told(old.stage.read_of(nobody, address, "move", JSON)), refused);
        }
    }
    old.stage.get(&format!("/v1/accounts/{}/move", old.worker.address)).demand(401, "unsigned-read");
    old.stage.read_of(&old.bureau, old.worker.address, "move", "text/html").demand(406, "not-acceptable");

    // Money leaves, and comes.
    let out = old.pays_out(departure);
    let all = old.asks(&old.fund, "move").json();
    assert_eq!(all["departure"]["outs"][0]["sequence"], out);
    assert_eq!(
        (&leg(&all, "money-out")["state"], &leg(&all, "money-in")["state"]),
        (&json!("done"), &json!("not-yet"))
    );
    let arrival = new.arrives(&old, departure);
    let ask = |who: &Person| new.stage.read_of(who, new.worker.address, "move", JSON);
    ask(&new.fund).demand(403, "no-access");
    let who = Referenced { issuer: new.fund.address, reference: "i".parse().unwrap() };
    let body = TransferredIn {
        who,
        what: pension(new.fund.address),
        moved: moved(),
        out: OutAt(out),
        shown: old.shows(Some(out)),
    };
    let body = Body::TransferredIn(body);
    let came = say(&new.stage, &new.fund, new.worker.address, Some(arrival), None, body).unwrap();
    let all = ask(&new.worker).json();
    let arrived = &all["arrivals"][0];
    assert_eq!((&arrived["sequence"], &arrived["origin"]), (&arrival.into(), &json!("old.example/1")));
    assert_eq!((&arrived["departure"], &arrived["size"]), (&departure.into(), &old.copy().size.into()));
    assert_eq!(
        (&arrived["ins"][0]["sequence"], &arrived["ins"][0]["out"]["sequence"]),
        (&came.into(), &out.into())
    );
    assert!(all.get("departure").is_none(), "{all}");
    described("/v1/accounts/{address}/move", &all);
    assert_eq!((ask(&new.fund).json(), ask(&new.bureau).json()), (all.clone(), all));
    ask(&new.stranger).demand(403, "no-access");
}

#[test]
fn a_fund_is_told_of_its_own_insurances_and_only_while_it_is_one() {
    let old = Old::new();
    let new = New::beside(&old, |_| {});
    // Another fund has to do with her medical insurance.
    let mut body = match contribution(&old.platform, old.worker.address, old.other_fund.address, "h").body() {
        Ok(Body::Contribution(body)) => body,
        other => panic!("{other:?}"),
    };
    body.what.insurance = Insurance::MEDICAL;
    let paid = Body::Contribution(body);
    say(&old.stage, &old.platform, old.worker.address, None, Some(202_601), paid).unwrap();
    old.departs(&new);
    let insurances = |who: &Person| -> Vec<String> {
        let told = old.asks(who, "move").json();
        let legs = told["departure"]["legs"].as_array().unwrap();
        legs.iter().filter_map(|leg| leg["insurance"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(insurances(&old.fund), ["pension"]);
    assert_eq!(insurances(&old.other_fund), ["medical"]);
    assert_eq!(insurances(&old.bureau), ["medical", "pension"]);

    let registrar = &old.stage.registrar;
    let fund = old.stage.read(&old.other_fund, "records", JSON).json();
    assert_eq!(fund["page"][1]["type"], "granted", "{fund}");
    let revoked = Body::Revoked(Revoked { who: registrar.address });
    say(&old.stage, registrar, old.other_fund.address, Some(1), None, revoked).unwrap();
    old.asks(&old.other_fund, "move").demand(403, "no-access");
}

#[test]
fn issuers_are_told_where_an_account_went() {
    let old = Old::new();
    let new = New::beside(&old, |_| {});
    let issuers = [&old.platform, &old.fund, &old.worker];
    for issuer in issuers {
        old.asks(issuer, "whither").demand(404, "not-departed");
    }
    old.departs(&new);
    assert_eq!(old.contributes("late"), Err("departed".to_owned()));
    for issuer in issuers {
        let answer = old.asks(issuer, "whither");
        assert_eq!(answer.header("cache-control"), Some("private, no-store"));
        let told = answer.json();
        let there = new.worker.address.to_string();
        assert_eq!((&told["origin"], &told["address"]), (&json!("new.example/1"), &json!(there)));
        assert!(told["since"].as_str().unwrap().ends_with('Z'), "{told}");
    }
    // A bureau that watches over it has said nothing there, and is told by `move`.
    let missing = Address { number: 7_777, ..old.worker.address };
    for nobody in [&old.stranger, &old.other_fund, &old.bureau] {
        let answer = old.asks(nobody, "whither");
        answer.demand(403, "no-access");
        assert_eq!(told(old.stage.read_of(nobody, missing, "whither", JSON)), told(answer));
    }
    old.stage.get(&format!("/v1/accounts/{}/whither", old.worker.address)).demand(401, "unsigned-read");
}

#[test]
fn a_departure_that_is_not_in_force_is_not_told_to_issuers() {
    let mut old = Old::new();
    let new = New::beside(&old, |_| {});
    // An account with a delay of a day.
    let chain = KeyChain::new([12; 64]);
    let keys = Keys {
        key: chain.signing(0).public(),
        next: chain.signing(1).public().commitment(),
        reading: chain.reading(0).public(),
    };
    let recovery = Recovery { delay: Time::new(86_400).unwrap(), ..Recovery::default() };
    let body = Body::Opened(Opened { who: None, keys, recovery });
    let statement = Statement::new(seed(), None, now(), None, None, &body);
    let origin = &old.stage.origin;
    let opening = Posting::sign(origin, None, seed(), now(), false, vec![statement], &chain.signing(0));
    let opened = old.stage.post("/v1/accounts", POSTING, &opening.to_bytes()).json();
    let address = opened["results"][0]["accepted"]["address"].as_str().unwrap().parse().unwrap();
    old.worker = Person { chain, address };
    assert_eq!(old.contributes("a"), Ok(1));

    old.departs(&new);
    let all = old.asks(&old.worker, "move").json();
    assert_eq!(
        (&all["departure"]["in_force"], &leg(&all, "in-force")["state"]),
        (&json!(false), &json!("waiting"))
    );
    old.asks(&old.platform, "whither").demand(404, "not-departed");
    old.stage.ahead.store(86_401, Ordering::Relaxed);
    assert_eq!(old.asks(&old.platform, "whither").status, 200);
}

#[test]
fn a_history_is_carried_along_by_its_owner_alone() {
    let old = Old::new();
    let new = New::beside(&old, |_| {});
    let departure = old.departs(&new);
    let arrival = new.arrives(&old, departure);
    let whole = old.whole();
    new.get(arrival).demand(404, "not-found");
    new.carries(&new.worker, "DELETE", arrival, b"").demand(404, "not-found");

    let put = new.put(arrival, &whole);
    assert_eq!(put.status, 201, "{}", put.text());
    let kept = json!({
        "sequence": arrival, "origin": "old.example/1", "address": old.worker.address.to_string(),
        "records": old.copy().size, "bytes": whole.len(),
    });
    assert_eq!(put.json(), kept);
    let document = new.stage.get("/openapi.json").json();
    let path = "/v1/accounts/{address}/carried/{sequence}";
    let schema = &document["paths"][path]["put"]["responses"]["201"]["content"][JSON]["schema"];
    fits(&document, schema, &kept, path);
    assert_eq!(fs::metadata(new.file(arrival)).unwrap().permissions().mode() & 0o777, 0o600);
    let again = new.put(arrival, &whole);
    assert_eq!((again.status, again.json()), (200, kept));
    let given = new.get(arrival);
    assert_eq!(
        (given.status, given.header("content-type"), given.header("cache-control")),
        (200, Some(proof::MEDIA_TYPE), Some("private, no-store"))
    );
    assert!(given.body == whole);
    // Records as headers are enough, and another file takes the place of the first.
    let headers = proves(&old.copy(), Show::Identity);
    assert!(headers.len() < whole.len());
    assert_eq!((new.put(arrival, &headers).status, new.get(arrival).body == headers), (200, true));

    // Nobody else's key, and no signature for another method.
    for who in [&new.stranger, &new.bureau, &new.fund] {
        for method in ["PUT", "GET", "DELETE"] {
            new.carries(who, method, arrival, &whole).demand(401, "unsigned-read");
        }
    }
    let by = new.worker.address.to_string();
    let read = crate::stage::sign(
        new.stage.at,
        &new.path(arrival),
        &by,
        now().seconds(),
        &new.worker.chain.reading(0),
    );
    let headers =
        [("Signature-Input", read.0.as_str()), ("Signature", &read.1), ("Content-Type", proof::MEDIA_TYPE)];
    for method in ["PUT", "DELETE"] {
        let answer = crate::stage::call(new.stage.at, method, &new.path(arrival), &headers, &whole).unwrap();
        answer.demand(401, "unsigned-read");
    }

    assert_eq!(new.carries(&new.worker, "DELETE", arrival, b"").status, 204);
    new.get(arrival).demand(404, "not-found");
    assert!(!new.file(arrival).exists());
    new.carries(&new.worker, "DELETE", arrival, b"").demand(404, "not-found");
    assert_eq!(new.put(arrival, &whole).status, 201);
}

#[test]
fn what_has_not_arrived_is_not_carried_along() {
    let old = Old::new();
    let new = New::beside(&old, |_| {});
    let departure = old.departs(&new);
    let arrival = new.arrives(&old, departure);
    let copy = old.copy();
    let whole = old.whole();
    let changed = |change: &dyn Fn(&mut Proof)| {
        let mut proof = Proof::from_file(&whole).unwrap();
        change(&mut proof);
        proof.to_file()
    };

    for sequence in [0, 99, u64::MAX] {
        new.put(sequence, &whole).demand(422, "not-an-arrival");
    }
    for bad in ["x", "-1", "01", "99999999999999999999"] {
        let path = new.path(0).replace("/carried/0", &format!("/carried/{bad}"));
        new.stage.signed_as("GET", &new.worker, &path, &[], b"").demand(400, "bad-parameter");
    }
    new.put(arrival, b"").demand(400, "foreign-file");
    new.put(arrival, b"a photograph").demand(400, "foreign-file");
    let as_json = [("Content-Type", JSON)];
    let answer = new.stage.signed_as("PUT", &new.worker, &new.path(arrival), &as_json, &whole);
    answer.demand(415, "unsupported-media-type");
    let problem = new.put(arrival, &vec![0; MAX_FILE + 1]).demand(413, "too-large");
    assert!(problem["remedy"].as_str().unwrap().contains("headers"), "{problem}");

    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    let not_signed = changed(&|proof| proof.checkpoint = proof.checkpoint.replace("— ", "— x"));
    let another_root = changed(&|proof| proof.subject.shown[1].record.posting_index += 1);
    for (what, file, code) in [
        ("damaged", damaged, "carried-invalid"),
        ("not signed by the old ledger", not_signed, "carried-invalid"),
        ("another root", another_root, "carried-other"),
        ("records are hidden", proves(&copy, Show::Totals), "carried-incomplete"),
        ("another's account", proves(&old.copy_of(&old.platform), Show::Whole), "carried-other"),
        ("the new account", new.stage.read(&new.worker, "proof", "*/*").body, "carried-other"),
    ] {
        let problem = new.put(arrival, &file).demand(422, code);
        assert!(problem["remedy"].is_string() && problem["field"] == "body", "{what}: {problem}");
        assert!(!new.file(arrival).exists(), "{what}");
    }

    // The old account grows: what it is now has not arrived yet, and when it has, either is taken, with either arrival.
    old.pays_out(departure);
    let grown = old.whole();
    new.put(arrival, &grown).demand(422, "carried-other");
    let further = new.arrives(&old, departure);
    assert_eq!((new.put(arrival, &grown).status, new.put(arrival, &whole).status), (201, 200));
    new.put(further, &whole).demand(422, "carried-other");
    assert_eq!(new.put(further, &grown).status, 201);
}

#[test]
fn what_is_carried_has_a_limit() {
    let old = Old::new();
    let new = New::beside(&old, |c| c.limits.carried_bytes = 1000);
    let departure = old.departs(&new);
    let arrival = new.arrives(&old, departure);
    let problem = new.put(arrival, &old.whole()).demand(507, "carried-full");
    assert!(problem["remedy"].as_str().unwrap().contains("limits.carried_bytes"), "{problem}");
    new.get(arrival).demand(404, "not-found");
    // It is read when there is a place for writing, as postings are.
    let all = new.stage.app.writes.available_permits();
    let taken = new.stage.app.writes.clone().try_acquire_many_owned(all as u32).unwrap();
    new.put(arrival, &old.whole()).demand(503, "overloaded");
    drop(taken);
    // And checked when there is one for that.
    let all = new.stage.app.reckonings.available_permits();
    let taken = new.stage.app.reckonings.clone().try_acquire_many_owned(all as u32).unwrap();
    new.put(arrival, &old.whole()).demand(503, "overloaded");
    drop(taken);
}

#[test]
fn copies_for_parties_are_made_a_few_at_a_time() {
    let old = Old::new();
    let new = New::beside(&old, |_| {});
    old.departs(&new);
    let all = old.stage.app.copies.available_permits();
    let taken = old.stage.app.copies.clone().try_acquire_many_owned(all as u32).unwrap();
    let missing = Address { number: 7_777, ..old.worker.address };
    for rest in ["move", "whither"] {
        for address in [old.worker.address, missing] {
            old.stage.read_of(&old.bureau, address, rest, JSON).demand(503, "overloaded");
        }
    }
    // Who cannot be a party does not wait.
    old.asks(&old.stranger, "move").demand(403, "no-access");
    drop(taken);
    assert_eq!(old.asks(&old.bureau, "move").status, 200);
}

#[test]
fn a_backup_has_what_was_carried_along() {
    let old = Old::new();
    let new = New::beside(&old, |_| {});
    let departure = old.departs(&new);
    let arrival = new.arrives(&old, departure);
    let whole = old.whole();
    assert_eq!(new.put(arrival, &whole).status, 201);

    // What a daemon has beside it.
    let files = Files::new(new.stage.dir.path());
    fs::write(files.config(), format!("origin = \"{}\"\n", new.stage.origin)).unwrap();
    fs::write(files.trust(), new.stage.app.trust.to_string()).unwrap();
    fs::write(files.carried().join("1-1.peal.part"), b"half").unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(1).build().unwrap();
    let listener = runtime.block_on(async { peal_api::admin::listen(&files) }).unwrap();
    runtime.spawn(peal_api::admin::serve(listener, files.clone(), new.stage.app.ledger().unwrap().clone()));

    let temp = tempfile::tempdir().unwrap();
    let (saved, back) = (temp.path().join("saved"), temp.path().join("back"));
    backup(&saved, &files.dir, false, false).unwrap();
    restore(&saved, &back, None, false).unwrap();
    let name = new.file(arrival).file_name().unwrap().to_owned();
    for dir in [&saved, &back] {
        let there: Vec<_> =
            fs::read_dir(dir.join("carried")).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(there, std::slice::from_ref(&name));
        let path = dir.join("carried").join(&name);
        assert!(fs::read(&path).unwrap() == whole);
        let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(path), mode(dir.join("carried"))), (0o600, 0o700));
    }

    // A history that was changed, or that nobody has named.
    let (path, other) = (saved.join("carried").join(&name), saved.join("carried/9-9.peal"));
    fs::write(&other, b"x").unwrap();
    let told = restore(&saved, &temp.path().join("never"), None, false).unwrap_err().to_string();
    assert!(told.contains("9-9.peal") && told.contains("not in the manifest"), "{told}");
    fs::remove_file(&other).unwrap();
    let mut changed = whole.clone();
    changed[7] ^= 1;
    fs::write(&path, changed).unwrap();
    let told = restore(&saved, &temp.path().join("never"), None, false).unwrap_err().to_string();
    assert!(told.contains("hash differs"), "{told}");
}
