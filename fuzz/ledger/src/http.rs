//! The daemon's router with a small ledger behind it: any method, path, headers and body.
//!
//! 1. A ledger is made once, in a directory of its own, with the month of the specification's small ledger in it.
//! 2. The bytes are a request as people write it: `METHOD target`, headers, an empty line, the body. Targets may name people as `{lin}`; the
//!    header `Sign: lin` is replaced by the two headers of a signed read by her key.
//! 3. The router answers in this process, and the answer is what the documentation says: never a panic, never a 500; a problem details
//!    object for every error, and of those above 499 only 503.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, HOST, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use peal_api::app::App;
use peal_api::config::Config;
use peal_api::schemes::Schemes;
use peal_fuzz::cast::{Person, origin, time};
use peal_fuzz::operator;
use peal_fuzz::seeds::{Seeds, WORLD, postings};
use peal_ledger::{Genesis, Ledger, Settings};
use peal_spec::cbor::Cbor as _;
use peal_spec::copy::{Selection, Show};
use peal_spec::posting::Posting;
use peal_spec::signed_read;
use tower::ServiceExt as _;

/// What the server's clock says.
fn now() -> u64 {
    time(1000).seconds()
}

struct Stage {
    runtime: tokio::runtime::Runtime,
    router: Router,
    dir: tempfile::TempDir,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let database = dir.path().join("db");
    let settings = || Settings { clock: Arc::new(now), ..Settings::default() };
    let receive =
        |bytes: &[u8]| Posting::receive(bytes, &origin()).expect("the small ledger's postings are good");
    let all = postings();
    let genesis = Genesis { origin: origin(), opening: receive(&all[0]) };
    Ledger::create(&database, &WORLD.book.operator(), genesis, &settings()).expect("a new ledger");
    let ledger = Ledger::open(&database, WORLD.book.operator(), &origin(), settings()).expect("it opens");
    for posting in &all[1..] {
        let receipt =
            ledger.submit(receive(posting), posting.len()).and_then(|p| p.wait()).expect("a receipt");
        assert!(
            receipt.results.iter().all(Result::is_ok),
            "what one ledger takes another takes: {:?}",
            receipt.results
        );
    }
    let mut config = Config::new(origin());
    config.limits.body_bytes = 1 << 20;
    let schemes = Schemes::read(None).expect("the packs that come along are whole");
    let app = Arc::new(App::new(config, operator::trust(), schemes, Arc::new(now)));
    app.bound(([127, 0, 0, 1], 7878).into());
    app.opened(ledger);
    let (router, _) = peal_api::router::build(app).expect("the document can be made");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    // libFuzzer ends without dropping what is static.
    Stage { runtime, router, dir }
});

/// A person of the small ledger by name.
fn person(name: &str) -> Option<&'static Person> {
    let w = &*WORLD;
    [&w.registrar, &w.platform, &w.employer, &w.fund, &w.other_fund, &w.lin, &w.wang]
        .into_iter()
        .find(|p| p.name == name)
}

/// Makes a request of the bytes, if they are one.
fn request(data: &[u8]) -> Option<Request<Body>> {
    let (head, body) = match data.windows(2).position(|w| w == b"\n\n") {
        Some(at) => (&data[..at], &data[at + 2..]),
        None => (data, &b""[..]),
    };
    let mut lines = head.split(|b| *b == b'\n');
    let first = std::str::from_utf8(lines.next()?).ok()?;
    let (method, target) = first.split_once(' ')?;
    let mut target = target.to_owned();
    for name in ["registrar", "platform", "fund", "lin", "wang"] {
        let named = format!("{{{name}}}");
        if target.contains(&named) {
            target = target.replace(&named, &person(name)?.at().to_string());
        }
    }
    let uri: Uri = target.parse().ok()?;
    let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).ok()?).uri(uri.clone());
    let mut host = false;
    for line in lines {
        let cut = line.iter().position(|b| *b == b':')?;
        let (name, value) = (&line[..cut], line[cut + 1..].trim_ascii());
        if name == b"Sign" {
            let person = person(std::str::from_utf8(value).ok()?)?;
            for (name, value) in sign(person, method, &uri) {
                request = request.header(name, value);
            }
            continue;
        }
        let name = HeaderName::from_bytes(name).ok()?;
        host |= name == HOST;
        request = request.header(name, HeaderValue::from_bytes(value).ok()?);
    }
    if !host {
        request = request.header(HOST, "127.0.0.1:7878");
    }
    request.body(Body::from(body.to_vec())).ok()
}

