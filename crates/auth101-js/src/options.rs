//! Options as JavaScript writes them: camelCase, whose translation into the canonical names stands here and nowhere else.

use crate::boundary::from_js;
use auth101_core::{Config, ConfigError, Options, SettingProblem, Spelling};
use auth101_sql::{Dialect, Entities, entity::TABLES};
use serde::Serialize;
use serde_json::{Map, Value};
use wasm_bindgen::JsValue;

/// The members of entity options that are no columns.
const MEMBERS: [&str; 3] = ["model_name", "table_name", "fields"];
/// What the package adds to the options; it reads them itself.
const OWN: [&str; 4] = ["database", "onEvent", "hashWorkers", "passwordBlocklist"];

/// How errors name the options here. A name that no member has stays as it was written.
const SPELLING: Spelling = Spelling {
    option: camel,
    member: |name| if words().any(|word| word == name) { camel(name) } else { name.to_owned() },
    takes_json: false,
    own_options: &OWN,
};

/// An option that is refused, in the words of JavaScript.
#[derive(PartialEq, Eq, Debug, Serialize)]
pub(crate) struct Refused {
    option: String,
    problem: String,
}

impl Refused {
    fn new(option: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { option: option.into(), problem: problem.into() }
    }
}

impl From<ConfigError> for Refused {
    fn from(error: ConfigError) -> Self {
        Self::new(error.subject(&SPELLING), error.describe(&SPELLING))
    }
}

/// Reads the options that JavaScript copied.
pub(crate) fn from_object(object: JsValue) -> Result<Options, Refused> {
    read(from_js(object).ok_or_else(|| Refused::new("options", "must be an object"))?)
}

fn read(given: Map<String, Value>) -> Result<Options, Refused> {
    let mut options = Options::default();
    for (name, value) in given {
        let Some(option) = Options::names().find(|option| camel(option) == name) else {
            return Err(Refused::new(name, SettingProblem::UnknownOption.describe(&SPELLING)));
        };
        let value = if is_entity(option) { canonical(&name, value)? } else { value };
        options.set(option, &value)?;
    }
    Ok(options)
}

/// Checks all but the names of tables and columns.
pub(crate) fn config(options: &Options) -> Result<Config, Refused> {
    Ok(Config::new(options)?)
}

/// Checks the names of tables and columns.
pub(crate) fn entities(options: &Options) -> Result<Entities, Refused> {
    Ok(Entities::new(&options.entities)?)
}

/// The dialect of a name.
pub(crate) fn dialect(name: &str) -> Result<Dialect, Refused> {
    Dialect::of(name).ok_or_else(|| {
        let known: Vec<&str> = Dialect::ALL.iter().map(|dialect| dialect.name()).collect();
        Refused::new("dialect", format!("must be one of {}", known.join(", ")))
    })
}

/// A warning as one line.
pub(crate) fn line(warning: &ConfigError) -> String {
    format!("{}: {}", warning.subject(&SPELLING), warning.describe(&SPELLING))
}

fn is_entity(option: &str) -> bool {
    option == "user_field_mapping" || TABLES.iter().any(|table| table.option == option)
}

/// The value of an entity option with its members, and the members of `fields`, by their canonical names.
fn canonical(key: &str, value: Value) -> Result<Value, Refused> {
    let Value::Object(members) = value else {
        return Ok(value);
    };
    let members = members.into_iter().map(|(member, value)| {
        let key = format!("{key}.{member}");
        let value = if member == "fields" { canonical(&key, value)? } else { value };
        let canonical = words().find(|word| camel(word) == member);
        match (canonical, words().find(|word| *word == member)) {
            (Some(canonical), _) => Ok((canonical.to_owned(), value)),
            (None, Some(snake)) => Err(Refused::new(key, format!("is written {} here", camel(snake)))),
            (None, None) => Ok((member, value)),
        }
    });
    Ok(Value::Object(members.collect::<Result<_, Refused>>()?))
}

