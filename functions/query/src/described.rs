//! The API's description of itself: as it is kept, as a page, and the schemas in it.
//!
//! One document, kept by hand in `infra/openapi.json` and compiled in. The page is made of that document alone, so the two
//! cannot differ: plain HTML without a script, a style or anything from elsewhere.

use std::fmt::Write as _;
use std::sync::OnceLock;

use posts::Kind;
use serde_json::{Map, Value, json};

/// The document, OpenAPI 3.1.
pub(crate) const OPENAPI: &str = include_str!("../../../infra/openapi.json");

/// Methods in the order in which the page shows them.
const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::from_str(OPENAPI).expect("the document is compiled in, and tests read it"))
}

/// The kinds there are schemas of, with their paths.
pub(crate) fn schemas() -> String {
    let listed = Kind::ALL.map(|kind| json!({"kind": kind, "link": format!("/v1/schemas/{kind}")}));
    json!({"schemas": listed}).to_string()
}

/// The JSON Schema of a record of a kind, as it stands in the document.
pub(crate) fn schema(kind: Kind) -> String {
    let name = match kind {
        Kind::Pin => "Pin",
        Kind::Geo => "Geo",
        Kind::User => "User",
    };
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
    schema.insert("$id".to_owned(), format!("/v1/schemas/{kind}").into());
    if let Value::Object(kept) = &document()["components"]["schemas"][name] {
        schema.extend(kept.clone());
    }
    Value::Object(schema).to_string()
}

/// The document as a page.
pub(crate) fn page() -> &'static str {
    static PAGE: OnceLock<String> = OnceLock::new();
    PAGE.get_or_init(|| page_of(document()))
}

fn page_of(document: &Value) -> String {
    let info = &document["info"];
    let mut page = Page(String::with_capacity(64 * 1024));
    let title = format!("{} {}", text(&info["title"]), text(&info["version"]));
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>");
    page.text(&title);
    page.raw("</title>\n<meta name=\"viewport\" content=\"width=device-width\">\n");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n</head>\n<body>\n<main>\n");
    page.element("h1", &title);
    page.element("p", text(&info["description"]));
    page.raw("<p>For programs: <a href=\"openapi.json\">openapi.json</a>.</p>\n<h2>Paths</h2>\n");
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                operation_of(&mut page, method, path, operation);
            }
        }
    }
    problems(&mut page, document);
    page.raw("</main>\n</body>\n</html>\n");
    page.0
}

fn operation_of(page: &mut Page, method: &str, path: &str, operation: &Value) {
    page.anchored("h3", text(&operation["operationId"]), &format!("{} {path}", method.to_uppercase()));
    page.element("p", &format!("{}.", text(&operation["summary"])));
    if let Some(description) = operation["description"].as_str() {
        page.element("p", description);
    }
    let parameters: Vec<String> = operation["parameters"].as_array().into_iter().flatten().map(parameter).collect();
    page.list("Parameters", &parameters);
    for example in examples(&operation["requestBody"]) {
        page.raw("<p>Body, for example:</p>\n");
        page.element("pre", &serde_json::to_string_pretty(example).unwrap_or_default());
    }
    let answers = operation["responses"].as_object().into_iter().flatten();
    let answers: Vec<String> =
        answers.map(|(status, answer)| format!("{status}: {}", text(&resolved(answer)["description"]))).collect();
    page.list("Answers", &answers);
}

fn parameter(parameter: &Value) -> String {
    let parameter = resolved(parameter);
    let named = format!("{} ({})", text(&parameter["name"]), text(&parameter["in"]));
    let values = parameter["schema"]["enum"].as_array().map(|values| values.iter().map(text).collect::<Vec<_>>());
    let values = values.map(|values| format!(": {}", values.join(", "))).unwrap_or_default();
    let default = parameter["schema"].get("default").map(|value| format!(", by default {}", plain(value)));
    let description = parameter["description"].as_str().map(|text| format!(". {text}")).unwrap_or_default();
    format!("{named}{values}{}{description}", default.unwrap_or_default())
}

fn examples(body: &Value) -> impl Iterator<Item = &Value> {
    let content = body["content"].as_object().and_then(|content| content.values().next());
    let examples = content.and_then(|content| content["examples"].as_object());
    examples.into_iter().flat_map(|examples| examples.values().map(|example| &example["value"]))
}

/// Every type of problem under the anchor that problems name.
fn problems(page: &mut Page, document: &Value) {
    page.raw("<h2>Problems</h2>\n");
    let mut anchored: Vec<&str> = Vec::new();
    for problem in document["x-problems"].as_array().into_iter().flatten() {
        let (code, title) = (text(&problem["code"]), text(&problem["title"]));
        let heading = format!("{} {title}", plain(&problem["status"]));
        // A code that reading and writing share has one anchor.
        if anchored.contains(&code) {
            page.element("h3", &heading);
        } else {
            page.anchored("h3", &code.replace('_', "-"), &heading);
            anchored.push(code);
        }
        page.element("p", &format!("{code}. {}", text(&problem["when"])));
    }
}

