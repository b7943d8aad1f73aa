//! The variables of a conversation and the placeholders that read and bind them.

use super::json::Json;
use auth101_core::Timestamp;
use serde_json::Number;
use std::{
    fmt::Write,
    time::{SystemTime, UNIX_EPOCH},
};

/// What a conversation has captured so far.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    variables: Vec<(String, Json)>,
}

/// A piece of an expected text.
enum Part {
    Literal(String),
    Pattern(Pattern, String),
}

#[derive(Clone, Copy)]
enum Pattern {
    /// A UUID of this version.
    Uuid(char),
    /// Three unpadded base64url parts.
    Jwt,
    /// An integer.
    Integer,
    /// What a JSON string can hold without escapes.
    Text,
}

/// Whole seconds since 1970.
pub(super) fn unix_now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

impl Scope {
    /// Sets a variable, replacing an older one of the name.
    pub fn bind(&mut self, name: &str, value: Json) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value));
    }

    /// The value with every placeholder replaced. A string that is one placeholder takes its value, whatever the type.
    ///
    /// # Errors
    /// A placeholder that means nothing.
    pub fn resolve(&self, template: &Json) -> Result<Json, String> {
        Ok(match template {
            Json::Text(text) => match whole_placeholder(text) {
                Some(name) => self.value(name)?,
                None => Json::Text(self.text(text)?),
            },
            Json::List(items) => Json::List(items.iter().map(|item| self.resolve(item)).collect::<Result<_, _>>()?),
            Json::Object(members) => Json::Object(
                members
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), self.resolve(value)?)))
                    .collect::<Result<_, String>>()?,
            ),
            other => other.clone(),
        })
    }

    /// The text with every placeholder replaced.
    ///
    /// # Errors
    /// A placeholder that means nothing.
    pub fn text(&self, template: &str) -> Result<String, String> {
        let mut text = String::new();
        for piece in pieces(template)? {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Placeholder(name) => match self.value(name)? {
                    Json::Text(value) => text.push_str(&value),
                    other => write!(text, "{other}").map_err(|_| "unprintable")?,
                },
            }
        }
        Ok(text)
    }

    /// Compares a text with an expected JSON value, byte for byte but for its patterns, and captures what those match.
    ///
    /// # Errors
    /// Where they differ.
    pub fn expect_json(&mut self, expected: &Json, got: &str) -> Result<(), String> {
        let mut parts = Vec::new();
        self.json_parts(expected, &mut parts)?;
        self.expect(&parts, got)
    }

    /// The same for a text that is not JSON.
    ///
    /// # Errors
    /// Where they differ.
    pub fn expect_text(&mut self, expected: &str, got: &str) -> Result<(), String> {
        let mut parts = Vec::new();
        self.text_parts(expected, &mut parts, str::to_owned)?;
        self.expect(&parts, got)
    }

    fn expect(&mut self, parts: &[Part], got: &str) -> Result<(), String> {
        let mut rest = got;
        let mut captured = Vec::new();
        for part in parts {
            let (wanted, taken) = match part {
                Part::Literal(literal) => (literal.as_str(), rest.starts_with(literal).then_some(literal.len())),
                Part::Pattern(pattern, _) => (pattern.description(), pattern.length(rest)),
            };
            let Some((taken, left)) = taken.and_then(|taken| rest.split_at_checked(taken)) else {
                let at = got.len() - rest.len();
                return Err(format!(
                    "expected, at byte {at}: {wanted}\n     got, at byte {at}: {rest}\n   whole: {got}"
                ));
            };
            if let Part::Pattern(pattern, name) = part {
                let value = match pattern {
                    Pattern::Integer => serde_json::from_str(taken).map_err(|error| error.to_string())?,
                    _ => Json::Text(taken.to_owned()),
                };
                captured.push((name, value));
            }
            rest = left;
        }
        if !rest.is_empty() {
            return Err(format!("expected the end\n     got: {rest:?}\n   whole: {got}"));
        }
        for (name, value) in captured {
            self.bind(name, value);
        }
        Ok(())
    }

    fn json_parts(&self, expected: &Json, parts: &mut Vec<Part>) -> Result<(), String> {
        let mut literal = |text: &str| parts.push(Part::Literal(text.to_owned()));
        match expected {
            Json::Text(text) => {
                // An integer, or a variable that is not text, stands without the quotation marks of its placeholder.
                if let Some(name) = whole_placeholder(text) {
                    if let Some((Pattern::Integer, name)) = pattern(name) {
                        parts.push(Part::Pattern(Pattern::Integer, name.to_owned()));
                        return Ok(());
                    }
                    if pattern(name).is_none() {
                        literal(&self.value(name)?.to_string());
                        return Ok(());
                    }
                }
                literal("\"");
                self.text_parts(text, parts, |text| {
                    let quoted = Json::Text(text.to_owned()).to_string();
                    quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default().to_owned()
                })?;
                parts.push(Part::Literal("\"".to_owned()));
            }
            Json::List(items) => {
                literal("[");
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        parts.push(Part::Literal(",".to_owned()));
                    }
                    self.json_parts(item, parts)?;
                }
                parts.push(Part::Literal("]".to_owned()));
            }
            Json::Object(members) => {
                literal("{");
                for (index, (name, value)) in members.iter().enumerate() {
                    let comma = if index > 0 { "," } else { "" };
                    parts.push(Part::Literal(format!("{comma}{}:", Json::Text(name.clone()))));
                    self.json_parts(value, parts)?;
                }
                parts.push(Part::Literal("}".to_owned()));
            }
            other => literal(&other.to_string()),
        }
        Ok(())
    }

    fn text_parts(&self, text: &str, parts: &mut Vec<Part>, escape: fn(&str) -> String) -> Result<(), String> {
        for piece in pieces(text)? {
            parts.push(match piece {
                Piece::Literal(literal) => Part::Literal(escape(literal)),
                Piece::Placeholder(name) => match pattern(name) {
                    Some((pattern, name)) => Part::Pattern(pattern, name.to_owned()),
                    None => match self.value(name)? {
                        Json::Text(value) => Part::Literal(escape(&value)),
                        other => Part::Literal(other.to_string()),
                    },
                },
            });
        }
        Ok(())
    }

    fn value(&self, placeholder: &str) -> Result<Json, String> {
        let moved_from_now = |name: &str| placeholder.strip_prefix(name).and_then(|offset| moved(unix_now(), offset));
        if let Some(number) = moved_from_now("now") {
            return Ok(Json::Number(number));
        }
        if let Some(at) = moved_from_now("datetime").and_then(|at| at.as_i64()) {
            return Ok(Json::Text(Timestamp::from_seconds(at).to_text()));
        }
        if let Some(at) = moved_from_now("iso").and_then(|at| at.as_i64()) {
            return Ok(Json::Text(Timestamp::from_seconds(at).to_text().replace(' ', "T")));
        }
        if let Some((count, text)) = placeholder.strip_prefix("repeat:").and_then(|rest| rest.split_once(':')) {
            let count: usize = count.parse().map_err(|_| format!("${{{placeholder}}} has no count"))?;
            return Ok(Json::Text(text.repeat(count)));
        }
        if let Some((_, value)) = self.variables.iter().find(|(known, _)| known == placeholder) {
            return Ok(value.clone());
        }
        let part = placeholder.split_once('.').and_then(|(name, part)| {
            let index = ["header", "payload", "signature"].iter().position(|known| *known == part)?;
            match self.variables.iter().find(|(known, _)| known == name)? {
                (_, Json::Text(token)) => token.split('.').nth(index).map(str::to_owned),
                _ => None,
            }
        });
        part.map(Json::Text).ok_or_else(|| format!("${{{placeholder}}} is bound to nothing"))
    }
}

