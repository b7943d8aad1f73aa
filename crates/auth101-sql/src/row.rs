//! Rows into the things they stand for.

use crate::driver::{Row, Value};
use alloc::string::{String, ToString};
use auth101_core::{
    Secret, Timestamp,
    domain::{
        account::StoredPassword,
        identifier::{AccountId, SessionId, TokenId, UserId},
        session::Session,
        user::User,
    },
    port::StoreError,
};

/// The user of a row; `None` where an outer join found none.
pub(crate) fn user(row: &Row) -> Result<Option<User>, StoreError> {
    let Some(id) = optional_text(row, "user_id", "users.id")? else {
        return Ok(None);
    };
    Ok(Some(User {
        id: UserId::new(id),
        name: optional_text(row, "user_name", "users.name")?.unwrap_or_default(),
        email: text(row, "user_email", "users.email")?,
        email_verified: boolean(row, "user_email_verified", "users.email_verified")?,
        image: optional_text(row, "user_image", "users.image")?.unwrap_or_default(),
        is_active: boolean(row, "user_is_active", "users.is_active")?,
    }))
}

/// The session of a row; `None` where an outer join found none.
pub(crate) fn session(row: &Row) -> Result<Option<Session>, StoreError> {
    let Some(id) = optional_text(row, "session_id", "session.id")? else {
        return Ok(None);
    };
    Ok(Some(Session {
        id: SessionId::new(id),
        token: TokenId::new(text(row, "session_token", "session.token")?),
        user_id: UserId::new(text(row, "session_user_id", "session.user_id")?),
        expires_at: time(row, "session_expires_at", "session.expires_at")?,
        created_at: time(row, "session_created_at", "session.created_at")?,
        updated_at: time(row, "session_updated_at", "session.updated_at")?,
    }))
}

/// The credential account of a row; `None` where an outer join found none.
pub(crate) fn stored_password(row: &Row) -> Result<Option<StoredPassword>, StoreError> {
    let Some(id) = optional_text(row, "account_row_id", "account.id")? else {
        return Ok(None);
    };
    let hash = optional_text(row, "account_password", "account.password")?.map(Secret::new);
    Ok(Some(StoredPassword { account_id: AccountId::new(id), hash }))
}

/// Text, or NULL. Databases with loose types return a number for text that looks like one.
pub(crate) fn optional_text(row: &Row, name: &str, column: &'static str) -> Result<Option<String>, StoreError> {
    match row.get(name) {
        Some(Value::Text(text)) => Ok(Some(text.clone())),
        Some(Value::Integer(number)) => Ok(Some(number.to_string())),
        Some(Value::Null) => Ok(None),
        Some(Value::Boolean(_) | Value::Timestamp(_)) | None => Err(StoreError::Unreadable { column }),
    }
}

fn text(row: &Row, name: &str, column: &'static str) -> Result<String, StoreError> {
    optional_text(row, name, column)?.ok_or(StoreError::Unreadable { column })
}

/// What the statements make of a flag: a boolean, or 0 and 1 where the database has no booleans.
fn boolean(row: &Row, name: &str, column: &'static str) -> Result<bool, StoreError> {
    match row.get(name) {
        Some(Value::Boolean(value)) => Ok(*value),
        Some(Value::Integer(number)) => Ok(*number != 0),
        _ => Err(StoreError::Unreadable { column }),
    }
}

fn time(row: &Row, name: &str, column: &'static str) -> Result<Timestamp, StoreError> {
    text(row, name, column).ok().and_then(|text| Timestamp::parse(&text)).ok_or(StoreError::Unreadable { column })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, vec};

    fn user_row(image: Value, active: Value) -> Row {
        let text = |text: &str| Value::Text(text.into());
        Row(vec![
            ("user_id".into(), text("7")),
            ("user_name".into(), text("")),
            ("user_email".into(), text("a@b")),
            ("user_email_verified".into(), Value::Integer(0)),
            ("user_image".into(), image),
            ("user_is_active".into(), active),
        ])
    }

    #[test]
    fn a_null_image_reads_as_empty_and_numbers_as_booleans() {
        let user = user(&user_row(Value::Null, Value::Integer(2))).unwrap().unwrap();
        assert_eq!((user.image.as_str(), user.is_active, user.email_verified), ("", true, false));
    }

    #[test]
    fn a_value_that_cannot_be_names_its_column() {
        let error = user(&user_row(Value::Null, Value::Text("maybe".into()))).unwrap_err();
        assert_eq!(error, StoreError::Unreadable { column: "users.is_active" });
        assert_eq!(format!("{error}"), "a row holds an unreadable value in users.is_active");
    }
}
