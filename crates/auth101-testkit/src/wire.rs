//! Replays the HTTP conversations of `tests/wire`, whose format `tests/wire/README.md` describes.
//!
//! The other engine, `tests/runtime/wire.mjs`, replays the same files over a runtime's real HTTP. Both must read the
//! format alike.

mod json;
mod names;
mod scope;
mod token;

pub use json::Json;
pub use names::Names;
pub use scope::Scope;

use auth101_core::{
    Timestamp,
    domain::session::Client,
    http::{
        body::{Body, MAX_BODY_BYTES},
        request::{Headers, Request},
        response::Response,
    },
};
use auth101_sql::{Row, Value, entity::TABLES};
use base64ct::{Base64, Encoding};
use serde::{Deserialize, de::DeserializeOwned};
use std::{collections::BTreeMap, fmt::Write, future::Future, pin::Pin};
use token::{Decode, Mint};

/// A file of conversations that are held with one configuration.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Conversations {
    /// What the file is about.
    pub about: String,
    /// Options by their canonical names.
    pub options: Json,
    /// Steps that open every case.
    #[serde(default)]
    before: Vec<Json>,
    /// The conversations.
    pub cases: Vec<Case>,
}

/// A conversation.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it claims.
    pub name: String,
    steps: Vec<Json>,
}

/// What conversations are held with: the product over a database that has the tables.
pub trait Subject {
    /// Answers a request.
    async fn respond(&self, request: Request) -> Response;

