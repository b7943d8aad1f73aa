//! What is wrong with an option. It stays a value until a host makes a sentence of it, in its own spelling.

use super::{MAX_LIFETIME_MINUTES, Options, STRONG_SECRET_BYTES};
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};
use core::fmt;

/// An option that cannot be used, or that deserves attention. Never holds a secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigError {
    /// The option by its canonical name, such as `access_token_expires_in`; as it was given where there is no such option.
    pub option: String,
    /// The way to a member of it, such as `fields` and `email`; empty where the whole option is meant.
    pub members: Vec<String>,
    /// What is wrong.
    pub problem: SettingProblem,
}

/// What is wrong with an option or a member of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SettingProblem {
    /// There is no option of this name.
    UnknownOption,
    /// It holds something other than text.
    NotText,
    /// It holds something other than a list of texts.
    NotTexts,
    /// It holds something other than an object.
    NotAnObject,
    /// It holds something other than true or false.
    NotABoolean,
    /// It holds something other than a number.
    NotANumber,
    /// It holds something other than a whole number that is not negative.
    NotAWholeNumber,
    /// It holds something other than one of these texts.
    NotOneOf(&'static [&'static str]),
    /// It asks for a limit of rates, which this version does not have.
    LimitsNoRates,
    /// The number is too small or too large.
    OutOfRange(Range),
    /// The number of minutes is not positive, or beyond all sense.
    NotALifetime,
    /// The secret is missing or empty.
    MissingSecret,
    /// The secret is too short.
    ShortSecret {
        /// Its length.
        bytes: usize,
    },
    /// One of the previous secrets is empty.
    EmptyPreviousSecret,
    /// One of the previous secrets is too short.
    ShortPreviousSecret,
    /// A warning: the secret is short, and allowed to be.
    GuessableSecret,
    /// A warning: so is one of the previous secrets.
    GuessablePreviousSecret,
    /// A warning: the secret ends in white space.
    PaddedSecret,
    /// A warning: one of the previous secrets does.
    PaddedPreviousSecret,
    /// It is not a path under which routes can be mounted.
    NotABasePath,
    /// One of the list is not an origin.
    NotAnOrigin,
    /// `*` stands beside other origins.
    AnyOriginAmongOthers,
    /// New hashes would cost more than verifying one may.
    OverBound {
        /// The cost of new hashes.
        value: u32,
        /// The option that bounds it.
        bounded_by: &'static str,
        /// Its value.
        bound: u32,
    },
    /// New hashes would fill more memory in all their passes than verifying one may.
    OverWork {
        /// Memory times passes, in KiB.
        work: u64,
        /// The bound.
        bound: u32,
    },
    /// Argon2 needs more memory for that many lanes.
    TooLittleForItsLanes,
    /// New hashes would be weaker than OWASP recommends.
    BelowRecommendation,
    /// One hash would take more memory than the host has.
    DoesNotFit {
        /// What it would take, in KiB.
        memory: u32,
        /// What it may take, in KiB.
        most: u32,
        /// What the memory belongs to, such as `a Worker`.
        place: &'static str,
    },
    /// An object holds a member that means nothing there.
    UnknownMember {
        /// The members that mean something.
        known: Vec<&'static str>,
    },
    /// The name of the host's users' table is missing.
    MissingTableName,
    /// `fields` is something other than an object.
    NotFields,
    /// The name of a table or column would have to be escaped, or is too long.
    NotAName {
        /// The length of the longest name, in bytes.
        most: usize,
    },
    /// Two fields have the same column.
    SharedColumn {
        /// The fields.
        fields: [&'static str; 2],
        /// Their column.
        column: String,
    },
    /// Two entities have the same table.
    SharedTable {
        /// The table.
        table: String,
        /// The other entity.
        entity: &'static str,
    },
    /// An index of the table would have a name that is too long.
    LongIndexName {
        /// The length of the longest name, in bytes.
        most: usize,
    },
    /// Two indexes would have the same name.
    SharedIndexName(String),
}

/// The whole numbers that an option takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range {
    /// The smallest.
    pub least: u32,
    /// The largest, if there is one.
    pub most: Option<u32>,
    /// What is counted, in the plural; may be empty.
    pub unit: &'static str,
}

/// How a host writes the names in an error.
#[derive(Clone, Copy, Debug)]
pub struct Spelling {
    /// The name of an option.
    pub option: fn(&str) -> String,
    /// The name of a member of an option: a column, for example.
    pub member: fn(&str) -> String,
    /// Whether lists and objects may be JSON in a text.
    pub takes_json: bool,
    /// The options that only this host has.
    pub own_options: &'static [&'static str],
}

