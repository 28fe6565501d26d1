//! A facet as JSON, for people and their programs. Money is decimal, addresses are as people write them, keys and hashes are hexadecimal.

use peal_spec::hash::{Hash, plain};
use peal_spec::key::PublicKey;
use peal_spec::rights::Scope;
use peal_spec::statement::Value as Facet;
use peal_spec::value::{Currency, Insurance};
use serde_json::{Value, json};

fn texts<T: ToString>(list: &[T]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

fn text<T: ToString>(value: Option<T>) -> Option<String> {
    value.map(|v| v.to_string())
}

fn key(key: &PublicKey) -> String {
    Hash(key.0).to_string()
}

/// The members of a scope, beside others.
fn with_scope(mut value: Value, scope: &Scope) -> Value {
    value["insurances"] = json!(texts(&scope.insurances));
    value["months"] = json!(text(scope.months));
    value["parts"] = json!(texts(&scope.parts));
    value
}

/// What a facet says.
pub(super) fn facet(facet: &Facet) -> Value {
    let money = |currency: Currency, minor: u64| currency.format(minor);
    let insurances = |list: &[Insurance]| texts(list);
    match facet {
        Facet::Issuer(issuer) => json!(text(*issuer)),
        Facet::Payer(p) => {
            json!({ "source": p.source.to_string(), "issuer": p.issuer.to_string(), "reference": p.reference })
        }
        Facet::Referenced(r) => json!({ "issuer": r.issuer.to_string(), "reference": r.reference }),
        Facet::Corrector(c) => json!({ "issuer": c.issuer.to_string(), "reason": c.reason }),
        Facet::Keys(k) => {
            json!({ "key": key(&k.key), "next": k.next.to_string(), "reading": key(&k.reading) })
        }
        Facet::Recovery(r) => {
            json!({ "guardians": texts(&r.guardians), "need": r.need, "delay_seconds": r.delay.seconds() })
        }
        Facet::Grant(g) => {
            json!({ "role": g.role.to_string(), "insurances": insurances(&g.insurances), "until": text(g.until) })
        }
        Facet::What(w) => {
            json!({ "insurance": w.insurance.to_string(), "scheme": w.scheme, "fund": w.fund.to_string() })
        }
        Facet::Amount(None) | Facet::Evidence(None) => Value::Null,
        Facet::Amount(Some(a)) => json!({
            "amount": money(a.currency, a.amount), "credited": money(a.currency, a.credited),
            "base": a.base.map(|base| money(a.currency, base)), "currency": a.currency.to_string(),
        }),
        Facet::Evidence(Some(e)) => json!({
            "orders": e.orders, "place": e.place,
            "start": text(e.shift.map(|(start, _)| start)), "end": text(e.shift.map(|(_, end)| end)),
        }),
        Facet::Money(m) => {
            json!({ "amount": money(m.currency, m.amount), "currency": m.currency.to_string() })
        }
        Facet::Returned(r) => json!({
            "amount": money(r.currency, r.amount), "credited": money(r.currency, r.credited),
            "currency": r.currency.to_string(),
        }),
        Facet::Interest(i) => {
            let stretch = |s: &peal_spec::money::Stretch| json!({ "balance": money(i.currency, s.balance), "months": s.months });
            let stretches: Vec<Value> = i.stretches.iter().map(stretch).collect();
            json!({
                "amount": money(i.currency, i.amount), "currency": i.currency.to_string(),
                "rate_millionths": i.rate, "stretches": stretches,
            })
        }
        Facet::Entitlement(e) => {
            let step = |s: &peal_spec::money::Step| json!({ "amount": money(e.currency, s.amount), "months": s.months });
            let steps: Vec<Value> = e.steps.iter().map(step).collect();
            json!({ "currency": e.currency.to_string(), "steps": steps })
        }
        Facet::Consent(c) => with_scope(
            json!({
                "grantee": c.grantee.to_string(), "purpose": c.purpose, "rights": texts(&c.rights),
                "until": c.until.to_string(), "once": c.once,
            }),
            &c.scope,
        ),
        Facet::Looked(l) => with_scope(json!({ "purpose": l.purpose }), &l.scope),
        Facet::Claim(c) => json!({
            "kind": c.kind.name(), "party": c.party.to_string(), "bureau": c.bureau.to_string(),
            "insurance": text(c.insurance), "months": text(c.months), "records": c.records,
        }),
        Facet::Answer(a) => json!({ "accepts": a.accepts, "records": a.records }),
        Facet::Ruling(d) => json!({ "outcome": d.outcome.name(), "by": text(d.by) }),
        Facet::Remedy(r) => json!(r.0),
        Facet::Says(s) => json!(s.as_str()),
        Facet::Identity(hash) => json!(hash.to_string()),
        // No proof shows one.
        Facet::Token(_) => Value::Null,
        Facet::Link(link) => json!(link.0.to_string()),
        Facet::To(to) => json!({
            "origin": to.origin.to_string(), "address": to.address.to_string(), "bureau": text(to.bureau),
        }),
        Facet::From(from) => json!({
            "origin": from.origin.to_string(), "address": from.address.to_string(), "departure": from.departure,
            "size": from.size, "root": from.root.to_string(), "bureau": text(from.bureau),
        }),
        Facet::Showing(shown) => json!({
            "list": String::from_utf8_lossy(&shown.list), "file_sha256": plain(&shown.file).to_string(),
        }),
        Facet::Moved(m) => json!({
            "own": money(m.currency, m.own), "pooled": money(m.currency, m.pooled),
            "kept": money(m.currency, m.kept), "currency": m.currency.to_string(),
        }),
        Facet::OutAt(out) => json!(out.0),
        Facet::LedgerList(ledger) => json!({
            "origin": ledger.origin.to_string(),
            "list": ledger.list.as_ref().map(|list| String::from_utf8_lossy(list)),
        }),
        Facet::Paper(paper) => json!({
            "insurance": paper.insurance.to_string(), "scheme": paper.scheme, "payer": paper.payer,
            "first": paper.months.0.to_string(), "last": paper.months.1.to_string(),
            "amount": money(paper.currency, paper.amount), "currency": paper.currency.to_string(),
        }),
        Facet::PaperSource(source) => json!({
            "document": source.document, "sha256": source.digest.to_string(), "page": source.page,
        }),
    }
}
