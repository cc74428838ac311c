//! Where the program's own files are.

use std::path::{Path, PathBuf};

use super::environment::Environment;

/// The folders that are ours. None of them need exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Holds `config.toml`.
    pub config: PathBuf,
    /// Drafts, the outbox, the log.
    pub state: PathBuf,
    pub cache: PathBuf,
    /// The databases of `serve`.
    pub data: PathBuf,
}

impl Places {
    /// `CASELOAD_HOME` puts all of them under one folder; else they are where the system wants them.
    /// None if the system knows no home folder.
    #[must_use]
    pub fn find(environment: &Environment) -> Option<Self> {
        if let Some(home) = environment.os("CASELOAD_HOME") {
            let home = PathBuf::from(home);
            return Some(Self {
                state: home.join("state"),
                cache: home.join("cache"),
                data: home.join("data"),
                config: home,
            });
        }
        let dirs = directories::ProjectDirs::from("", "", "caseload")?;
        Some(Self {
            config: dirs.config_dir().to_owned(),
            state: dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned(),
            cache: dirs.cache_dir().to_owned(),
            data: dirs.data_local_dir().to_owned(),
        })
    }

    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.state.join("caseload.log")
    }
}

/// A path as it is written in the configuration: `~/` is the home folder, and a relative one starts
/// beside the file that names it.
#[must_use]
pub fn resolve(written: &str, beside: &Path, environment: &Environment) -> PathBuf {
    if let Some(rest) = written.strip_prefix("~/") {
        let home = environment
            .os("HOME")
            .map(PathBuf::from)
            .or_else(|| directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()));
        if let Some(home) = home {
            return home.join(rest);
        }
    }
    beside.parent().unwrap_or(Path::new("")).join(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caseload_home_holds_everything() {
        let places = Places::find(&Environment::of(&[("CASELOAD_HOME", "/h")])).unwrap();
        assert_eq!(places.config_file(), Path::new("/h/config.toml"));
        for place in [&places.state, &places.cache, &places.data, &places.log_file()] {
            assert!(place.starts_with("/h"), "{place:?}");
        }
    }

    #[test]
    fn paths_in_the_configuration_start_at_home_or_beside_the_file() {
        let environment = Environment::of(&[("HOME", "/home/ida")]);
        let beside = Path::new("/etc/caseload/config.toml");
        assert_eq!(resolve("~/t", beside, &environment), Path::new("/home/ida/t"));
        assert_eq!(resolve("t", beside, &environment), Path::new("/etc/caseload/t"));
        assert_eq!(resolve("/t", beside, &environment), Path::new("/t"));
    }
}
