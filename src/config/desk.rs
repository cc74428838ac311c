//! Which desk, and with which token. Tokens are read when they are needed, held as secrets, and named
//! in errors by where they came from only.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;
use url::Url;

use super::environment::{Environment, SECRETS};
use super::file::{DeskKind, DeskTable, TokenSource};
use super::{ConfigError, places};

/// How long a `token_command` may take.
const COMMAND_BOUND: Duration = Duration::from_secs(10);
/// The longest token; a longer line is something else.
const TOKEN_CAP: usize = 4096;
/// Bytes of a file of certificates; all that a system trusts are some 200 KiB.
const CA_CAP: u64 = 4 * 1024 * 1024;
/// Under which name the keyring has the tokens; the account is the desk's name.
pub(super) const KEYRING_SERVICE: &str = "caseload";

/// A desk that can be connected to.
#[derive(Debug, Clone)]
pub struct Desk {
    pub name: String,
    pub kind: DeskKind,
    pub url: Url,
    pub token: TokenPlace,
    /// Certificates of authorities that are trusted besides the system's, in PEM.
    pub ca_file: Option<PathBuf>,
    /// The address of a case's page, `{id}` standing for the case.
    pub case_link: Option<String>,
    /// Variables that hold tokens, of this desk or another.
    secrets: Arc<[String]>,
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
    /// What keeps the person's passwords: the Secret Service (GNOME, KDE), or the keychain of macOS.
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
    /// In the order of the file.
    all: Vec<Desk>,
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
        let secrets: Arc<[String]> = tables
            .values()
            .filter_map(|table| match &table.token.as_ref()?.value {
                TokenSource::Env(variable) => Some(variable.clone()),
                _ => None,
            })
            .collect();
        let mut all = Vec::new();
        let mut tables: Vec<(&String, &DeskTable)> = tables.iter().collect();
        tables.sort_by_key(|(_, table)| table.line);
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
            let ca_file = table.ca_file.as_ref();
            let desk = Desk {
                name: name.clone(),
                kind: table.kind,
                url: table.url.clone(),
                token,
                ca_file: ca_file.map(|path| places::resolve(&path.value, file, environment)),
                case_link: table.case_link.as_ref().map(|at| at.value.clone()),
                secrets: Arc::clone(&secrets),
            };
            all.push(desk);
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
                ca_file: None,
                case_link: None,
                secrets: Arc::clone(&secrets),
            };
            all.retain(|other: &Desk| other.name != name);
            all.push(desk);
            from_environment = Some(name);
        }
        Ok(Self { all, from_environment })
    }

    pub fn iter(&self) -> impl Iterator<Item = &Desk> {
        self.all.iter()
    }

    fn get(&self, name: &str) -> Option<&Desk> {
        self.all.iter().find(|desk| desk.name == name)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The desks that are meant where several may be: the one asked for or that `CASELOAD_URL` makes, else all
    /// of the file.
    pub fn meant(&self, asked: Option<&super::Setting<String>>) -> Result<Vec<&Desk>, ConfigError> {
        if asked.is_none() && self.from_environment.is_none() && self.all.len() > 1 {
            return Ok(self.all.iter().collect());
        }
        Ok(vec![self.select(asked)?])
    }

    /// The desk that is meant: the one asked for (`--desk`, `CASELOAD_DESK`), else the one that
    /// `CASELOAD_URL` makes, else the only one.
    pub fn select(&self, asked: Option<&super::Setting<String>>) -> Result<&Desk, ConfigError> {
        let names = || self.all.iter().map(|d| d.name.as_str()).collect::<Vec<_>>().join(", ");
        if let Some(asked) = asked {
            return self.get(&asked.value).ok_or_else(|| {
                let given = shown(&asked.value);
                let advice = if self.all.is_empty() {
                    "none is configured".to_owned()
                } else {
                    format!("there are: {}", names())
                };
                ConfigError::new(format!("{}: no desk is called \"{given}\"; {advice}", asked.from))
            });
        }
        if let Some(desk) = self.from_environment.as_ref().and_then(|name| self.get(name)) {
            return Ok(desk);
        }
        let mut all = self.all.iter();
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

/// Whether a program that is run for a token may ask the person for a passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asking {
    /// The terminal is ours to lend.
    Allowed,
    /// A screen is on the terminal.
    Not,
}

impl Desk {
    /// A desk that is in no configuration yet.
    #[must_use]
    pub fn unwritten(name: &str, url: Url, token: TokenPlace) -> Self {
        let (kind, secrets) = (DeskKind::Caseload, Arc::default());
        Self { name: name.to_owned(), kind, url, token, ca_file: None, case_link: None, secrets }
    }

    /// Reads the token from where it is.
    pub async fn token(&self, environment: &Environment) -> Result<SecretString, ConfigError> {
        self.read_token(environment, Asking::Allowed).await
    }

    /// Reads it again while a screen may be on the terminal: what is run for it gets no terminal.
    pub async fn token_again(
        &self,
        environment: &Environment,
    ) -> Result<SecretString, ConfigError> {
        self.read_token(environment, Asking::Not).await
    }

    /// The certificates of [`Desk::ca_file`]; empty without one.
    pub fn authorities(&self) -> Result<Vec<u8>, ConfigError> {
        use std::io::Read;
        let Some(path) = &self.ca_file else { return Ok(Vec::new()) };
        let mut pem = Vec::new();
        let read = std::fs::File::open(path)
            .and_then(|file| file.take(CA_CAP + 1).read_to_end(&mut pem))
            .map_err(|error| self.bad_authorities(&format!("could not be read: {error}")))?;
        match read as u64 {
            0 => Err(self.bad_authorities("is empty")),
            size if size > CA_CAP => Err(self.bad_authorities("is larger than 4 MiB")),
            _ => Ok(pem),
        }
    }

    /// What is wrong with the file of [`Desk::ca_file`].
    #[must_use]
    pub fn bad_authorities(&self, why: &str) -> ConfigError {
        let path = self.ca_file.as_deref().unwrap_or(Path::new("")).to_string_lossy();
        ConfigError::new(format!("the ca_file {} of desk {} {why}", shown(&path), self.name))
    }

    async fn read_token(
        &self,
        environment: &Environment,
        asking: Asking,
    ) -> Result<SecretString, ConfigError> {
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
            TokenPlace::Command(command) => self.run_command(command, asking).await?,
            TokenPlace::Literal { token, .. } => token.expose_secret().to_owned(),
            TokenPlace::Keyring => self.ask_keyring(environment, asking).await?,
            TokenPlace::Missing => {
                return Err(ConfigError::new(format!(
                    "desk {} has no token: set CASELOAD_TOKEN or CASELOAD_TOKEN_FILE, or write \
                     token_file, token_env, token_command or keyring into its [desk.NAME]",
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

    /// The first line that the command writes. It runs by `sh -c`, so that pipes and `~` work.
    async fn run_command(&self, command: &str, asking: Asking) -> Result<String, ConfigError> {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(command);
        match self.first_line(shell, asking).await {
            Ok(line) => Ok(line),
            Err(Ran::NotStarted(error)) => Err(format!("could not be started: {error}")),
            Err(Ran::Failed(status)) => Err(format!("failed: {status}")),
            Err(Ran::Broken(error)) => Err(format!("could not be read: {error}")),
            Err(Ran::TooLong) => Err(too_long()),
        }
        .map_err(|why| ConfigError::new(format!("token_command of desk {} {why}", self.name)))
    }

    /// Asks the program of the system that reads the keyring; no argument of it holds a secret.
    async fn ask_keyring(
        &self,
        environment: &Environment,
        asking: Asking,
    ) -> Result<String, ConfigError> {
        let (program, install, put) = if cfg!(target_os = "macos") {
            (
                "security",
                "a part of macOS",
                format!("security add-generic-password -s {KEYRING_SERVICE} -a {} -w", self.name),
            )
        } else {
            (
                "secret-tool",
                "the package libsecret-tools, or libsecret",
                format!(
                    "secret-tool store --label='{KEYRING_SERVICE} {0}' service {KEYRING_SERVICE} account {0}",
                    self.name
                ),
            )
        };
        let mut ask = Command::new(program);
        if cfg!(target_os = "macos") {
            ask.args(["find-generic-password", "-s", KEYRING_SERVICE, "-a", &self.name, "-w"]);
        } else {
            ask.args(["lookup", "service", KEYRING_SERVICE, "account", &self.name]);
        }
        if let Some(path) = environment.os("PATH") {
            ask.env("PATH", path);
        }
        let why = match self.first_line(ask, asking).await {
            Ok(line) => return Ok(line),
            Err(Ran::NotStarted(error)) if error.kind() == std::io::ErrorKind::NotFound => format!(
                "is read by {program}, which is not installed ({install}); install it, or use token_file, \
                 token_env or token_command"
            ),
            Err(Ran::NotStarted(error)) => {
                format!("is read by {program}, which could not be started: {error}")
            }
            Err(Ran::Failed(_)) => format!("is locked, or has none; put it there with: {put}"),
            Err(Ran::Broken(error)) => format!("could not be read: {error}"),
            Err(Ran::TooLong) => format!("was asked, but {program} {}", too_long()),
        };
        Err(ConfigError::new(format!("the keyring with the token of desk {} {why}", self.name)))
    }

    /// The first line that a program writes. It has this program's terminal, so that it can ask for a
    /// passphrase, unless a screen is there; and it never has this program's secrets.
    async fn first_line(&self, mut program: Command, asking: Asking) -> Result<String, Ran> {
        program.stdout(Stdio::piped()).kill_on_drop(true);
        if asking == Asking::Not {
            program.stdin(Stdio::null()).stderr(Stdio::null());
            // In the background of the terminal: what reads there all the same is stopped, and given up.
            #[cfg(unix)]
            program.process_group(0);
        }
        for secret in SECRETS.iter().copied().chain(self.secrets.iter().map(String::as_str)) {
            program.env_remove(secret);
        }
        let mut child = program.spawn().map_err(Ran::NotStarted)?;
        let stdout = child.stdout.take();
        let ran = tokio::time::timeout(COMMAND_BOUND, async {
            let mut line = String::new();
            if let Some(stdout) = stdout {
                let mut reader = BufReader::new(stdout.take(64 * 1024));
                reader.read_line(&mut line).await?;
                // What follows is not ours; it is taken so that the program does not fail on a closed pipe.
                tokio::io::copy(&mut reader, &mut tokio::io::sink()).await?;
            }
            Ok::<_, std::io::Error>((line, child.wait().await?))
        })
        .await;
        match ran {
            Ok(Ok((line, status))) if status.success() => Ok(line),
            Ok(Ok((_, status))) => Err(Ran::Failed(status)),
            Ok(Err(error)) => Err(Ran::Broken(error)),
            Err(_) => Err(Ran::TooLong),
        }
    }
}

/// How a program ended that was to write a token.
enum Ran {
    NotStarted(std::io::Error),
    Failed(ExitStatus),
    Broken(std::io::Error),
    TooLong,
}

fn too_long() -> String {
    format!("did not end within {} seconds", COMMAND_BOUND.as_secs())
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