/// What a reference leads to, one step far.
fn resolved(value: &Value) -> &Value {
    let Some(pointer) = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) else { return value };
    document().pointer(pointer).unwrap_or(value)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// HTML as it grows.
struct Page(String);

impl Page {
    fn raw(&mut self, html: &str) {
        self.0.push_str(html);
    }

    fn text(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.raw("&amp;"),
                '<' => self.raw("&lt;"),
                '>' => self.raw("&gt;"),
                '"' => self.raw("&quot;"),
                other => self.0.push(other),
            }
        }
    }

    fn element(&mut self, name: &str, content: &str) {
        write!(self.0, "<{name}>").expect("writing to a String cannot fail");
        self.text(content);
        writeln!(self.0, "</{name}>").expect("writing to a String cannot fail");
    }

    fn anchored(&mut self, name: &str, anchor: &str, content: &str) {
        write!(self.0, "<{name} id=\"").expect("writing to a String cannot fail");
        self.text(anchor);
        self.raw("\">");
        self.text(content);
        writeln!(self.0, "</{name}>").expect("writing to a String cannot fail");
    }

    fn list(&mut self, what: &str, items: &[String]) {
        if items.is_empty() {
            return;
        }
        self.element("p", &format!("{what}:"));
        self.raw("<ul>\n");
        for item in items {
            self.element("li", item);
        }
        self.raw("</ul>\n");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use posts::clean::{Cleaner, clean};
    use posts::routes::ROUTES;

    use super::*;

    #[test]
    fn every_route_is_described_and_every_description_is_a_route() {
        let routes: BTreeSet<(String, String)> =
            ROUTES.iter().map(|entry| (entry.method.to_lowercase(), entry.path.to_owned())).collect();
        let paths = document()["paths"].as_object().unwrap();
        let described: BTreeSet<(String, String)> = paths
            .iter()
            .flat_map(|(path, item)| item.as_object().unwrap().keys().map(|method| (method.clone(), path.clone())))
            .collect();
        assert_eq!(routes.difference(&described).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "undescribed");
        assert_eq!(described.difference(&routes).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "no route");
        assert!(described.iter().all(|(method, _)| METHODS.contains(&method.as_str())));
    }

    #[test]
    fn operations_have_names_of_their_own_and_references_lead_somewhere() {
        let mut names = BTreeSet::new();
        for item in document()["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                assert!(names.insert(text(&operation["operationId"])), "{operation}");
            }
        }
        let references = OPENAPI.split("\"$ref\": \"#").skip(1).filter_map(|rest| rest.split('"').next());
        for reference in references {
            assert!(document().pointer(reference).is_some(), "{reference}");
        }
    }

    #[test]
    fn the_records_of_the_examples_are_clean() {
        let mut cleaned = 0;
        for item in document()["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                for example in examples(&operation["requestBody"]) {
                    cleaned += records_in(example);
                }
            }
        }
        assert!(cleaned > 10, "{cleaned}");
    }

    /// Cleans every record inside an example, and says how many there were.
    fn records_in(example: &Value) -> usize {
        match example {
            Value::Object(members) if members.keys().any(|name| matches!(name.as_str(), "ind" | "index")) => {
                clean(Cleaner::V1, None, example.to_string().as_bytes()).unwrap();
                1
            }
            Value::Object(members) => members.values().map(records_in).sum(),
            Value::Array(values) => values.iter().map(records_in).sum(),
            _ => 0,
        }
    }

    #[test]
    fn schemas_stand_alone() {
        for kind in Kind::ALL {
            let schema: Value = serde_json::from_str(&schema(kind)).unwrap();
            assert_eq!(schema["$id"], format!("/v1/schemas/{kind}"));
            assert!(schema["properties"]["ind"].is_object() && !schema.to_string().contains("$ref"), "{kind}");
        }
        assert_eq!(
            schemas(),
            r#"{"schemas":[{"kind":"pin","link":"/v1/schemas/pin"},{"kind":"geo","link":"/v1/schemas/geo"},{"kind":"user","link":"/v1/schemas/user"}]}"#
        );
    }

    #[test]
    fn the_page_has_an_anchor_for_every_problem_and_nothing_that_runs() {
        let page = page();
        for problem in document()["x-problems"].as_array().unwrap() {
            let anchor = format!("id=\"{}\"", text(&problem["code"]).replace('_', "-"));
            assert_eq!(page.matches(&anchor).count(), 1, "{anchor}");
        }
        for item in document()["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                assert!(page.contains(&format!("id=\"{}\"", text(&operation["operationId"]))));
            }
        }
        for never in ["<script", "<style", "<link", "http:", "javascript"] {
            assert!(!page.contains(never), "{never}");
        }
    }

    #[test]
    fn what_looks_like_html_is_text() {
        let mut page = Page(String::new());
        page.element("p", "<b> & \"c\"");
        assert_eq!(page.0, "<p>&lt;b&gt; &amp; &quot;c&quot;</p>\n");
    }
}