/// `now` and an offset such as `+60`, `-0.5` or nothing.
fn moved(now: i64, offset: &str) -> Option<Number> {
    if offset.is_empty() {
        return Some(now.into());
    }
    let offset = offset.strip_prefix('+').unwrap_or(offset);
    if offset.contains('.') {
        #[allow(clippy::cast_precision_loss, reason = "seconds of this millennium are exact in a double")]
        return Number::from_f64(now as f64 + offset.parse::<f64>().ok()?);
    }
    Some((now + offset.parse::<i64>().ok()?).into())
}

fn pattern(placeholder: &str) -> Option<(Pattern, &str)> {
    let (kind, name) = placeholder.split_once(':').unwrap_or((placeholder, "_"));
    let pattern = match kind {
        "uuid" => Pattern::Uuid('4'),
        "uuid8" => Pattern::Uuid('8'),
        "jwt" => Pattern::Jwt,
        "int" => Pattern::Integer,
        "text" => Pattern::Text,
        _ => return None,
    };
    Some((pattern, name))
}

impl Pattern {
    const fn description(self) -> &'static str {
        match self {
            Self::Uuid('8') => "a UUID of version 8",
            Self::Uuid(_) => "a UUID of version 4",
            Self::Jwt => "a token of three parts",
            Self::Integer => "an integer",
            Self::Text => "some text",
        }
    }

    /// How many bytes of the text match.
    fn length(self, text: &str) -> Option<usize> {
        let run = |accepts: fn(char) -> bool| text.find(|character| !accepts(character)).unwrap_or(text.len());
        match self {
            Self::Uuid(version) => {
                let matches = text.len() >= 36
                    && text.bytes().take(36).enumerate().all(|(index, byte)| match index {
                        8 | 13 | 18 | 23 => byte == b'-',
                        14 => char::from(byte) == version,
                        19 => matches!(byte, b'8' | b'9' | b'a' | b'b'),
                        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
                    });
                matches.then_some(36)
            }
            Self::Jwt => {
                let length = run(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.'));
                let token = text.split_at_checked(length)?.0;
                let parts: Vec<&str> = token.split('.').collect();
                (parts.len() == 3 && parts.iter().all(|part| !part.is_empty())).then_some(length)
            }
            Self::Integer => {
                let sign = usize::from(text.starts_with('-'));
                let digits = text.bytes().skip(sign).take_while(u8::is_ascii_digit).count();
                (digits > 0).then_some(sign + digits)
            }
            Self::Text => {
                let length = run(|character| !matches!(character, '"' | '\\'));
                (length > 0).then_some(length)
            }
        }
    }
}

