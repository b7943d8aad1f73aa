//! Access and refresh tokens: JSON Web Tokens signed with HS256 (RFC 7515, RFC 7519), read as RFC 8725 advises.
//!
//! This is the only module that names jwt-compact. That crate signs and checks signatures; header and claims are
//! judged here, because it lets `crit` and `jku` pass and keeps `exp` and `iat` to itself.

pub mod access;
mod claims;
pub mod keyring;
pub mod refresh;
pub mod successor;
