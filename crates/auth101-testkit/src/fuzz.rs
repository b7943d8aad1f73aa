//! What the fuzzers check, a function a target.
//!
//! Each takes any bytes, panics where a promise is broken, and tells whether the bytes got past the first refusal: a test
//! can then see that its inputs reach something. `fuzz/` runs them under libFuzzer, `tests/fuzz.rs` over a fixed set.

use crate::{
    executor::block_on,
    fixture::{EMAIL, counts, sql},
    sample,
    service::{self, Answer, PASSWORD, SECRET, Service, Tokens, config},
    token::signed,
};
use auth101_core::{
    AuthError, Options, Secret, Timestamp,
    config::ResponseStyle,
    domain::{
        password::Password,
        password_hash::{
            Argon2Parameters, Argon2Variant, Argon2Version, HashBounds, PasswordHash, SALT_LENGTH, TAG_LENGTH,
        },
        session::Client,
    },
    http::{
        body::{Body, MAX_BODY_BYTES},
        request::{Headers, Request},
    },
    port::PasswordHasher,
    token::{
        access,
        keyring::{Keyring, MAX_TOKEN_LENGTH},
        refresh,
    },
};
use auth101_sql::{
    Dialect, Entities, Statements,
    entity::{Entity, Ownership},
    schema,
};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// Where inputs come from that a target accepts.
pub type Seeds = fn() -> Vec<Vec<u8>>;

/// Every target, with inputs to begin from.
pub const TARGETS: [(&str, Seeds); 5] = [
    ("token", token_seeds),
    ("phc", phc_seeds),
    ("body", body_seeds),
    ("entity_config", entity_config_seeds),
    ("time", time_seeds),
];

const DOCUMENT: &str = include_str!("../../../openapi.yaml");
const ORIGIN: &str = "https://app.example.com";
const HEADER: &[u8] = br#"{"alg":"HS256","typ":"JWT"}"#;
/// KiB filled in all passes: what a hash may cost here.
const TINY: u64 = 256;

/// Reads the bytes as a token, and as the header and the payload of one that our secret signed: the header up to the
/// first line break, the payload after it. Without a line break all is payload.
///
/// # Panics
/// A token was accepted that is not ours, not in form, not of its type or not of its time.
pub fn token(data: &[u8]) -> bool {
    let (header, payload) = match data.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (HEADER, data),
    };
    let as_it_is = judge_token(&String::from_utf8_lossy(data));
    judge_token(&signed(SECRET, header, payload)) || as_it_is
}

fn judge_token(token: &str) -> bool {
    let now = sample::start();
    let keyring = |current: &str, previous: &[&str]| {
        let secret = |text: &str| Secret::new(text.to_owned());
        Keyring::new(&secret(current), &previous.iter().copied().map(secret).collect::<Vec<_>>())
    };
    let (ours, other) = (keyring(SECRET, &[]), "another secret of the tests, 32 bytes or longer");
    let (accessed, refreshed) = (access::verify(&ours, token, now), refresh::verify(&ours, token, now));
    // A change of the secret changes nothing but who signs; without the secret there is nothing.
    let rotated = keyring(other, &[SECRET]);
    assert_eq!(access::verify(&rotated, token, now), accessed);
    assert_eq!(refresh::verify(&rotated, token, now), refreshed);
    let stranger = keyring(other, &[]);
    assert_eq!(access::verify(&stranger, token, now), None);
    assert_eq!(refresh::verify(&stranger, token, now), Err(AuthError::InvalidRefreshToken));
    let is_refresh = refreshed != Err(AuthError::InvalidRefreshToken);
    if accessed.is_none() && !is_refresh {
        return false;
    }
    assert!(accessed.is_none() || !is_refresh, "a token of both types");

    assert!(token.len() <= MAX_TOKEN_LENGTH);
    let parts: Vec<&str> = token.split('.').collect();
    let bytes = |part: &str| Base64UrlUnpadded::decode_vec(part).expect("a part is unpadded base64url");
    assert_eq!(parts.len(), 3);
    let (header, payload) = (bytes(parts[0]), bytes(parts[1]));
    assert_eq!(signed(SECRET, &header, &payload), token, "a token has one spelling");
    let object = |json: &[u8]| -> Value { serde_json::from_slice(json).expect("a part is JSON") };
    let (header, claims) = (object(&header), object(&payload));
    assert_eq!(header["alg"], "HS256");
    for member in ["crit", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "zip", "b64"] {
        assert!(header.get(member).is_none(), "{member}");
    }
    assert_eq!(claims["type"], if is_refresh { "refresh" } else { "access" });
    let (seconds, after) = (claims["exp"].as_f64().expect("exp is a number"), now.seconds());
    assert!(seconds > f64::from(u32::try_from(after).expect("the clock of the tests shows this century")));
    let users = [accessed.map(|token| token.user_id), refreshed.ok().map(|token| token.user_id)];
    for user_id in users.iter().flatten() {
        assert_eq!(claims["sub"], user_id.as_str());
        assert!(!user_id.as_str().is_empty());
    }
    true
}