impl Spelling {
    /// The canonical one, in which the documentation speaks too.
    pub const CANONICAL: Self =
        Self { option: str::to_owned, member: str::to_owned, takes_json: true, own_options: &[] };
}

impl ConfigError {
    /// An error about one option.
    pub fn new(option: impl Into<String>, problem: SettingProblem) -> Self {
        Self { option: option.into(), members: Vec::new(), problem }
    }

    /// The same error about a member of what it was about so far.
    #[must_use]
    pub fn of_member(mut self, member: &str) -> Self {
        self.members.push(member.to_owned());
        self
    }

    /// What is wrong, by its path in a host's spelling, such as `AUTH_USER.fields.email`.
    #[must_use]
    pub fn subject(&self, spelling: &Spelling) -> String {
        let is_known = Options::names().any(|known| known == self.option);
        let option = if is_known { (spelling.option)(&self.option) } else { self.option.clone() };
        self.members.iter().fold(option, |path, member| format!("{path}.{}", (spelling.member)(member)))
    }

    /// What is wrong with it and what would be right, in a host's spelling. Never repeats a value that may be secret.
    #[must_use]
    pub fn describe(&self, spelling: &Spelling) -> String {
        self.problem.describe(spelling)
    }
}

impl SettingProblem {
    /// The sentence, which lacks its subject.
    #[must_use]
    pub fn describe(&self, spelling: &Spelling) -> String {
        let Spelling { option, member, takes_json, own_options } = spelling;
        let such_as = if *takes_json { ", as JSON such as" } else { ", such as" };
        match self {
            Self::UnknownOption => {
                let own = own_options.iter().map(|name| (*name).to_owned());
                let known: Vec<String> = Options::names().map(option).chain(own).collect();
                format!("is not an option; the options are {}", known.join(", "))
            }
            Self::NotText => "must be text".to_owned(),
            Self::NotTexts => format!("must be a list of texts{such_as} [\"first\",\"second\"]"),
            Self::NotAnObject => format!(
                "must be an object{such_as} {{\"{}\":\"members\",\"fields\":{{\"email\":\"mail\"}}}}",
                member("model_name")
            ),
            Self::NotABoolean => "must be true or false".to_owned(),
            Self::NotANumber => "must be a number".to_owned(),
            Self::NotAWholeNumber => "must be a whole number".to_owned(),
            Self::NotOneOf(choices) => format!("must be \"{}\"", choices.join("\" or \"")),
            Self::LimitsNoRates => {
                "must be \"off\": this version limits no rates, see the README for a rule at the edge".to_owned()
            }
            Self::OutOfRange(range) => format!("must be {range}"),
            Self::NotALifetime => {
                format!("must be a number of minutes, from one second to {MAX_LIFETIME_MINUTES} minutes")
            }
            Self::MissingSecret => "is required; `openssl rand -base64 32` makes a good one".to_owned(),
            Self::ShortSecret { bytes } => format!(
                "has {bytes} bytes, at least {STRONG_SECRET_BYTES} are needed; `openssl rand -base64 32` makes a good \
                 one, and {} accepts an old one",
                option("allow_short_secret")
            ),
            Self::EmptyPreviousSecret => "holds an empty secret".to_owned(),
            Self::ShortPreviousSecret => {
                format!("holds a secret under {STRONG_SECRET_BYTES} bytes; {} accepts it", option("allow_short_secret"))
            }
            Self::GuessableSecret => format!("is {GUESSABLE}"),
            Self::GuessablePreviousSecret => format!("holds a secret {GUESSABLE}"),
            Self::PaddedSecret => format!("ends {PADDED}"),
            Self::PaddedPreviousSecret => format!("holds a secret that ends {PADDED}"),
            Self::NotABasePath => "must be empty, or a path such as \"/auth\" without a slash at its end".to_owned(),
            Self::NotAnOrigin => {
                "holds something that is not an origin such as \"https://app.example.com\" (lower case, no path)"
                    .to_owned()
            }
            Self::AnyOriginAmongOthers => "\"*\" allows every origin and stands alone".to_owned(),
            Self::OverBound { value, bounded_by, bound } => {
                format!("is {value}, over {} = {bound}: new hashes could not be verified", option(bounded_by))
            }
            Self::OverWork { work, bound } => format!(
                "times {} is {work}, over {} = {bound}: new hashes could not be verified",
                option("argon2_iterations"),
                option("max_argon2_work")
            ),
            Self::TooLittleForItsLanes => "must be at least 8 KiB for each lane".to_owned(),
            Self::BelowRecommendation => format!(
                "with {} is below OWASP's recommendation (19456 KiB and 2 passes, or an equal of it); {} accepts it",
                option("argon2_iterations"),
                option("allow_weak_argon2")
            ),
            Self::DoesNotFit { memory, most, place } => {
                format!("is {memory} KiB; at most {most} fit into the memory of {place}")
            }
            Self::UnknownMember { known } => {
                let known: Vec<String> = known.iter().map(|name| member(name)).collect();
                let known = if known.len() == 2 { known.join(" and ") } else { known.join(", ") };
                format!("is not known here; what may be given is {known}")
            }
            Self::MissingTableName => "is required: the name of your users' table".to_owned(),
            Self::NotFields => "must be an object from field to column".to_owned(),
            Self::NotAName { most } => {
                format!("must be a name of letters, digits, _ and $, of at most {most} bytes")
            }
            Self::SharedColumn { fields, column } => {
                format!("{} are both on the column \"{column}\"", fields.map(member).join(" and "))
            }
            Self::SharedTable { table, entity } => format!("is on the table \"{table}\", as is {entity}"),
            Self::LongIndexName { most } => format!("makes an index name of over {most} bytes, which databases cut"),
            Self::SharedIndexName(name) => format!("makes two indexes of the name \"{name}\""),
        }
    }
}

