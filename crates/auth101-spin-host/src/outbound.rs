//! `allowed_outbound_hosts`: where a component may connect to.

use anyhow::{Context, Result, bail, ensure};
use std::ops::Range;

/// An entry, such as `postgres://*.example.com:5432`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost {
    scheme: Option<String>,
    host: Host,
    ports: Option<Range<u32>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Any,
    Subdomain(String),
    Named(String),
}

impl AllowedHost {
    /// Reads an entry: a scheme, a host and a port, where each may be `*`, the host may start with `*.`, the port may
    /// be a range such as `5432..5440` (without its end), and may be left out where the scheme has one of its own.
    ///
    /// # Errors
    /// Another form.
    pub fn parse(entry: &str) -> Result<Self> {
        let (scheme, rest) = entry
            .trim()
            .split_once("://")
            .with_context(|| format!("`{entry}` has no scheme; hosts have the form scheme://host:port"))?;
        ensure!(
            scheme == "*" || (!scheme.is_empty() && scheme.chars().all(char::is_alphabetic)),
            "`{entry}`: a scheme consists of letters, or is *"
        );
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        ensure!(!rest.contains('/'), "`{entry}` has a path");
        let (host, port) = rest.rsplit_once(':').unwrap_or((rest, ""));
        let host = match host.strip_prefix("*.") {
            _ if host == "*" => Host::Any,
            Some(domain) if !domain.contains('*') => Host::Subdomain(format!(".{domain}")),
            None if !host.contains('*') && !host.contains('{') && !host.is_empty() => Host::Named(host.to_owned()),
            _ => bail!("`{entry}`: a host is a name, or starts with `*.`, or is *"),
        };
        let ports = match port {
            "*" => None,
            "" => Some(single(
                well_known_port(scheme)
                    .with_context(|| format!("`{entry}` has no port, and the scheme {scheme} has none of its own"))?,
            )),
            port => Some(match port.split_once("..") {
                Some((first, end)) => Range { start: number(entry, first)?, end: number(entry, end)? },
                None => single(number(entry, port)?),
            }),
        };
        Ok(Self { scheme: (scheme != "*").then(|| scheme.to_owned()), host, ports })
    }

    /// Whether it allows a connection.
    #[must_use]
    pub fn allows(&self, scheme: &str, host: &str, port: u16) -> bool {
        let host_allowed = match &self.host {
            Host::Any => true,
            Host::Subdomain(domain) => host.ends_with(domain.as_str()),
            Host::Named(name) => name == host,
        };
        self.scheme.as_deref().is_none_or(|allowed| allowed == scheme)
            && host_allowed
            && self.ports.as_ref().is_none_or(|ports| ports.contains(&port.into()))
    }
}

fn number(entry: &str, port: &str) -> Result<u32> {
    let port: u16 = port.parse().with_context(|| format!("`{entry}`: `{port}` is not a port"))?;
    Ok(port.into())
}

const fn single(port: u32) -> Range<u32> {
    port..port.saturating_add(1)
}

fn well_known_port(scheme: &str) -> Option<u32> {
    Some(match scheme {
        "postgres" => 5432,
        "mysql" => 3306,
        "redis" => 6379,
        "mqtt" => 1883,
        "http" => 80,
        "https" => 443,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::AllowedHost;

    #[test]
    fn an_entry_allows_what_it_says_and_nothing_else() {
        let allows =
            |entry: &str, scheme: &str, host: &str, port| AllowedHost::parse(entry).unwrap().allows(scheme, host, port);
        assert!(allows("postgres://localhost", "postgres", "localhost", 5432));
        assert!(!allows("postgres://localhost", "postgres", "localhost", 5433));
        assert!(!allows("postgres://localhost", "mysql", "localhost", 5432));
        assert!(!allows("postgres://localhost", "postgres", "127.0.0.1", 5432));
        assert!(allows("postgres://localhost:5000..5002", "postgres", "localhost", 5001));
        assert!(!allows("postgres://localhost:5000..5002", "postgres", "localhost", 5002));
        assert!(allows("*://*.example.com:*", "postgres", "a.example.com", 1));
        assert!(!allows("*://*.example.com:*", "postgres", "example.com", 1));
        assert!(allows("*://*:*", "postgres", "anywhere", 65_535));
        assert!(allows("postgres://localhost:65535/", "postgres", "localhost", 65_535));
    }

    #[test]
    fn other_forms_are_refused() {
        for entry in [
            "*",
            "localhost:5432",
            "postgres://localhost/db",
            "postgres://a.*.b:1",
            "ftp://host",
            "postgres://h:x",
            "1://h",
        ] {
            assert!(AllowedHost::parse(entry).is_err(), "{entry}");
        }
    }
}