enum Piece<'a> {
    Literal(&'a str),
    Placeholder(&'a str),
}

fn pieces(template: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((literal, after)) = rest.split_once("${") {
        let (name, left) = after.split_once('}').ok_or_else(|| format!("a placeholder without end: {template}"))?;
        pieces.push(Piece::Literal(literal));
        pieces.push(Piece::Placeholder(name));
        rest = left;
    }
    pieces.push(Piece::Literal(rest));
    Ok(pieces)
}

fn whole_placeholder(text: &str) -> Option<&str> {
    let name = text.strip_prefix("${")?.strip_suffix('}')?;
    (!name.contains(['{', '}'])).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        let mut scope = Scope::default();
        scope.bind("name", Json::Text("a\"b".to_owned()));
        scope.bind("number", Json::Number(5.into()));
        scope.bind("token", Json::Text("h.p.s".to_owned()));
        scope
    }

    fn json(text: &str) -> Json {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_body_must_be_the_expected_text_byte_for_byte() {
        let expected = json(r#"{"b":"${name}","a":["${number}","${int}",null,true,"x ${number}"]}"#);
        let right = r#"{"b":"a\"b","a":[5,-7,null,true,"x 5"]}"#;
        assert_eq!(scope().expect_json(&expected, right), Ok(()));
        for wrong in [
            format!("{right}\n"),
            format!(" {right}"),
            right.replace(':', ": "),
            right.replace(",-7", ",\"-7\""),
            right.replace("[5", "[6"),
            right.replace("true", "false"),
            right.replace("\"b\":", "\"c\":"),
            r#"{"a":[5,-7,null,true,"x 5"],"b":"a\"b"}"#.to_owned(),
            right.replace("null", "null,null"),
            String::new(),
        ] {
            assert!(scope().expect_json(&expected, &wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn patterns_match_their_kind_and_capture() {
        let v4 = "77777777-7777-4777-b777-777777777777";
        let v8 = "565883aa-2a73-8933-ba80-7ae4c23439f6";
        for (template, got, matches) in [
            ("${uuid}", v4, true),
            ("${uuid}", v8, false),
            ("${uuid8}", v8, true),
            ("${uuid8}", v4, false),
            ("${uuid}", "77777777-7777-4777-7777-777777777777", false),
            ("${uuid}", "77777777-7777-4777-B777-777777777777", false),
            ("${jwt}", "aA0-.b_.c", true),
            ("${jwt}", "a.b", false),
            ("${jwt}", "a.b.c.d", false),
            ("${jwt}", "a..c", false),
            ("x${text}", "xyz", true),
            ("x${text}", "x", false),
        ] {
            assert_eq!(scope().expect_text(template, got).is_ok(), matches, "{template} {got}");
        }
        let mut scope = scope();
        scope.expect_json(&json(r#"["${uuid:id}","${int:count}"]"#), &format!("[\"{v4}\",12]")).unwrap();
        assert_eq!(scope.text("${id} ${count}"), Ok(format!("{v4} 12")));
    }

    #[test]
    fn what_is_sent_takes_values_of_every_type() {
        let scope = scope();
        let sent = scope.resolve(&json(r#"{"a":"${number}","b":"${number}!","c":"${token.payload}"}"#)).unwrap();
        assert_eq!(sent.to_string(), r#"{"a":5,"b":"5!","c":"p"}"#);
        assert_eq!(scope.text("${repeat:3:ab}"), Ok("ababab".to_owned()));
        assert!(scope.text("${nothing}").is_err() && scope.text("${open").is_err() && scope.text("${uuid}").is_err());
    }
}