/// Every name that an entity option may hold.
fn words() -> impl Iterator<Item = &'static str> {
    MEMBERS.into_iter().chain(TABLES.iter().flat_map(|table| table.columns.iter().map(|column| column.name)))
}

/// `access_token_expires_in` as `accessTokenExpiresIn`.
fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut starts_word = false;
    for character in name.chars() {
        if character == '_' {
            starts_word = true;
        } else if core::mem::take(&mut starts_word) {
            camel.push(character.to_ascii_uppercase());
        } else {
            camel.push(character);
        }
    }
    camel
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn options(given: Value) -> Result<Options, Refused> {
        read(serde_json::from_value(given).unwrap())
    }

    fn refused(given_besides: Value) -> (String, String) {
        let mut given = json!({ "secret": "0123456789abcdef0123456789abcdef" });
        given.as_object_mut().unwrap().extend(given_besides.as_object().unwrap().clone());
        let error = options(given)
            .and_then(|options| {
                config(&options)?;
                entities(&options)
            })
            .unwrap_err();
        (error.option, error.problem)
    }

    #[test]
    fn options_and_the_names_in_them_are_camel_case() {
        let read = options(json!({
            "accessTokenExpiresIn": 5,
            "maxArgon2Memory": 4096,
            "user": { "modelName": "people", "fields": { "emailVerified": "is_verified" } },
            "session": { "fields": { "userId": "who" } },
        }))
        .unwrap();
        assert_eq!(read.access_token_expires_in, 5.0);
        assert_eq!(read.hash_bounds.argon2.memory, 4_096);
        let user = read.entities.user.as_ref().unwrap();
        assert_eq!(user["model_name"], "people");
        assert_eq!(user["fields"]["email_verified"], "is_verified");
        let mapping = options(json!({ "userFieldMapping": { "tableName": "people", "isActive": "active" } })).unwrap();
        assert_eq!(mapping.entities.user_field_mapping.unwrap()["is_active"], "active");
    }

    #[test]
    fn there_is_one_spelling() {
        let (option, problem) = refused(json!({ "access_token_expires_in": 5 }));
        assert_eq!(option, "access_token_expires_in");
        assert!(problem.contains("accessTokenExpiresIn") && problem.contains("database"), "{problem}");
        assert!(!problem.contains("_"), "{problem}");
        let (option, problem) = refused(json!({ "user": { "model_name": "people" } }));
        assert_eq!((option.as_str(), problem.as_str()), ("user.model_name", "is written modelName here"));
        let (option, _) = refused(json!({ "session": { "fields": { "user_id": "who" } } }));
        assert_eq!(option, "session.fields.user_id");
    }

    #[test]
    fn errors_speak_camel_case_and_leave_the_hosts_names_alone() {
        let (option, problem) = refused(json!({ "user": { "fields": { "emial": "mail" } } }));
        assert_eq!(option, "user.fields.emial");
        assert!(problem.contains("emailVerified") && !problem.contains('_'), "{problem}");
        let same = json!({ "user": { "fields": { "emailVerified": "is_active" } } });
        let (option, problem) = refused(same);
        assert_eq!(option, "user");
        assert_eq!(problem, "emailVerified and isActive are both on the column \"is_active\"");
        let (_, problem) = refused(json!({ "user": "people" }));
        let example = r#"must be an object, such as {"modelName":"members","fields":{"email":"mail"}}"#;
        assert_eq!(problem, example);
        let (option, problem) = refused(json!({ "argon2Memory": 19455 }));
        assert_eq!(option, "argon2Memory");
        assert!(problem.contains("argon2Iterations") && problem.contains("allowWeakArgon2"), "{problem}");
        let (option, _) = refused(json!({ "userFieldMapping": { "tableName": "a b" } }));
        assert_eq!(option, "userFieldMapping.tableName");
    }

    #[test]
    fn an_error_never_repeats_a_secret() {
        let (option, problem) = refused(json!({ "secret": ["marker"] }));
        assert_eq!(option, "secret");
        assert!(!problem.contains("marker"));
    }
}
