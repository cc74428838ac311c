//! Which desk, and with which token. Tokens are read when they are needed, held as secrets, and named
//! in errors by where they came from only.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use url::Url;

use super::environment::{Environment, SECRETS};
use super::file::{DeskKind, DeskTable, TokenSource};
use super::{ConfigError, places};

/// How long a `token_command` may take.
const COMMAND_BOUND: Duration = Duration::from_secs(10);
/// The longest token; a longer line is something else.
const TOKEN_CAP: usize = 4096;

/// A desk that can be connected to.
#[derive(Debug, Clone)]
pub struct Desk {
    pub name: String,
    pub kind: DeskKind,
    pub url: Url,
    pub token: TokenPlace,
}

/// Where a desk's token is to be had.
#[derive(Debug, Clone)]
pub enum TokenPlace {
    /// `CASELOAD_TOKEN`.
    Environment,
    /// A variable that the configuration names.
    Variable(String),
    File(PathBuf),
    /// Run by `sh -c`; the token is the first line that it writes.
    Command(String),
    /// Written into the configuration file itself.
    Literal {
        file: PathBuf,
        token: SecretString,
    },
    /// Recognised, and not available in this version.
    Keyring,
    /// Nowhere.
    Missing,
}

impl fmt::Display for TokenPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("CASELOAD_TOKEN"),
            Self::Variable(name) => write!(f, "the variable {}", shown(name)),
            Self::File(path) => write!(f, "the file {}", shown(&path.to_string_lossy())),
            Self::Command(_) => f.write_str("token_command"),
            Self::Literal { file, .. } => write!(f, "{}", shown(&file.to_string_lossy())),
            Self::Keyring => f.write_str("the keyring"),
            Self::Missing => f.write_str("nowhere"),
        }
    }
}

fn shown(text: &str) -> String {
    crate::domain::text::safe_line(text, 300)
}

/// All desks that there are: those of the file, and the one that `CASELOAD_URL` makes.
#[derive(Debug, Clone, Default)]
pub struct Desks {
    named: BTreeMap<String, Desk>,
    /// The name of the one that `CASELOAD_URL` makes.
    from_environment: Option<String>,
}

impl Desks {
    pub(super) fn gather(
        file: &Path,
        tables: &BTreeMap<String, DeskTable>,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let token_of_environment = || {
            if environment.os("CASELOAD_TOKEN").is_some() {
                TokenPlace::Environment
            } else if let Some(path) = environment.os("CASELOAD_TOKEN_FILE") {
                TokenPlace::File(PathBuf::from(path))
            } else {
                TokenPlace::Missing
            }
        };
        let mut named = BTreeMap::new();
        for (name, table) in tables {
            let token = match table.token.as_ref().map(|at| &at.value) {
                Some(TokenSource::Literal(token)) => {
                    TokenPlace::Literal { file: file.to_owned(), token: token.clone() }
                }
                Some(TokenSource::File(path)) => {
                    TokenPlace::File(places::resolve(path, file, environment))
                }
                Some(TokenSource::Env(variable)) => TokenPlace::Variable(variable.clone()),
                Some(TokenSource::Command(command)) => TokenPlace::Command(command.clone()),
                Some(TokenSource::Keyring) => TokenPlace::Keyring,
                None => token_of_environment(),
            };
            let desk = Desk { name: name.clone(), kind: table.kind, url: table.url.clone(), token };
            named.insert(name.clone(), desk);
        }
        let mut from_environment = None;
        if let Some(text) = environment.os("CASELOAD_URL") {
            let url = text
                .to_str()
                .ok_or_else(|| "the url is not UTF-8".to_owned())
                .and_then(super::file::desk_url)
                .map_err(|why| ConfigError::new(format!("CASELOAD_URL: {why}")))?;
            let name = shown(url.host_str().unwrap_or("desk"));
            let desk = Desk {
                name: name.clone(),
                kind: DeskKind::Caseload,
                url,
                token: token_of_environment(),
            };
            named.insert(name.clone(), desk);
            from_environment = Some(name);
        }
        Ok(Self { named, from_environment })
    }

