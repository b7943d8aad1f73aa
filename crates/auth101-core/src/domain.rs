//! The things authentication is about. Each type is made by a constructor that checks, so that code which holds one
//! need not check again.

pub mod account;
pub mod email;
pub mod identifier;
pub mod password;
pub mod password_hash;
pub mod session;
pub mod user;
