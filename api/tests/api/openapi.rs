//! The OpenAPI document says what the server does, and the page is made of it.

use std::collections::BTreeSet;

use peal_spec::role::Role;
use serde_json::Value;

use crate::stage::{POSTING, Stage, call, contribution};
use peal_spec::cbor::Cbor as _;

fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str));
            map.values().for_each(|v| references(v, found));
        }
        Value::Array(list) => list.iter().for_each(|v| references(v, found)),
        _ => {}
    }
}

#[test]
fn the_document_is_whole() {
    let stage = Stage::new();
    let document = stage.get("/openapi.json").json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths: BTreeSet<&str> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let all = [
        "/",
        "/docs",
        "/openapi.json",
        "/healthz",
        "/readyz",
        "/metrics",
        "/checkpoint",
        "/tile/{L}/{N}",
        "/tile/entries/{N}",
        "/v1/accounts",
        "/v1/accounts/{address}/bound",
        "/v1/accounts/{address}/carried/{sequence}",
        "/v1/accounts/{address}/head",
        "/v1/accounts/{address}/move",
        "/v1/accounts/{address}/records",
        "/v1/accounts/{address}/proof",
        "/v1/accounts/{address}/recovery",
        "/v1/accounts/{address}/notices",
        "/v1/accounts/{address}/shared",
        "/v1/accounts/{address}/standing",
        "/v1/accounts/{address}/whither",
        "/v1/checkpoint",
        "/v1/ledger",
        "/v1/postings",
        "/v1/postings/{digest}",
        "/v1/schemes",
        "/v1/schemes/{id}",
        "/v1/schemes/{id}/card",
        "/v1/schemes/{id}/estimate",
        "/v1/schemes/{id}/project",
        "/v1/seen",
        "/v1/verify",
    ];
    assert_eq!(paths, all.into_iter().collect());

    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} does not resolve");
    }

    let tags: BTreeSet<&str> =
        document["tags"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{id} is there twice");
            assert!(operation["summary"].is_string(), "{id}");
            assert!(tags.contains(operation["tags"][0].as_str().unwrap()), "{id}");
            // Every parameter of the path is described.
            let described: BTreeSet<&str> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|p| p["in"] == "path")
                .map(|p| p["name"].as_str().unwrap())
                .collect();
            let named: BTreeSet<&str> = path.split('{').skip(1).filter_map(|p| p.split('}').next()).collect();
            assert_eq!(described, named, "{path}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                assert!(!response["description"].as_str().unwrap().is_empty());
                if status == "304" || status == "204" {
                    continue;
                }
                let content = response["content"].as_object().unwrap_or_else(|| panic!("{id} {status}"));
                if status == "default" || status.starts_with('4') || status.starts_with('5') {
                    assert!(content.contains_key("application/problem+json"), "{id} {status}");
                }
            }
            let signed = path.starts_with("/v1/accounts/{") || path == "/v1/postings/{digest}";
            assert_eq!(operation["security"].is_array(), signed, "{id}");
            // The server knows the route: whatever it answers, it is not that there is nothing.
            if !path.contains('{') {
                let answer = call(stage.at, &method.to_uppercase(), path, &[], b"").unwrap();
                assert!(answer.status != 404 && answer.status != 405, "{method} {path}: {}", answer.status);
            }
        }
    }
    assert!(
        document["components"]["securitySchemes"]["signed-read"]["description"]
            .as_str()
            .unwrap()
            .contains("RFC 9421")
    );
}

/// Demands that a value has the fields of a schema: all that are required, and none that is not described.
pub(crate) fn fits(document: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        return fits(document, document.pointer(&reference[1..]).unwrap(), value, at);
    }
    if value.is_null() {
        return;
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(options) = schema[key].as_array() {
            let option = options.iter().find(|o| {
                o["$ref"].is_string()
                    || o["properties"].as_object().is_some_and(|p| p.keys().all(|k| value.get(k).is_some()))
            });
            return fits(document, option.unwrap_or_else(|| panic!("{at}: {value}")), value, at);
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut merged = serde_json::json!({ "type": "object", "properties": {}, "required": [] });
        for part in parts {
            let part = part["$ref"].as_str().map_or(part, |r| document.pointer(&r[1..]).unwrap());
            merged["properties"]
                .as_object_mut()
                .unwrap()
                .extend(part["properties"].as_object().unwrap().clone());
        }
        return fits(document, &merged, value, at);
    }
    match value {
        Value::Object(map) if schema["properties"].is_object() => {
            for required in schema["required"].as_array().into_iter().flatten() {
                assert!(map.contains_key(required.as_str().unwrap()), "{at}: {required} is missing");
            }
            for (key, value) in map {
                let of = &schema["properties"][key];
                assert!(of.is_object(), "{at}: {key} is not described");
                fits(document, of, value, &format!("{at}.{key}"));
            }
        }
        Value::Array(list) => list.iter().for_each(|v| fits(document, &schema["items"], v, at)),
        _ => {}
    }
}

#[test]
fn what_is_answered_is_what_is_described() {
    let stage = Stage::new();
    let (worker, fund) = (stage.person(2), stage.person_with(3, Role::Fund));
    let platform = stage.person_with(4, Role::Platform);
    let statements = ["a", "a"].map(|r| contribution(&platform, worker.address, fund.address, r)).to_vec();
    let posting = platform.posting(&stage.origin, statements).to_bytes();
    let document = stage.get("/openapi.json").json();
    let described = |path: &str, method: &str, status: &str, media: &str, value: &Value| {
        let schema = &document["paths"][path][method]["responses"][status]["content"][media]["schema"];
        assert!(schema.is_object(), "{path} {status} {media}");
        fits(&document, schema, value, path);
    };
    let json = "application/json";
    let receipt = stage.post("/v1/postings", POSTING, &posting).json();
    described("/v1/postings", "post", "200", json, &receipt);
    described("/v1/ledger", "get", "200", json, &stage.get("/v1/ledger").json());
    for (path, query) in [
        ("head", "head"),
        ("records", "records?limit=1"),
        ("proof", "proof"),
        ("proof", "proof?withhold=who,what"),
    ] {
        let value = stage.read(&worker, query, json).json();
        described(&format!("/v1/accounts/{{address}}/{path}"), "get", "200", json, &value);
    }
    let file = stage.read(&worker, "proof", peal_spec::proof::MEDIA_TYPE).body;
    described(
        "/v1/verify",
        "post",
        "200",
        json,
        &stage.post("/v1/verify", peal_spec::proof::MEDIA_TYPE, &file).json(),
    );
    described("/v1/schemes", "get", "200", json, &stage.get("/v1/schemes").json());
    let form = call(stage.at, "GET", "/v1/schemes/cn-flexible-pension", &[("Accept", json)], b"").unwrap();
    described("/v1/schemes/{id}", "get", "200", json, &form.json());
    let problem = stage.post("/v1/postings", POSTING, b"").json();
    described("/v1/postings", "post", "400", "application/problem+json", &problem);
}

#[test]
fn the_page_stands_alone() {
    let stage = Stage::new();
    let page = stage.get("/docs");
    let text = page.text();
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(
        !text.contains("<script")
            && !text.contains("src=")
            && !text.contains("http://")
            && !text.contains("style=\"")
    );
    let anchors: BTreeSet<&str> = text.split("id=\"").skip(1).filter_map(|s| s.split('"').next()).collect();
    for link in text.split("href=\"#").skip(1).filter_map(|s| s.split('"').next()) {
        assert!(anchors.contains(link), "#{link} leads nowhere");
    }
    assert_eq!(stage.get("/").status, 200);
}