    pub fn iter(&self) -> impl Iterator<Item = &Desk> {
        self.named.values()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    /// The desk that is meant: the one asked for (`--desk`, `CASELOAD_DESK`), else the one that
    /// `CASELOAD_URL` makes, else the only one.
    pub fn select(&self, asked: Option<&super::Setting<String>>) -> Result<&Desk, ConfigError> {
        let names = || self.named.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        if let Some(asked) = asked {
            return self.named.get(&asked.value).ok_or_else(|| {
                let given = shown(&asked.value);
                let advice = if self.named.is_empty() {
                    "none is configured".to_owned()
                } else {
                    format!("there are: {}", names())
                };
                ConfigError::new(format!("{}: no desk is called \"{given}\"; {advice}", asked.from))
            });
        }
        if let Some(desk) = self.from_environment.as_ref().and_then(|name| self.named.get(name)) {
            return Ok(desk);
        }
        let mut all = self.named.values();
        match (all.next(), all.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(ConfigError::new(
                "no desk is configured: set CASELOAD_URL and CASELOAD_TOKEN, or write a \
                 [desk.NAME] into the configuration (`caseload config path` says where it is)",
            )),
            _ => Err(ConfigError::new(format!(
                "several desks are configured ({}): choose one with --desk NAME or CASELOAD_DESK",
                names()
            ))),
        }
    }
}

impl Desk {
    /// Reads the token from where it is.
    pub async fn token(&self, environment: &Environment) -> Result<SecretString, ConfigError> {
        let variable = |name: &str| {
            environment.text(name).map(str::to_owned).ok_or_else(|| {
                ConfigError::new(format!(
                    "the variable {}, which should hold the token of desk {}, is not set",
                    shown(name),
                    self.name
                ))
            })
        };
        let text = match &self.token {
            TokenPlace::Environment => variable("CASELOAD_TOKEN")?,
            TokenPlace::Variable(name) => variable(name)?,
            TokenPlace::File(path) => self.read_file(path)?,
            TokenPlace::Command(command) => self.run(command).await?,
            TokenPlace::Literal { token, .. } => token.expose_secret().to_owned(),
            TokenPlace::Keyring => {
                return Err(ConfigError::new(format!(
                    "desk {}: keyring is not available in this version; use token_file, token_env \
                     or token_command",
                    self.name
                )));
            }
            TokenPlace::Missing => {
                return Err(ConfigError::new(format!(
                    "desk {} has no token: set CASELOAD_TOKEN or CASELOAD_TOKEN_FILE, or write \
                     token_file, token_env or token_command into its [desk.NAME]",
                    self.name
                )));
            }
        };
        let token = text.lines().next().unwrap_or("").trim();
        if token.is_empty() {
            return Err(ConfigError::new(format!(
                "the token of desk {} is empty (it comes from {})",
                self.name, self.token
            )));
        }
        if token.len() > TOKEN_CAP || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(ConfigError::new(format!(
                "what {} holds for desk {} is no token: a token is one word of visible letters",
                self.token, self.name
            )));
        }
        Ok(token.into())
    }

    fn read_file(&self, path: &Path) -> Result<String, ConfigError> {
        use std::io::Read;
        let fail = |why: &dyn fmt::Display| {
            ConfigError::new(format!(
                "could not read the token file {} of desk {}: {why}",
                shown(&path.to_string_lossy()),
                self.name
            ))
        };
        refuse_if_shared("the token file", path)?;
        let mut text = String::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(64 * 1024).read_to_string(&mut text))
            .map_err(|error| fail(&error))?;
        Ok(text)
    }

    /// The first line that the command writes. It runs by `sh -c`, so that pipes and `~` work, with
    /// this program's terminal, so that it can ask for a passphrase, and without its secrets.
    async fn run(&self, command: &str) -> Result<String, ConfigError> {
        let fail =
            |why: String| ConfigError::new(format!("token_command of desk {} {why}", self.name));
        let mut shell = tokio::process::Command::new("sh");
        shell.arg("-c").arg(command).stdout(Stdio::piped()).kill_on_drop(true);
        for secret in SECRETS {
            shell.env_remove(secret);
        }
        let mut child =
            shell.spawn().map_err(|error| fail(format!("could not be started: {error}")))?;
        let stdout = child.stdout.take();
        let ran = tokio::time::timeout(COMMAND_BOUND, async {
            let mut line = String::new();
            if let Some(stdout) = stdout {
                let mut reader = BufReader::new(stdout.take(64 * 1024));
                reader.read_line(&mut line).await?;
                // What follows is not ours; it is taken so that the command does not fail on a
                // closed pipe.
                tokio::io::copy(&mut reader, &mut tokio::io::sink()).await?;
            }
            Ok::<_, std::io::Error>((line, child.wait().await?))
        })
        .await;
        match ran {
            Ok(Ok((line, status))) if status.success() => Ok(line),
            Ok(Ok((_, status))) => Err(fail(format!("failed: {status}"))),
            Ok(Err(error)) => Err(fail(format!("could not be read: {error}"))),
            Err(_) => Err(fail(format!("did not end within {} seconds", COMMAND_BOUND.as_secs()))),
        }
    }
}

/// Refuses a file with a secret in it that others can read, with the command that mends it. A file
/// that is not there is left to whoever reads it.
pub(super) fn refuse_if_shared(what: &str, path: &Path) -> Result<(), ConfigError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if let Ok(meta) = std::fs::metadata(path)
            && meta.is_file()
            && meta.permissions().mode() & 0o077 != 0
        {
            let path = shown(&path.to_string_lossy());
            let quoted = if path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b))
            {
                path.clone()
            } else {
                format!("'{}'", path.replace('\'', r"'\''"))
            };
            return Err(ConfigError::new(format!(
                "{what} {path} can be read by others; run: chmod 600 {quoted}"
            )));
        }
    }
    #[cfg(not(unix))]
    let _ = (what, path);
    Ok(())
}