    /// Runs a statement over the canonical names of tables and columns, with `?` for each value.
    ///
    /// # Errors
    /// What the database said.
    async fn sql(&self, statement: &str, values: Vec<Value>) -> Result<Vec<Row>, String>;
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    request: String,
    #[serde(default)]
    headers: Json,
    body: Option<Json>,
    text: Option<String>,
    base64: Option<String>,
    pad_to: Option<usize>,
    expect: Expectation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectation {
    status: Json,
    #[serde(default)]
    headers: Json,
    body: Json,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sql {
    sql: String,
    #[serde(default)]
    values: Vec<Json>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    rows: String,
    #[serde(default)]
    values: Vec<Json>,
    expect: Json,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Age {
    age: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Repeat {
    repeat: Vec<Json>,
    steps: Vec<Json>,
}

impl Conversations {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// Replays one case, over empty tables.
    ///
    /// # Errors
    /// The step that failed, what it expected and what it got.
    pub async fn replay(&self, case: &Case, subject: &impl Subject) -> Result<(), String> {
        for table in TABLES {
            subject.sql(&format!("DELETE FROM {}", table.name), Vec::new()).await?;
        }
        let mut scope = Scope::default();
        scope.bind("secret", self.options.get("secret").cloned().unwrap_or_default());
        for (about, steps) in [("before, step", &self.before), ("step", &case.steps)] {
            run_all(steps, &mut scope, subject, about).await?;
        }
        Ok(())
    }
}

async fn run_all(steps: &[Json], scope: &mut Scope, subject: &impl Subject, about: &str) -> Result<(), String> {
    for (index, step) in steps.iter().enumerate() {
        let place = format!("{about} {}", index + 1);
        run(step, scope, subject, &place).await?;
    }
    Ok(())
}

/// Boxed, because a `repeat` holds steps.
fn run<'a>(
    step: &'a Json,
    scope: &'a mut Scope,
    subject: &'a impl Subject,
    place: &'a str,
) -> Pin<Box<dyn Future<Output = Result<(), String>> + 'a>> {
    Box::pin(async move {
        let kind = step.members().first().map_or("nothing", |(name, _)| name.as_str());
        let result = match kind {
            "request" => exchange(&read(step)?, scope, subject).await,
            "mint" => read::<Mint>(step)?.run(scope),
            "decode" => read::<Decode>(step)?.run(scope),
            "sql" => {
                let Sql { sql, values } = read(step)?;
                query(&sql, &values, scope, subject).await.map(drop)
            }
            "rows" => {
                let Rows { rows, values, expect } = read(step)?;
                match query(&rows, &values, scope, subject).await {
                    Ok(rows) => scope.expect_json(&expect, &to_json(&rows).to_string()),
                    Err(error) => Err(error),
                }
            }
            "age" => age(read::<Age>(step)?.age, subject).await,
            "repeat" => {
                let Repeat { repeat, steps } = read(step)?;
                for item in repeat {
                    let mut inner = scope.clone();
                    let whole = [("it".to_owned(), item.clone())];
                    for (name, value) in if let Json::Object(members) = &item { members.as_slice() } else { &whole } {
                        inner.bind(name, inner.resolve(value)?);
                    }
                    run_all(&steps, &mut inner, subject, &format!("{place}, with {item}, step")).await?;
                }
                return Ok(());
            }
            other => Err(format!("no such kind of step: {other}")),
        };
        result.map_err(|problem| format!("{place}: {}\n{problem}", shortened(&step.to_string())))
    })
}

fn read<T: DeserializeOwned>(step: &Json) -> Result<T, String> {
    serde_json::from_str(&step.to_string()).map_err(|error| format!("{error}: {step}"))
}

fn shortened(text: &str) -> String {
    if text.chars().count() > 400 { text.chars().take(400).chain("…".chars()).collect() } else { text.to_owned() }
}

async fn exchange(exchange: &Exchange, scope: &mut Scope, subject: &impl Subject) -> Result<(), String> {
    let request = build(exchange, scope)?;
    let response = subject.respond(request).await;
    let status = scope.resolve(&exchange.expect.status)?;
    let body = std::str::from_utf8(&response.body).map_err(|_| "the body is not UTF-8")?;
    let summary = |problem: String| format!("{problem}\nresponse: {} {body}", response.status);

    if Json::Number(response.status.into()) != status {
        return Err(summary(format!("expected status {status}\n     got: {}", response.status)));
    }
    check_headers(&response, &exchange.expect, scope).map_err(summary)?;
    match &exchange.expect.body {
        Json::Null if body.is_empty() => Ok(()),
        Json::Null => Err(summary("expected no body".to_owned())),
        expected => scope.expect_json(expected, body),
    }
}

/// The headers that the step expects, and those that every response must have or must not have.
fn check_headers(response: &Response, expect: &Expectation, scope: &mut Scope) -> Result<(), String> {
    let header = |name: &str| {
        response.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_ref())
    };
    let asked = |name: &str| expect.headers.members().iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    let wrong = |name: &str, expected: Option<&str>, got: Option<&str>| {
        Err(format!("expected {name}: {expected:?}\n     got: {got:?}"))
    };
    let json = (!response.body.is_empty()).then_some("application/json");
    let challenge = (response.status == 401).then_some("Bearer");
    let mut always = vec![("Cache-Control", Some("no-store")), ("WWW-Authenticate", challenge), ("Set-Cookie", None)];
    if json.is_some() {
        always.push(("Content-Type", json));
    }
    for (name, expected) in always {
        if header(name) != expected {
            return wrong(name, expected, header(name));
        }
    }
    for (name, value) in &response.headers {
        let special = name.starts_with("Access-Control-") || ["Allow", "Location", "Vary"].contains(name);
        if special && !asked(name) {
            return wrong(name, None, Some(value));
        }
    }
    for (name, expected) in expect.headers.members() {
        match (scope.resolve(expected)?, header(name)) {
            (Json::Null, None) => {}
            (Json::Text(expected), Some(got)) => scope.expect_text(&expected, got)?,
            (expected, got) => return Err(format!("expected {name}: {expected}\n     got: {got:?}")),
        }
    }
    Ok(())
}

fn build(exchange: &Exchange, scope: &Scope) -> Result<Request, String> {
    let line = scope.text(&exchange.request)?;
    let (method, target) = line.split_once(' ').ok_or("a request is a method and a path")?;
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    let header = |wanted: &str| -> Result<Option<String>, String> {
        let found = exchange.headers.members().iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        Ok(match found.map(|(_, value)| scope.resolve(value)).transpose()? {
            Some(Json::Text(text)) => Some(text),
            // Several headers of one name reach a handler joined.
            Some(Json::List(values)) => {
                let texts: Vec<String> = values
                    .iter()
                    .filter_map(|value| if let Json::Text(text) = value { Some(text.clone()) } else { None })
                    .collect();
                Some(texts.join(", "))
            }
            _ => None,
        })
    };
    let mentions = |wanted: &str| exchange.headers.members().iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let has_body = exchange.body.is_some() || exchange.text.is_some() || exchange.base64.is_some();
    let content_type = match header("Content-Type")? {
        None if has_body && !mentions("Content-Type") => Some("application/json".to_owned()),
        given => given,
    };
    let mut body = match (&exchange.body, &exchange.text, &exchange.base64) {
        (None, None, None) => Vec::new(),
        (Some(body), None, None) => scope.resolve(body)?.to_string().into_bytes(),
        (None, Some(text), None) => scope.text(text)?.into_bytes(),
        (None, None, Some(bytes)) => Base64::decode_vec(&scope.text(bytes)?).map_err(|error| error.to_string())?,
        _ => return Err("a request has one body".to_owned()),
    };
    if let Some(length) = exchange.pad_to {
        body.resize(length.max(body.len()), b' ');
    }
    let body = if body.len() > MAX_BODY_BYTES { Body::TooLarge } else { Body::Complete(body.into()) };
    let mut headers = BTreeMap::new();
    for name in Headers::NAMES {
        headers.insert(name, if name == "content-type" { content_type.clone() } else { header(name)? });
    }
    Ok(Request {
        method: method.to_owned(),
        path: path.to_owned(),
        headers: Headers::read(|name| headers.get(name).cloned().flatten()),
        body,
        client: Client { ip_address: None, user_agent: header("User-Agent")? },
    })
}

async fn query(statement: &str, values: &[Json], scope: &Scope, subject: &impl Subject) -> Result<Vec<Row>, String> {
    let values = values
        .iter()
        .map(|value| match scope.resolve(value)? {
            Json::Null => Ok(Value::Null),
            Json::Boolean(value) => Ok(Value::Boolean(value)),
            Json::Text(value) => Ok(Value::Text(value)),
            Json::Number(number) => number.as_i64().map(Value::Integer).ok_or_else(|| format!("not whole: {number}")),
            other => Err(format!("not a value of SQL: {other}")),
        })
        .collect::<Result<_, String>>()?;
    subject.sql(&scope.text(statement)?, values).await
}

fn to_json(rows: &[Row]) -> Json {
    let value = |value: &Value| match value {
        Value::Null => Json::Null,
        Value::Text(text) => Json::Text(text.clone()),
        Value::Integer(number) => Json::Number((*number).into()),
        Value::Boolean(value) => Json::Boolean(*value),
        Value::Timestamp(at) => Json::Text(at.to_text()),
    };
    let row = |row: &Row| Json::Object(row.0.iter().map(|(name, column)| (name.clone(), value(column))).collect());
    Json::List(rows.iter().map(row).collect())
}

/// Lets time pass for the sessions: their datetimes move back.
async fn age(seconds: i64, subject: &impl Subject) -> Result<(), String> {
    const COLUMNS: [&str; 3] = ["created_at", "updated_at", "expires_at"];
    let select = format!("SELECT id, {} FROM session", COLUMNS.join(", "));
    for row in subject.sql(&select, Vec::new()).await? {
        let text = |column: &str| match row.get(column) {
            Some(Value::Text(text)) => Ok(text.clone()),
            _ => Err(format!("session.{column} is not text")),
        };
        let mut update = "UPDATE session SET ".to_owned();
        let mut values = Vec::new();
        for (index, column) in COLUMNS.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(update, "{comma}{column} = ?").map_err(|_| "unprintable")?;
            let at = Timestamp::parse(&text(column)?).ok_or_else(|| format!("session.{column} is no datetime"))?;
            values.push(Value::Text(at.minus_seconds(seconds).to_text()));
        }
        values.push(Value::Text(text("id")?));
        subject.sql(&format!("{update} WHERE id = ?"), values).await?;
    }
    Ok(())
}
