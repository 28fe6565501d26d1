//! Pages: the OpenAPI document as HTML that is read without scripts or anything from elsewhere.

use std::fmt::Write as _;

use peal_spec::value::Origin;
use serde_json::Value;

/// The one style sheet, which stands in every page.
pub const STYLE: &str = include_str!("style.css");

/// Text with its special characters made harmless.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

/// A description: paragraphs, code between backquotes, and blocks indented by four spaces.
fn prose(text: &str) -> String {
    let paragraph = |p: &str| {
        if p.starts_with("    ") {
            let lines: Vec<&str> = p.lines().map(|l| l.strip_prefix("    ").unwrap_or(l)).collect();
            let lines: String = lines.iter().map(|l| format!("<span>{}</span>", escape(l))).collect();
            return format!("<pre>{lines}</pre>");
        }
        let parts = p.split('`').enumerate();
        let marked =
            parts.map(|(i, s)| if i % 2 == 1 { format!("<code>{}</code>", escape(s)) } else { escape(s) });
        format!("<p>{}</p>", marked.collect::<String>())
    };
    text.split("\n\n").filter(|p| !p.trim().is_empty()).map(paragraph).collect()
}

/// The same within a line.
fn words(text: &str) -> String {
    prose(&text.replace("\n\n", " ")).replace("<p>", "").replace("</p>", "")
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn frame(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{}</title><style>{STYLE}</style></head><body>{body}</body></html>\n",
        escape(title)
    )
}

/// A schema in a few words, with links to those that have a name.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        return format!("<a href=\"#schema-{0}\">{0}</a>", escape(name));
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(options) = schema[key].as_array() {
            let of: Vec<String> = options.iter().filter(|o| o["type"] != "null").map(kind).collect();
            return of.join(" or ");
        }
    }
    let name = match &schema["type"] {
        Value::Array(names) => {
            names.iter().filter_map(Value::as_str).find(|n| *n != "null").unwrap_or("value")
        }
        Value::String(name) => name,
        _ => "value",
    };
    match name {
        "array" if schema["items"]["format"] == "int32" || schema["items"]["type"] == "integer" => {
            "bytes".into()
        }
        "array" => format!("list of {}", kind(&schema["items"])),
        "object" if schema["additionalProperties"].is_object() => {
            format!("map to {}", kind(&schema["additionalProperties"]))
        }
        name => escape(name),
    }
}

fn content(value: &Value) -> String {
    let Some(content) = value.as_object() else { return String::new() };
    let form = |(media, body): (&String, &Value)| {
        let of = kind(&body["schema"]);
        let of = if of == "bytes" || of == "string" { String::new() } else { format!(": {of}") };
        format!("<span class=\"media\"><code>{}</code>{of}</span>", escape(media))
    };
    content.iter().map(form).collect()
}

fn operation(path: &str, method: &str, operation: &Value) -> String {
    let mut out = String::new();
    let lock = if operation["security"].is_array() {
        "<a class=\"lock\" href=\"#signed-read\">signed read</a>"
    } else {
        ""
    };
    let _ = write!(
        out,
        "<article id=\"{id}\"><div class=\"line\"><span class=\"method {method}\">{upper}</span><span class=\"path\">{path}</span>{lock}</div><h3>{summary}</h3>{about}",
        id = escape(text(operation, "operationId")),
        upper = method.to_uppercase(),
        path = escape(path),
        summary = escape(text(operation, "summary")),
        about = prose(text(operation, "description")),
    );
    if let Some(parameters) = operation["parameters"].as_array().filter(|p| !p.is_empty()) {
        out.push_str("<h4>Parameters</h4><table>");
        for p in parameters {
            let example = match &p["example"] {
                Value::Null => String::new(),
                Value::String(s) => format!(" For example <code>{}</code>.", escape(s)),
                other => format!(" For example <code>{}</code>.", escape(&other.to_string())),
            };
            let _ = write!(
                out,
                "<tr><td><code>{}</code></td><td class=\"kind\">{}</td><td>{}{example}</td></tr>",
                escape(text(p, "name")),
                escape(text(p, "in")),
                words(text(p, "description"))
            );
        }
        out.push_str("</table>");
    }
    if operation["requestBody"].is_object() {
        let body = &operation["requestBody"];
        let _ = write!(out, "<h4>Body</h4>{}{}", prose(text(body, "description")), content(&body["content"]));
    }
    out.push_str("<h4>Answers</h4><table>");
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        let class = if status.starts_with('2') { "good" } else { "bad" };
        let _ = write!(
            out,
            "<tr><td class=\"status {class}\">{}</td><td>{}{}</td></tr>",
            escape(status),
            words(text(answer, "description")),
            content(&answer["content"])
        );
    }
    out.push_str("</table></article>");
    out
}

