//! Routes of HTTP triggers: `/auth/sign-in`, `/users/:id`, `/auth/...`.

use anyhow::{Result, ensure};
use std::str::FromStr;

/// A route as it stands in the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    raw: String,
    segments: Vec<Segment>,
    /// Whether it ends with `/...`.
    open: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Word(String),
    Named(String),
}

/// What a path has where the route leaves it open.
#[derive(Debug, PartialEq, Eq)]
pub struct Matched {
    /// What `...` stands for, from its slash on; empty without it.
    pub trailing: String,
    /// What the named segments stand for.
    pub named: Vec<(String, String)>,
}

impl FromStr for Route {
    type Err = anyhow::Error;

    fn from_str(raw: &str) -> Result<Self> {
        ensure!(raw.starts_with('/'), "route `{raw}` does not start with a slash");
        let (fixed, open) = raw.strip_suffix("/...").map_or((raw, false), |fixed| (fixed, true));
        let segment = |word: &str| match word.strip_prefix(':') {
            Some(name) => Segment::Named(name.to_owned()),
            None => Segment::Word(word.to_owned()),
        };
        let segments: Vec<Segment> = words(fixed).map(segment).collect();
        ensure!(
            !segments.contains(&Segment::Word("...".to_owned())),
            "route `{raw}`: `...` stands at the end and nowhere else"
        );
        Ok(Self { raw: raw.to_owned(), segments, open })
    }
}

impl Route {
    /// The route as it stands in the manifest.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The same without `/...`.
    #[must_use]
    pub fn without_wildcard(&self) -> &str {
        self.raw.strip_suffix("/...").unwrap_or(&self.raw)
    }

    /// Fits a path, or does not.
    #[must_use]
    pub fn matches(&self, path: &str) -> Option<Matched> {
        let mut given = words(path);
        let mut named = Vec::new();
        for segment in &self.segments {
            match (segment, given.next()?) {
                (Segment::Word(word), given) if word == given => {}
                (Segment::Word(_), _) => return None,
                (Segment::Named(name), given) => named.push((name.clone(), given.to_owned())),
            }
        }
        let rest: Vec<&str> = given.collect();
        if !self.open && !rest.is_empty() {
            return None;
        }
        let trailing = if rest.is_empty() { String::new() } else { format!("/{}", rest.join("/")) };
        Some(Matched { trailing, named })
    }

    /// Which of two routes that fit says more of the path: more fixed words, then more segments, then no `...`.
    #[must_use]
    pub fn weight(&self) -> (usize, usize, bool) {
        let fixed = self.segments.iter().filter(|segment| matches!(segment, Segment::Word(_))).count();
        (fixed, self.segments.len(), !self.open)
    }
}

fn words(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').skip(1).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Matched, Route};

    fn matched(route: &str, path: &str) -> Option<Matched> {
        route.parse::<Route>().unwrap().matches(path)
    }

    fn plain(trailing: &str) -> Option<Matched> {
        Some(Matched { trailing: trailing.to_owned(), named: Vec::new() })
    }

    #[test]
    fn a_route_fits_its_paths() {
        assert_eq!(matched("/...", "/"), plain(""));
        assert_eq!(matched("/...", "/auth/session"), plain("/auth/session"));
        assert_eq!(matched("/auth/...", "/auth"), plain(""));
        assert_eq!(matched("/auth/...", "/auth/session"), plain("/session"));
        assert_eq!(matched("/auth/...", "/author"), None);
        assert_eq!(matched("/auth", "/auth/session"), None);
        let named = vec![("id".to_owned(), "7".to_owned())];
        assert_eq!(matched("/users/:id/...", "/users/7/edit"), Some(Matched { trailing: "/edit".to_owned(), named }));
    }

    #[test]
    fn the_route_that_says_more_weighs_more() {
        let weight = |route: &str| route.parse::<Route>().unwrap().weight();
        assert!(weight("/auth/...") > weight("/..."));
        assert!(weight("/auth") > weight("/auth/..."));
        assert!(weight("/users/me") > weight("/users/:id"));
    }

    #[test]
    fn other_forms_are_refused() {
        for route in ["", "auth", "/.../auth"] {
            assert!(route.parse::<Route>().is_err(), "{route}");
        }
    }
}