/// Why a short secret is weak. [`STRONG_SECRET_BYTES`] is 32.
const GUESSABLE: &str = "under 32 bytes: it can be guessed from one token";
/// What is wrong with white space at the end of a secret.
const PADDED: &str =
    "in white space, which counts as part of it; a line break that a file or a shell added is the usual cause";

impl Range {
    /// Whether it holds a number.
    #[must_use]
    pub fn holds(&self, number: u32) -> bool {
        self.least <= number && self.most.is_none_or(|most| number <= most)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { least, most, unit } = self;
        match most {
            None => return write!(formatter, "at least {least}"),
            Some(most) if *least == 0 => write!(formatter, "at most {most}")?,
            Some(most) => write!(formatter, "from {least} to {most}")?,
        }
        if unit.is_empty() { Ok(()) } else { write!(formatter, " {unit}") }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.subject(&Spelling::CANONICAL), self.describe(&Spelling::CANONICAL))
    }
}

impl core::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    /// As a host that shouts.
    const LOUD: Spelling = Spelling {
        option: |name| name.to_ascii_uppercase(),
        member: |name| format!("<{name}>"),
        takes_json: false,
        own_options: &["database"],
    };

    #[test]
    fn names_are_spelt_as_the_host_does_and_what_it_gave_stays() {
        let said = |problem| {
            let error = ConfigError::new("user", problem).of_member("fields");
            assert_eq!(error.subject(&LOUD), "USER.<fields>");
            error.describe(&LOUD)
        };
        let over = SettingProblem::OverBound { value: 3, bounded_by: "max_argon2_memory", bound: 2 };
        assert_eq!(said(over), "is 3, over MAX_ARGON2_MEMORY = 2: new hashes could not be verified");
        let shared = SettingProblem::SharedColumn { fields: ["email", "name"], column: "secret".to_owned() };
        assert_eq!(said(shared), "<email> and <name> are both on the column \"secret\"");
        assert!(said(SettingProblem::NotAnObject).contains("such as {\"<model_name>\":\"members\""));
        let unknown = ConfigError::new("base_paht", SettingProblem::UnknownOption);
        assert_eq!(unknown.subject(&LOUD), "base_paht");
        assert!(unknown.describe(&LOUD).ends_with("RATE_LIMIT, database"));
    }

    #[test]
    fn a_range_says_what_it_holds() {
        let range = |least, most, unit| Range { least, most, unit }.to_string();
        assert_eq!(range(0, Some(3_600), "seconds"), "at most 3600 seconds");
        assert_eq!(range(1, Some(4_096), "characters"), "from 1 to 4096 characters");
        assert_eq!(range(4, Some(31), ""), "from 4 to 31");
        assert_eq!(range(1, None, "KiB"), "at least 1");
        let range = Range { least: 4, most: Some(31), unit: "" };
        assert_eq!([3, 4, 31, 32].map(|number| range.holds(number)), [false, true, true, false]);
    }
}