fn schema(name: &str, schema: &Value) -> String {
    let mut out = format!(
        "<article id=\"schema-{0}\"><h3>{0}</h3>{1}",
        escape(name),
        prose(text(schema, "description"))
    );
    let mut rows = String::new();
    let alternatives = schema["oneOf"].as_array().or_else(|| schema["allOf"].as_array());
    let parts = alternatives.map_or_else(|| vec![schema], |parts| parts.iter().collect());
    for part in parts {
        if part["$ref"].is_string() {
            let _ = write!(
                rows,
                "<tr><td></td><td class=\"kind\">{}</td><td>All of its fields.</td></tr>",
                kind(part)
            );
        }
        let required: Vec<&str> =
            part["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (field, of) in part["properties"].as_object().into_iter().flatten() {
            let optional = if required.contains(&field.as_str()) { "" } else { " (may be absent)" };
            let alternatives = of["oneOf"].as_array().into_iter().flatten();
            let about = std::iter::once(of)
                .chain(alternatives)
                .find_map(|s| s["description"].as_str())
                .unwrap_or_else(|| text(part, "description"));
            let _ = write!(
                rows,
                "<tr><td><code>{}</code></td><td class=\"kind\">{}</td><td>{}{optional}</td></tr>",
                escape(field),
                kind(of),
                words(about)
            );
        }
    }
    let _ = write!(out, "<table>{rows}</table></article>");
    out
}

/// The whole document.
pub fn docs(document: &Value) -> String {
    let info = &document["info"];
    let origin = text(info, "x-peal-origin");
    let (mut nav, mut main) = (String::new(), String::new());
    let _ = write!(
        main,
        "<h1>{}</h1><div class=\"lead\"><p>This ledger is <code>{}</code>.</p>{}</div><div class=\"card\" id=\"signed-read\"><strong>Signed reads</strong>{}</div>",
        escape(text(info, "title")),
        escape(origin),
        prose(text(info, "description")),
        prose(text(&document["components"]["securitySchemes"]["signed-read"], "description"))
    );
    for tag in document["tags"].as_array().into_iter().flatten() {
        let name = text(tag, "name");
        let _ = write!(nav, "<h2><a href=\"#tag-{0}\">{0}</a></h2><ul>", escape(name));
        let _ = write!(
            main,
            "<h2 class=\"tag\" id=\"tag-{0}\">{0}</h2><p class=\"lead\">{1}</p>",
            escape(name),
            escape(text(tag, "description"))
        );
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, op) in item.as_object().into_iter().flatten().filter(|(_, op)| op["tags"][0] == name)
            {
                let _ = write!(
                    nav,
                    "<li><a href=\"#{}\">{}</a></li>",
                    escape(text(op, "operationId")),
                    escape(text(op, "summary"))
                );
                main.push_str(&operation(path, method, op));
            }
        }
        nav.push_str("</ul>");
    }
    nav.push_str("<h2><a href=\"#shapes\">shapes</a></h2><ul>");
    main.push_str(
        "<h2 class=\"tag\" id=\"shapes\">shapes</h2><p class=\"lead\">What the JSON forms hold.</p>",
    );
    for (name, of) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let _ = write!(nav, "<li><a href=\"#schema-{0}\">{0}</a></li>", escape(name));
        main.push_str(&schema(name, of));
    }
    nav.push_str("</ul>");
    let body = format!(
        "<div class=\"layout\"><nav aria-label=\"Contents\"><a class=\"brand\" href=\"/\">PEAL ledger</a>{nav}<p><a href=\"/openapi.json\">openapi.json</a></p></nav><main>{main}</main></div>"
    );
    frame("PEAL ledger: HTTP interface", &body)
}

/// The page to begin with.
pub fn landing(origin: &Origin) -> String {
    let body = format!(
        "<main class=\"landing\"><h1>PEAL ledger</h1><p class=\"lead\">This is <code>{}</code>, a Portable Employment Account Ledger: contributions \
         to social insurance, append-only and signed, and provable by the worker to anyone, offline.</p><ul>\
         <li><a href=\"/docs\">How to use it over HTTP</a> (<a href=\"/openapi.json\">openapi.json</a>)</li>\
         <li><a href=\"/v1/ledger\">Its name, keys, trust list and limits</a></li>\
         <li><a href=\"/checkpoint\">The signed checkpoint of its public log</a></li></ul></main>",
        escape(origin.as_str())
    );
    frame("PEAL ledger", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_harmless() {
        assert_eq!(prose("a `<b>` & \"c\""), "<p>a <code>&lt;b&gt;</code> &amp; &quot;c&quot;</p>");
        let origin = "<script>x</script>".parse().unwrap();
        assert!(!landing(&origin).contains("<script>"));
    }
}
