//! Secret values: read from mounted files or the environment, followed when they change, never printed, and masked in
//! all that leaves the process. Knows nothing of what they open.

use std::{fmt, path::Path, time::Duration};

use chatops_crds::bot_config::SecretSource;

use crate::mask;

/// How often a mounted file is read again. The kubelet swaps it once a minute at best, so a second is not the delay
/// that people notice.
pub const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// A value that must not be seen: its `Debug` form is `***` and it has no other. From the moment it is made it is masked
/// in every message and every line of the log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Secret {
        let value = value.into();
        mask::remember(&value);
        Secret(value)
    }

    /// The value itself, for the one call that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(mask::MASK)
    }
}

/// Why there is no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// The file does not exist or cannot be read.
    #[error("the file of {key} is not mounted")]
    NotMounted { key: String },
    /// The file is blank, or the environment variable is unset or blank.
    #[error("{key} is missing or empty")]
    Empty { key: String },
}

impl Missing {
    /// Name of the file or of the environment variable.
    pub fn key(&self) -> &str {
        match self {
            Missing::NotMounted { key } | Missing::Empty { key } => key,
        }
    }
}

/// Reads the value; white space around it is not part of it.
///
/// # Errors
/// [`Missing`] when there is none.
pub async fn read(source: &SecretSource) -> Result<Secret, Missing> {
    read_name(source).await.map(Secret::new)
}

/// The same for what is kept beside a secret and is none, such as the name of a user: it is not masked.
///
/// # Errors
/// [`Missing`] when there is none.
pub async fn read_name(source: &SecretSource) -> Result<String, Missing> {
    let (key, value) = match source {
        SecretSource::File(path) => {
            let key = Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
            match tokio::fs::read_to_string(path).await {
                Ok(value) => (key, value),
                Err(_) => return Err(Missing::NotMounted { key }),
            }
        }
        SecretSource::Env(name) => (name.clone(), std::env::var(name).unwrap_or_default()),
    };
    match value.trim() {
        "" => Err(Missing::Empty { key }),
        value => Ok(value.to_owned()),
    }
}

/// Follows several secrets that belong together, such as a user name and a password.
#[derive(Debug)]
pub struct Follower<const N: usize> {
    sources: [SecretSource; N],
    interval: Duration,
    known: Option<[Result<Secret, Missing>; N]>,
}

impl<const N: usize> Follower<N> {
    /// Follows `sources`, reading them every `interval`.
    pub fn new(sources: [SecretSource; N], interval: Duration) -> Self {
        Self { sources, interval, known: None }
    }

    /// The values: at once the first time, afterwards as soon as one of them differs from what was returned last.
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> [Result<Secret, Missing>; N] {
        loop {
            if self.known.is_some() {
                tokio::time::sleep(self.interval).await;
            }
            let values = futures::future::join_all(self.sources.iter().map(read)).await;
            if let Ok(values) = <[_; N]>::try_from(values)
                && self.known.as_ref() != Some(&values)
            {
                self.known = Some(values.clone());
                return values;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print_its_value() {
        assert_eq!(format!("{:?}", Some(Secret::new("xoxb-1"))), "Some(***)");
    }

    #[tokio::test]
    async fn a_file_that_is_swapped_like_the_kubelet_does_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let source = SecretSource::File(path.to_string_lossy().into_owned());
        let mut follower = Follower::new([source], Duration::from_millis(5));
        let missing = Missing::NotMounted { key: "token".into() };
        assert_eq!(follower.next().await, [Err(missing)]);

        for generation in ["one", "two"] {
            let data = dir.path().join(generation);
            std::fs::create_dir(&data).unwrap();
            std::fs::write(data.join("token"), format!("{generation}\n")).unwrap();
            let link = dir.path().join("..data_tmp");
            std::os::unix::fs::symlink(data.join("token"), &link).unwrap();
            std::fs::rename(&link, &path).unwrap();
            assert_eq!(follower.next().await, [Ok(Secret::new(generation))]);
        }
    }

    #[tokio::test]
    async fn a_blank_file_counts_as_missing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, " \n").unwrap();
        let source = SecretSource::File(path.to_string_lossy().into_owned());
        assert_eq!(read(&source).await, Err(Missing::Empty { key: "token".into() }));
    }
}