fn token_seeds() -> Vec<Vec<u8>> {
    let Tokens { access, refresh } = sql().0.signed_up(EMAIL);
    let now = sample::start().seconds();
    let claims = json!({"sub": "1", "iat": now, "exp": now + 60, "nbf": now, "type": "access", "aud": "", "iss": "x"});
    let refresh_claims = json!({"sub": "1", "exp": 1e20, "type": "refresh", "jti": "j", "sid": "s", "aud": []});
    let header = String::from_utf8_lossy(HEADER);
    vec![
        access.into_bytes(),
        refresh.into_bytes(),
        claims.to_string().into_bytes(),
        format!("{header}\n{claims}").into_bytes(),
        format!("{header}\n{refresh_claims}").into_bytes(),
        format!("{}\n{refresh_claims}", json!({"kid": "k", "alg": "HS256"})).into_bytes(),
        format!("{}\n{claims}", json!({"alg": "none", "crit": ["exp"], "jku": "x", "b64": false})).into_bytes(),
    ]
}

/// Reads the bytes as a stored hash, and makes one of ours of them.
///
/// # Panics
/// A hash was accepted that is beyond the bounds or of more than one spelling, one of ours is not read back, or one that
/// was accepted cannot be computed.
pub fn phc(data: &[u8], hasher: &impl PasswordHasher) -> bool {
    our_hashes_are_read_back(data);
    let text = String::from_utf8_lossy(data);
    let bounds = Options::default().hash_bounds;
    let Some(hash) = PasswordHash::parse(&text, &bounds) else {
        return false;
    };
    let password = Password::new(PASSWORD);
    let is_tiny = match &hash {
        PasswordHash::Argon2 { variant, version, parameters, salt, tag } => {
            assert!(is_computable(*parameters), "{parameters:?}");
            let tag = tag.expose();
            assert!((8..=64).contains(&salt.len()) && (16..=64).contains(&tag.len()));
            if let (Argon2Variant::Id, Argon2Version::V19, Ok(salt), Ok(tag)) =
                (variant, version, salt.as_slice().try_into(), tag.as_slice().try_into())
            {
                assert_eq!(parameters.phc_string(salt, tag), text, "a hash has one spelling");
            }
            let is_tiny = u64::from(parameters.memory) * u64::from(parameters.iterations) <= TINY;
            if is_tiny {
                let salt = [7; SALT_LENGTH];
                let tag = block_on(hasher.hash(&password, &salt, *parameters)).expect("what is accepted is computed");
                let made = PasswordHash::parse(&parameters.phc_string(&salt, &tag), &bounds).expect("ours is read");
                assert_eq!(block_on(hasher.verify(&password, &made)), Ok(true));
            }
            is_tiny
        }
        PasswordHash::Bcrypt { cost, .. } => {
            assert!((4..=bounds.bcrypt_cost).contains(cost));
            *cost == 4
        }
    };
    if is_tiny {
        assert!(block_on(hasher.verify(&password, &hash)).is_ok(), "what is accepted is computed");
    }
    true
}

