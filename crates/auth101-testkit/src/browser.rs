//! What a browser's tabs share, and the rule by which they save the answer of a refresh.

use crate::{service::Tokens, token::issued_at};

/// When an answer replaces what is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SavingRule {
    /// Only if storage still holds the token that was sent, or the answer's was issued later (`docs/sessions.md`).
    UnlessOvertaken,
    /// Always: the last tab to answer wins.
    Unconditionally,
}

/// The storage that the tabs of one browser share.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Storage {
    /// The tokens, while the user is signed in.
    pub tokens: Option<Tokens>,
}

impl Storage {
    /// Takes over the answer to a refresh with `sent`.
    pub fn save(&mut self, rule: SavingRule, sent: &str, answer: Tokens) {
        let saves = match (&self.tokens, rule) {
            (None, SavingRule::UnlessOvertaken) => false,
            (Some(stored), SavingRule::UnlessOvertaken) => {
                stored.refresh == sent || issued_at(&answer.refresh) > issued_at(&stored.refresh)
            }
            (_, SavingRule::Unconditionally) => true,
        };
        if saves {
            self.tokens = Some(answer);
        }
    }
}