/// The two headers of a signed read.
fn sign(person: &Person, method: &str, uri: &Uri) -> [(&'static str, String); 2] {
    let parameters = signed_read::parameters(now(), &person.at().to_string());
    let query = format!("?{}", uri.query().unwrap_or_default());
    let request =
        signed_read::Request { method, authority: "127.0.0.1:7878", path: uri.path(), query: &query };
    let signature = person.chain.reading(0).sign(signed_read::base(&request, &parameters).as_bytes());
    [
        ("signature-input", format!("peal={parameters}")),
        ("signature", format!("peal=:{}:", BASE64.encode(signature))),
    ]
}

/// Sends a request.
pub fn run(data: &[u8]) {
    let Some(request) = request(data) else { return };
    let head = request.method() == Method::HEAD;
    let (parts, body) = STAGE.runtime.block_on(async {
        let answer = STAGE.router.clone().oneshot(request).await.expect("a router does not fail");
        let (parts, body) = answer.into_parts();
        (parts, to_bytes(body, 64 << 20).await.expect("an answer is within its bounds"))
    });
    let status = parts.status;
    assert!(parts.headers.contains_key("x-request-id"));
    assert!(
        status.as_u16() < 500 || status == StatusCode::SERVICE_UNAVAILABLE,
        "{status}: {}",
        String::from_utf8_lossy(&body)
    );
    let kind = parts.headers.get(CONTENT_TYPE).map(|t| t.to_str().expect("a media type is text").to_owned());
    if status.is_client_error() || status.is_server_error() {
        assert_eq!(kind.as_deref(), Some("application/problem+json"), "{status}");
        assert!(status != StatusCode::SERVICE_UNAVAILABLE || parts.headers.contains_key(RETRY_AFTER));
        if !head {
            let problem: serde_json::Value = serde_json::from_slice(&body).expect("a problem is JSON");
            assert_eq!(problem["status"], status.as_u16());
            for field in ["type", "title", "detail", "code"] {
                assert!(problem[field].is_string(), "{field} of {problem}");
            }
        }
    } else if kind.as_deref().is_some_and(|k| k.starts_with("application/json")) && !head {
        serde_json::from_slice::<serde_json::Value>(&body).expect("JSON is JSON");
    }
    assert!(STAGE.dir.path().exists());
}

/// One request for each route, of every form.
pub fn seeds() -> Seeds {
    let mut seeds: Seeds = [
        "GET /",
        "GET /docs",
        "GET /openapi.json",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
        "GET /checkpoint",
        "HEAD /checkpoint",
        "GET /tile/0/000.p/7",
        "GET /tile/entries/000.p/3",
        "GET /tile/1/x001/000",
        "GET /v1/ledger",
        "GET /v1/ledger\nAccept: text/html;q=0.1, */*",
        "PUT /v1/postings",
        "OPTIONS /v1/verify",
        "GET /v1/postings/00",
        "GET /v1/accounts/{lin}/head",
        "GET /v1/accounts/{lin}/head?since=3\nSign: lin",
        "GET /v1/accounts/{lin}/head\nSign: wang",
        "GET /v1/accounts/{lin}/records?from=1&limit=2\nSign: lin\nAccept: application/json",
        "GET /v1/accounts/{lin}/records?since=4\nSign: lin\nAccept: application/peal-copy+cbor",
        "GET /v1/accounts/{lin}/proof\nSign: lin",
        "GET /v1/accounts/{lin}/proof?show=totals&withhold=amount,who\nSign: lin\nAccept: application/json",
        "GET /v1/accounts/{lin}/proof?show=months&from=2026-08&to=2026-09\nSign: lin",
        "GET /v1/accounts/{fund}/proof?show=nothing\nSign: fund",
        "GET /v1/accounts/{wang}/records?from=9007199254740991\nSign: wang",
        "POST /v1/postings\nContent-Type: application/peal-posting+cbor\nContent-Length: 99999999\n\nx",
        "POST /v1/verify\nContent-Type: application/peal-proof+cbor\nContent-Encoding: gzip\n\nx",
    ]
    .map(|s| s.as_bytes().to_vec())
    .to_vec();
    let post = |path: &str, media: &str, body: &[u8]| {
        [format!("POST {path}\nContent-Type: {media}\n\n").as_bytes(), body].concat()
    };
    for posting in postings() {
        let digest = Posting::from_bytes(&posting).unwrap().signed.digest();
        seeds.push(format!("GET /v1/postings/{digest}").into_bytes());
        seeds.push(post("/v1/postings", "application/peal-posting+cbor", &posting));
        seeds.push(post("/v1/accounts", "application/peal-posting+cbor", &posting));
    }
    let copy = WORLD.book.copy(WORLD.lin.at().number, 0, None);
    for show in [Show::Whole, Show::Totals] {
        let proof = copy.prove(&Selection { show, withhold: vec![] }).unwrap();
        seeds.push(post("/v1/verify", "application/peal-proof+cbor", &proof.to_file()));
    }
    seeds
}