/// Within the default bounds, and what RFC 9106 (section 3.1) calls Argon2.
fn is_computable(Argon2Parameters { memory, iterations, parallelism }: Argon2Parameters) -> bool {
    let HashBounds { argon2: bounds, argon2_work, .. } = Options::default().hash_bounds;
    (1..=bounds.iterations).contains(&iterations)
        && (1..=bounds.parallelism).contains(&parallelism)
        && (8 * parallelism..=bounds.memory).contains(&memory)
        && u64::from(memory) * u64::from(iterations) <= u64::from(argon2_work)
}

fn our_hashes_are_read_back(data: &[u8]) {
    let mut bytes = data.iter().copied().chain(std::iter::repeat(0));
    let mut number = |most: u32| {
        let [low, middle, high] = [(); 3].map(|()| u32::from(bytes.next().unwrap_or_default()));
        (low | middle << 8 | high << 16) % (most + 2)
    };
    let bounds = Options::default().hash_bounds;
    let parameters = Argon2Parameters {
        memory: number(bounds.argon2.memory),
        iterations: number(bounds.argon2.iterations),
        parallelism: number(bounds.argon2.parallelism),
    };
    let salt = [(); SALT_LENGTH].map(|()| bytes.next().unwrap_or_default());
    let tag = [(); TAG_LENGTH].map(|()| bytes.next().unwrap_or_default());
    match PasswordHash::parse(&parameters.phc_string(&salt, &tag), &bounds) {
        Some(PasswordHash::Argon2 { variant, version, parameters: read, salt: read_salt, tag: read_tag }) => {
            assert_eq!((variant, version, read), (Argon2Variant::Id, Argon2Version::V19, parameters));
            assert_eq!((read_salt.as_slice(), read_tag.expose().as_slice()), (&salt[..], &tag[..]));
            assert!(is_computable(parameters));
        }
        other => assert!(other.is_none() && !is_computable(parameters), "{parameters:?}"),
    }
}

fn phc_seeds() -> Vec<Vec<u8>> {
    [include_str!("../../../tests/vectors/argon2.json"), include_str!("../../../tests/vectors/bcrypt.json")]
        .iter()
        .flat_map(|text| serde_json::from_str::<Vec<Value>>(text).expect("the vectors are JSON"))
        .filter_map(|vector| vector["hash"].as_str().map(|hash| hash.as_bytes().to_vec()))
        .collect()
}

/// Reads the bytes as a request (method, path, content type, `Authorization` and `Origin`, a line each, then the body;
/// an empty line is a header that is not there) and sends it in both styles, with or without CORS, to a service that
/// has a user.
///
/// # Panics
/// The answer is a 500, no JSON, not one that is documented, not of its style, or not followed by what it says.
pub fn body(data: &[u8]) -> bool {
    // Half of all lengths, so that each input needs two services and not four.
    let cors_origins = if data.len().is_multiple_of(2) { vec![ORIGIN.to_owned()] } else { Vec::new() };
    let mut got_through = false;
    for style in [ResponseStyle::Default, ResponseStyle::FastApi] {
        // Always the same user with the same tokens.
        let (service, tables) = sql();
        service.signed_up(EMAIL);
        let service = Service {
            config: config(|options| {
                options.response_style = style;
                options.cors_origins.clone_from(&cors_origins);
            }),
            ..service
        };
        let request = request(data);
        let is_head = request.method == "HEAD";
        let answer = service.send(request);
        assert_is_documented(style, is_head, &answer);
        if answer.json().get("access_token").is_some() {
            assert_eq!(service.send(service::session(&answer.tokens().access)).status, 200);
        }
        let (users, accounts, _) = counts(&tables);
        assert_eq!(users, accounts);
        got_through |= answer.status < 300;
    }
    got_through
}

fn request(data: &[u8]) -> Request {
    let mut parts = data.splitn(6, |byte| *byte == b'\n');
    let mut line = || String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let header = |line: String| (!line.is_empty()).then_some(line);
    let (method, path) = (line(), line());
    let (content_type, authorization, origin) = (header(line()), header(line()), header(line()));
    let body = parts.next().unwrap_or_default();
    Request {
        method,
        path,
        headers: Headers::read(|name| match name {
            "authorization" => authorization.clone(),
            "content-type" => content_type.clone(),
            _ => origin.clone(),
        }),
        body: if body.len() > MAX_BODY_BYTES { Body::TooLarge } else { Body::Complete(Zeroizing::new(body.to_vec())) },
        client: Client { ip_address: origin.clone(), user_agent: origin },
    }
}

