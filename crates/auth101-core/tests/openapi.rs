//! `openapi.yaml` documents every error that the routes answer, under its status, and no other.

#![allow(clippy::unwrap_used, reason = "a document of another form is a failed test")]

use auth101_core::{
    AuthError,
    domain::password::InvalidPassword,
    http::{
        error::{Answer, HttpError, describe, describe_http},
        route::{Proof, ROUTES},
    },
};
use std::collections::{BTreeMap, BTreeSet};

const DOCUMENT: &str = include_str!("../../../openapi.yaml");
const MINIMUM: usize = 6;

/// Every error, in a chain that the compiler keeps whole: a new one without a place in it does not compile.
fn next(error: AuthError) -> Option<AuthError> {
    use AuthError as E;
    use InvalidPassword as P;
    Some(match error {
        E::CredentialsRequired => E::InvalidEmail,
        E::InvalidEmail => E::InvalidPassword(P::TooShort(MINIMUM)),
        E::InvalidPassword(P::TooShort(_)) => E::InvalidPassword(P::TooLong),
        E::InvalidPassword(P::TooLong) => E::InvalidPassword(P::Blocked),
        E::InvalidPassword(P::Blocked) => E::UserExists,
        E::UserExists => E::InvalidCredentials,
        E::InvalidCredentials => E::RefreshTokenRequired,
        E::RefreshTokenRequired => E::InvalidRefreshToken,
        E::InvalidRefreshToken => E::RefreshTokenWithoutId,
        E::RefreshTokenWithoutId => E::SessionNotFound,
        E::SessionNotFound => E::SessionExpired,
        E::SessionExpired => E::UserNotFound,
        E::UserNotFound => E::Unauthorized,
        E::Unauthorized => E::NoToken,
        E::NoToken => E::InvalidAccessToken,
        E::InvalidAccessToken => E::Unavailable,
        E::Unavailable => E::Overloaded { retry_after: 1 },
        E::Overloaded { .. } => E::Internal,
        E::Internal => return None,
    })
}

/// What the routes answer: status and body.
fn answered() -> BTreeSet<(u16, String)> {
    std::iter::successors(Some(AuthError::CredentialsRequired), |error| next(*error))
        .map(describe)
        .chain([HttpError::NotFound, HttpError::MethodNotAllowed, HttpError::PayloadTooLarge].map(describe_http))
        .map(|Answer { status, code, message, .. }| {
            (status, format!(r#"{{"error":{{"message":"{message}","code":"{code}"}}}}"#))
        })
        .collect()
}

/// What the document says. It is read line by line, for it is laid out for that: `"401":` opens a status, a response
/// of the components stands where a status refers to it, and an example's body is one line after `value:`.
fn documented() -> BTreeSet<(u16, String)> {
    let mut bodies = BTreeMap::new();
    let mut responses: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut statuses: Vec<(u16, &str)> = Vec::new();
    let (mut section, mut name, mut status) = ("", "", 0);
    let mut beside_routes = BTreeSet::new();
    for line in DOCUMENT.lines() {
        let indent = line.len() - line.trim_start().len();
        let text = line.trim();
        match (indent, text.strip_suffix(':')) {
            (0 | 2, Some(key)) => (section, status) = (key, 0),
            (4, Some(key)) => (name, status) = (key, 0),
            (8, Some(key)) if key.starts_with('"') => status = key.trim_matches('"').parse().unwrap(),
            _ => {}
        }
        if let Some(body) = text.strip_prefix("value: ") {
            assert!(bodies.insert(name, body).is_none(), "two examples are called {name}");
        } else if let Some(reference) = text.strip_prefix("$ref: \"#/components/") {
            let (kind, target) = reference.trim_end_matches('"').split_once('/').unwrap();
            match (section, kind) {
                ("responses", "examples") => _ = responses.entry(name).or_default().insert(target),
                (_, "examples" | "responses") => statuses.push((status, target)),
                _ => {}
            }
        } else if let Some((status, row)) = text.strip_prefix("| ").and_then(|row| row.split_once(" | `{")) {
            let (body, _) = row.split_once('`').unwrap();
            beside_routes.insert((status.parse().unwrap(), format!("{{{body}")));
        }
    }
    let mut documented = beside_routes;
    for (status, target) in statuses {
        let examples = responses.get(target).cloned().unwrap_or_else(|| BTreeSet::from([target]));
        // Responses that are no errors refer to no example.
        for body in examples.iter().filter_map(|example| bodies.get(example)) {
            documented.insert((status, (*body).to_owned()));
        }
    }
    documented
}

#[test]
fn every_error_is_documented_and_no_other() {
    let (answered, documented) = (answered(), documented());
    let undocumented: Vec<_> = answered.difference(&documented).collect();
    let unheard_of: Vec<_> = documented.difference(&answered).collect();
    assert!(undocumented.is_empty() && unheard_of.is_empty(), "missing: {undocumented:#?}\nwrong: {unheard_of:#?}");
}

#[test]
fn the_codes_are_listed() {
    let (_, schema) = DOCUMENT.split_once("    ErrorCode:\n").unwrap();
    let (_, list) = schema.split_once("      enum:\n").unwrap();
    let listed: BTreeSet<_> = list.lines().map_while(|line| line.strip_prefix("        - ")).collect();
    let answered = answered();
    let codes = answered.iter().map(|(_, body)| body.rsplit('"').nth(1).unwrap());
    assert_eq!(listed, codes.collect());
}

/// Path, method, whether an access token proves the caller, whether there is a body, and the status of success.
type Operation = (String, String, bool, bool, u16);

#[test]
fn the_routes_are_those_of_the_table() {
    let (_, paths) = DOCUMENT.split_once("\npaths:\n").unwrap();
    let (paths, _) = paths.split_once("\ncomponents:\n").unwrap();
    let mut documented: BTreeSet<Operation> = BTreeSet::new();
    let (mut path, mut current): (&str, Option<Operation>) = ("", None);
    for line in paths.lines().chain(["  /end:"]) {
        let indent = line.len() - line.trim_start().len();
        let key = line.trim().trim_end_matches(':');
        if matches!(indent, 2 | 4) {
            documented.extend(current.take());
        }
        match (indent, key, &mut current) {
            (2, key, _) => path = key,
            (4, "get" | "post", _) => current = Some((path.to_owned(), key.to_owned(), false, false, 0)),
            (6, "security", Some(operation)) => operation.2 = true,
            (6, "requestBody", Some(operation)) => operation.3 = true,
            (8, status, Some(operation)) if status.starts_with("\"2") => {
                operation.4 = status.trim_matches('"').parse().unwrap();
            }
            _ => {}
        }
    }
    let table = ROUTES.iter().map(|route| {
        let by_access_token = route.proof == Proof::AccessToken;
        let method = route.method.name().to_lowercase();
        (route.path.to_owned(), method, by_access_token, !route.members.is_empty(), route.success)
    });
    assert_eq!(documented, table.collect());
}
