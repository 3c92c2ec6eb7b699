//! Command-line options: `--name VALUE`, `--name=VALUE` and bare `--name`, checked against what a chore declares.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::Result;

/// The options a chore knows: those that take a value, those that do not, and its help text.
pub struct Spec {
    pub valued: &'static [&'static str],
    pub bare: &'static [&'static str],
    pub help: &'static str,
}

/// The options that were given.
pub struct Args {
    given: BTreeMap<String, String>,
}

impl Spec {
    /// `None` when the user asked for help, which has then been printed.
    pub fn parse(&self, argv: &[String]) -> Result<Option<Args>> {
        let mut given = BTreeMap::new();
        let mut words = argv.iter();
        while let Some(word) = words.next() {
            if word == "--help" || word == "-h" {
                print!("{}", self.help);
                return Ok(None);
            }
            let body = word.strip_prefix("--").ok_or_else(|| format!("unexpected argument '{word}'\n{}", self.help))?;
            let (name, inline) = match body.split_once('=') {
                Some((name, value)) => (name, Some(value.to_string())),
                None => (body, None),
            };
            let value = if self.valued.contains(&name) {
                match inline {
                    Some(value) => value,
                    None => words.next().ok_or_else(|| format!("--{name} needs a value"))?.clone(),
                }
            } else if self.bare.contains(&name) && inline.is_none() {
                String::new()
            } else {
                return Err(format!("unknown option '{word}'\n{}", self.help).into());
            };
            given.insert(name.to_string(), value);
        }
        Ok(Some(Args { given }))
    }
}

impl Args {
    pub fn has(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str)
    }

    /// A value of some type, or `default` when the option is absent.
    pub fn value<T: FromStr>(&self, name: &str, default: T) -> Result<T> {
        match self.given.get(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| format!("--{name}: '{text}' is not a valid value").into()),
        }
    }

    /// A comma-separated list.
    pub fn list(&self, name: &str) -> Option<Vec<String>> {
        let text = self.given.get(name)?;
        Some(text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_string).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: Spec = Spec { valued: &["jobs", "modules"], bare: &["all"], help: "" };

    fn parse(words: &[&str]) -> Result<Option<Args>> {
        SPEC.parse(&words.iter().map(|word| word.to_string()).collect::<Vec<_>>())
    }

    #[test]
    fn values_may_follow_or_be_inline() {
        let args = parse(&["--jobs", "3", "--modules=a, b,", "--all"]).unwrap().unwrap();
        assert_eq!(args.value("jobs", 1).unwrap(), 3);
        assert_eq!(args.list("modules").unwrap(), ["a", "b"]);
        assert!(args.has("all"));
        assert_eq!(args.value("absent", 7).unwrap(), 7);
    }

    #[test]
    fn mistakes_are_named() {
        assert!(parse(&["--nonsense"]).is_err());
        assert!(parse(&["--jobs"]).is_err());
        assert!(parse(&["stray"]).is_err());
        assert!(parse(&["--jobs", "many"]).unwrap().unwrap().value("jobs", 1).is_err());
    }
}