fn assert_is_documented(style: ResponseStyle, is_head: bool, answer: &Answer) {
    let (status, text) = (answer.status, answer.text());
    let statuses: &[u16] = match style {
        ResponseStyle::Default => &[200, 201, 204, 400, 401, 404, 405, 413],
        ResponseStyle::FastApi => &[200, 204, 400, 401, 404, 405, 413, 422],
    };
    assert!(statuses.contains(&status), "{status} {text}");
    let header = |name: &str| answer.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(header("Cache-Control"), Some("no-store"));
    assert_eq!(header("WWW-Authenticate"), (status == 401).then_some("Bearer"));
    assert!(answer.headers.iter().all(|(_, value)| !value.contains(char::is_control)));
    if is_head || status == 204 {
        assert!(answer.body.is_empty());
        return;
    }
    assert_eq!(header("Content-Type"), Some("application/json"));
    let json: Value = serde_json::from_slice(&answer.body).expect("an answer is JSON");
    if status < 300 {
        assert!(json["user"]["id"].is_string() || text == r#"{"success":true}"#, "{text}");
        return;
    }
    // Byte for byte as documented: nothing of the request can be in it.
    match style {
        ResponseStyle::Default => assert!(DOCUMENT.contains(&text), "{text}"),
        ResponseStyle::FastApi => match &json["detail"] {
            Value::Object(_) => {
                let in_default_style = text.replacen("\"detail\"", "\"error\"", 1);
                assert!(DOCUMENT.contains(&in_default_style), "{text}");
            }
            Value::Array(problems) => {
                assert_eq!(status, 422);
                let known = ["missing", "string_type", "model_attributes_type", "json_invalid"];
                let is_known = |problem: &Value| known.iter().any(|kind| problem["type"] == *kind);
                let is_bare = |problem: &Value| problem.as_object().is_some_and(|members| members.len() == 3);
                assert!(!problems.is_empty() && problems.iter().all(|it| is_known(it) && is_bare(it)), "{text}");
            }
            detail => {
                let known = ["Not Found", "Method Not Allowed", "There was an error parsing the body"];
                assert!(known.iter().any(|words| detail == words), "{text}");
            }
        },
    }
}

fn body_seeds() -> Vec<Vec<u8>> {
    let Tokens { access, refresh } = sql().0.signed_up(EMAIL);
    let known = json!({"email": EMAIL, "password": PASSWORD}).to_string();
    let new = json!({"password": "пароль 🦀", "email": " Bob@Example.com ", "more": [1, {"email": null}]}).to_string();
    let token = json!({"refresh_token": refresh}).to_string();
    let json = "application/json";
    let bearer = format!("Bearer {access}");
    [
        ("POST", "/auth/sign-up/email", json, "", ORIGIN, new.as_str()),
        ("POST", "/auth/sign-up/email", json, "", "", &known),
        ("POST", "/auth/sign-in/email", "application/vnd.api+json; charset=utf-8", "", "", &known),
        ("POST", "/auth/sign-in/email", "text/plain", "", ORIGIN, r#"{"email":"\ud83e\udd80","password":["x"]}"#),
        ("POST", "/auth/refresh", json, "", ORIGIN, &token),
        ("POST", "/auth/refresh", json, "", "", r#"{"refresh_token":"\ud800","refresh_token":null}"#),
        ("POST", "/auth/revoke", json, "", "", &token),
        ("POST", "/auth/sign-out", "", &bearer, "", ""),
        ("GET", "/auth/session", "", &bearer, ORIGIN, ""),
        ("HEAD", "/auth/session", "", &bearer, "", ""),
        ("OPTIONS", "/auth/refresh", "", "", ORIGIN, ""),
        ("DELETE", "/auth/session/", "", "Basic x, Bearer y", "null", "[]"),
    ]
    .map(|(method, path, content_type, authorization, origin, body)| {
        [method, path, content_type, authorization, origin, body].join("\n").into_bytes()
    })
    .into()
}

/// Reads the bytes as an object of options, and renders every statement under the names that they give.
///
/// # Panics
/// A name was accepted that could end its quotes, or the SQL differs by more than the names.
pub fn entity_config(data: &[u8]) -> bool {
    let Ok(Value::Object(given)) = serde_json::from_slice(data) else {
        return false;
    };
    let mut options = Options::default();
    let set = given.iter().filter(|(name, value)| options.set(name, value).is_ok()).count();
    let Ok(entities) = Entities::new(&options.entities) else {
        return false;
    };
    for name in entities.iter().flat_map(names) {
        assert!((1..=63).contains(&name.len()), "{name}");
        let ends_quotes = |character: char| "\"`'[]\\;".contains(character) || character.is_control();
        assert!(!name.contains(ends_quotes) && !name.contains(char::is_whitespace), "{name}");
    }
    let own = under_own_names(&entities);
    for dialect in Dialect::ALL {
        let statements = |entities: &Entities| Statements::new(dialect, entities).review();
        let (ours, theirs) = (statements(&own), statements(&entities));
        assert_eq!(without_title(&theirs), renamed(without_title(&ours), dialect, &entities));
        let tables = |entities: &Entities| schema::create_all_statements(dialect, entities).join(";\n");
        assert_eq!(tables(&entities), renamed(&tables(&own), dialect, &entities));
    }
    set > 0
}

/// The names of the schema, on a users' table of whoever's these are: statements ask a host's table for its types.
fn under_own_names(entities: &Entities) -> Entities {
    let is_the_hosts = entities.iter().any(|entity| entity.ownership == Ownership::HostUsers);
    let mut options = Options::default();
    if is_the_hosts {
        options.set("user_field_mapping", &json!({"table_name": "users"})).expect("an option");
    }
    Entities::new(&options.entities).expect("the names of the schema")
}

fn names(entity: &Entity) -> impl Iterator<Item = &str> {
    std::iter::once(entity.name.as_str()).chain(entity.columns().map(|(_, name)| name))
}

/// The first line speaks to people, with quotes of its own.
fn without_title(sql: &str) -> &str {
    sql.split_once('\n').map_or("", |(_, rest)| rest)
}

/// What precedes a name that is a text: statements ask PostgreSQL and MySQL for the type of a host's column.
const BEFORE_TEXTS: [&str; 3] = ["json_build_object('", "TABLE_NAME = '", "COLUMN_NAME = '"];

/// SQL under the names of the schema, with every quoted name replaced by the one that it has here. A column without its
/// table belongs to the table that was named last.
fn renamed(sql: &str, dialect: Dialect, entities: &Entities) -> String {
    let quote = if dialect == Dialect::MySql { '`' } else { '"' };
    let mut table: Option<&Entity> = None;
    let column_of = |table: Option<&Entity>, schema_name: &str| {
        table?.columns().find(|(column, _)| column.name == schema_name).map(|(_, name)| name.to_owned())
    };
    let pieces = sql.split(quote).enumerate().map(|(position, piece)| {
        if position % 2 == 0 {
            return BEFORE_TEXTS.iter().fold(piece.to_owned(), |sql, marker| {
                let Some((before, rest)) = sql.split_once(marker) else { return sql };
                let (name, after) = rest.split_once('\'').unwrap_or_else(|| panic!("a text has no end: {sql}"));
                let is_table = table.is_some_and(|table| table.schema.name == name);
                let new = if is_table { table.map(|table| table.name.clone()) } else { column_of(table, name) };
                let new = new.unwrap_or_else(|| panic!("{name} is no name of the schema"));
                format!("{before}{marker}{new}'{after}")
            });
        }
        if let Some(entity) = entities.iter().find(|entity| entity.schema.name == piece) {
            table = Some(entity);
            return entity.name.clone();
        }
        let index = |entity: &Entity| {
            let columns =
                entity.indexes().find(|(column, _)| piece == format!("ix_{}_{}", entity.schema.name, column.name));
            columns.map(|(_, name)| entity.index_name(name))
        };
        let column = || column_of(table, piece);
        entities.iter().find_map(index).or_else(column).unwrap_or_else(|| panic!("{piece} is no name of the schema"))
    });
    pieces.collect::<Vec<_>>().join(&quote.to_string())
}

fn entity_config_seeds() -> Vec<Vec<u8>> {
    [
        json!({"user": {"model_name": "order", "fields": {"id": "key", "email": "Größe$1", "image": "select"}}}),
        json!({"session": {"model_name": "logins", "fields": {"token": "primary", "user_id": "who"}}}),
        json!({"account": {"fields": {"password": "hash", "account_id": "group"}}, "verification": {"model_name": "_1"}}),
        json!({"user_field_mapping": {"table_name": "people", "email": "mail", "is_active": "on"}}),
        json!({"user_field_mapping": {"model_name": "people", "fields": {"name": "full_name"}}}),
        json!({"user": r#"{"model_name": "members"}"#, "verification": {}}),
        json!({"user": {"model_name": "a\"; DROP TABLE users; --"}}),
        json!({"session": {"fields": {"token": "a` b", "unknown": 1}, "model_name": null}}),
    ]
    .map(|options| options.to_string().into_bytes())
    .into()
}

/// Reads the bytes as a datetime, and as two numbers of microseconds.
///
/// # Panics
/// What was read is out of range or is not read back, or texts do not sort as times do.
pub fn time(data: &[u8]) -> bool {
    let mut numbers = data.chunks_exact(8).filter_map(|chunk| chunk.try_into().ok().map(i64::from_le_bytes));
    let parsed = Timestamp::parse(&String::from_utf8_lossy(data));
    let mut number = || Timestamp::from_micros(numbers.next().unwrap_or_default());
    let times = [parsed.unwrap_or(Timestamp::EPOCH), number(), number()];
    for time in times {
        assert!((Timestamp::EPOCH..=Timestamp::FAR_FUTURE).contains(&time));
        let text = time.to_text();
        assert_eq!(text.len(), 26, "{text}");
        assert_eq!(Timestamp::parse(&text), Some(time), "{text}");
        assert_eq!(Timestamp::parse(&text.replace(' ', "T")), Some(time), "{text}");
        for other in times {
            assert_eq!(time.cmp(&other), text.cmp(&other.to_text()));
        }
    }
    parsed.is_some()
}

fn time_seeds() -> Vec<Vec<u8>> {
    [
        "2026-01-01 12:00:00.000001",
        "2026-01-01T14:00:00",
        "2026-01-01 07:00:00.0000009",
        "2026-01-01 17:30",
        "2024-02-29",
        "9999-12-31 23:59:59.999999",
        "1970-01-01 00:00:00Z",
        "1970-01-01 00:00:00+23:59",
        "0000-01-01 00:00",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_each_by_its_own() {
        let mut options = Options::default();
        options.set("session", &json!({"model_name": "logins", "fields": {"id": "login", "token": "jti"}})).unwrap();
        let entities = Entities::new(&options.entities).unwrap();
        let sql = r#"DELETE FROM "session" WHERE "session"."token" = ? AND "users"."id" = ?"#;
        let expected = r#"DELETE FROM "logins" WHERE "logins"."jti" = ? AND "users"."id" = ?"#;
        assert_eq!(renamed(sql, Dialect::Sqlite, &entities), expected);
        let index = "CREATE INDEX `ix_session_user_id` ON `session` (`user_id`)";
        let expected = "CREATE INDEX `ix_logins_user_id` ON `logins` (`user_id`)";
        assert_eq!(renamed(index, Dialect::MySql, &entities), expected);
    }

    #[test]
    fn a_request_is_read_line_by_line() {
        let request = request(b"POST\n/auth/refresh\n\nBearer x\n\n{\n}");
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/auth/refresh"));
        assert_eq!((request.headers.get("content-type"), request.headers.get("origin")), (None, None));
        assert_eq!(request.headers.bearer_token(), Some("x"));
        assert!(matches!(request.body, Body::Complete(body) if body.as_slice() == b"{\n}"));
    }
}
