//! Options as JavaScript writes them: camelCase, whose translation into the canonical names stands here and nowhere else.

use crate::boundary::from_js;
use auth101_core::{Config, ConfigError, Options};
use auth101_sql::{Dialect, Entities, entity::TABLES};
use serde_json::{Map, Value};
use wasm_bindgen::JsValue;

/// The members of entity options that are no columns.
const MEMBERS: [&str; 3] = ["model_name", "table_name", "fields"];
/// What the package adds to the options; it reads them itself.
const OWN: [&str; 4] = ["database", "onEvent", "hashWorkers", "passwordBlocklist"];

/// Reads the options that JavaScript copied.
pub(crate) fn from_object(object: JsValue) -> Result<Options, ConfigError> {
    read(from_js(object).ok_or_else(|| ConfigError::new("options", "must be an object"))?)
}

fn read(given: Map<String, Value>) -> Result<Options, ConfigError> {
    let mut options = Options::default();
    for (name, value) in given {
        let Some(option) = Options::names().find(|option| camel(option) == name) else {
            let known: Vec<String> = Options::names().map(camel).chain(OWN.map(str::to_owned)).collect();
            return Err(ConfigError::new(name, format!("is not an option; the options are {}", known.join(", "))));
        };
        let value = if is_entity(option) { canonical(&name, value)? } else { value };
        options.set(option, &value).map_err(|error| in_camel_case(&error))?;
    }
    Ok(options)
}

/// Checks all but the names of tables and columns.
pub(crate) fn config(options: &Options) -> Result<Config, ConfigError> {
    Config::new(options).map_err(|error| in_camel_case(&error))
}

/// Checks the names of tables and columns.
pub(crate) fn entities(options: &Options) -> Result<Entities, ConfigError> {
    Entities::new(&options.entities).map_err(|error| in_camel_case(&error))
}

/// The dialect of a name.
pub(crate) fn dialect(name: &str) -> Result<Dialect, ConfigError> {
    Dialect::of(name).ok_or_else(|| {
        let known: Vec<&str> = Dialect::ALL.iter().map(|dialect| dialect.name()).collect();
        ConfigError::new("dialect", format!("must be one of {}", known.join(", ")))
    })
}

fn is_entity(option: &str) -> bool {
    option == "user_field_mapping" || TABLES.iter().any(|table| table.option == option)
}

/// The value of an entity option with its members, and the members of `fields`, by their canonical names.
fn canonical(key: &str, value: Value) -> Result<Value, ConfigError> {
    let Value::Object(members) = value else {
        return Ok(value);
    };
    let members = members.into_iter().map(|(member, value)| {
        let key = format!("{key}.{member}");
        let value = if member == "fields" { canonical(&key, value)? } else { value };
        let canonical = words().find(|word| camel(word) == member);
        match (canonical, words().find(|word| *word == member)) {
            (Some(canonical), _) => Ok((canonical.to_owned(), value)),
            (None, Some(snake)) => Err(ConfigError::new(key, format!("is written {} here", camel(snake)))),
            (None, None) => Ok((member, value)),
        }
    });
    Ok(Value::Object(members.collect::<Result<_, ConfigError>>()?))
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

/// The same error in the words of JavaScript. What stands in quotes is a name of the host's and stays, but for the
/// keys of JSON.
pub(crate) fn in_camel_case(error: &ConfigError) -> ConfigError {
    let renamed = error.renamed(camel);
    let is_word = |word: &str| word.contains('_') && words().any(|known| known == word);
    let mut problem = String::with_capacity(renamed.problem.len());
    let mut rest = renamed.problem.as_str();
    while let Some(start) = rest.find(|character: char| character.is_ascii_alphabetic()) {
        let Some((before, at)) = rest.split_at_checked(start) else { break };
        let end = at.find(|character: char| !character.is_ascii_alphanumeric() && character != '_');
        let (word, after) = end.and_then(|end| at.split_at_checked(end)).unwrap_or((at, ""));
        let is_quoted = before.ends_with('"') && !after.starts_with("\":");
        problem.push_str(before);
        problem.push_str(&if is_word(word) && !is_quoted { camel(word) } else { word.to_owned() });
        rest = after;
    }
    problem.push_str(rest);
    let key: Vec<String> =
        renamed.key.split('.').map(|part| if is_word(part) { camel(part) } else { part.to_owned() }).collect();
    ConfigError::new(key.join("."), problem.replace(", as JSON such as ", ", such as "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn options(given: Value) -> Result<Options, ConfigError> {
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
        (error.key, error.problem)
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
