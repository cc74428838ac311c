//! A desk that is added to the configuration by the program: its token first, then the file, whole or not at all.
//! Nothing that is there is overwritten, and no argument of a program ever holds the token.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use toml_edit::{DocumentMut, Item, Table, value};
use url::Url;

use super::desk::KEYRING_SERVICE;
use super::file::ConfigFile;
use super::{ConfigError, Environment, Origin, SECRETS, Setting, shown};

/// How long the keyring may take; it may ask the person.
const KEYRING_BOUND: Duration = Duration::from_secs(30);

/// A desk to be added.
#[derive(Debug, Clone)]
pub struct NewDesk {
    /// As the configuration takes it.
    pub name: String,
    pub url: Url,
    pub token: NewToken,
}

/// Where its token will be.
#[derive(Debug, Clone)]
pub enum NewToken {
    /// In NAME.token beside the configuration, for its owner alone.
    File(SecretString),
    Keyring(SecretString),
    /// In the variable of that name.
    Variable(String),
    Command(String),
}

impl NewDesk {
    /// Adds the desk to the configuration at `config`, which need not be there.
    ///
    /// # Errors
    /// The file cannot be read or written, or names such a desk already; the token cannot be kept. Then
    /// nothing of it is left.
    pub async fn add(&self, config: &Path, environment: &Environment) -> Result<(), ConfigError> {
        let fail = |why: &dyn std::fmt::Display| {
            ConfigError::new(format!(
                "Could not write desk {} into {}: {why}",
                self.name,
                shown(config)
            ))
        };
        let text = super::read(&Setting::new(config.to_owned(), Origin::Default))?;
        let document = self.put_into(config, text.as_deref().unwrap_or_default())?;
        let folder = config.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            make_folder(folder).map_err(|error| fail(&error))?;
        }
        let token_file = self.keep_token(config, environment).await?;
        write_whole(config, &document).map_err(|error| {
            // Without the desk nobody would ever look for it.
            if let Some(file) = &token_file {
                let _ = fs::remove_file(file);
            }
            fail(&error)
        })
    }

    /// The text of the configuration with the desk in it, its comments kept.
    fn put_into(&self, config: &Path, text: &str) -> Result<String, ConfigError> {
        let there = ConfigFile::parse(config, text)?;
        if there.desks.contains_key(&self.name) {
            return Err(ConfigError::new(format!(
                "There is a desk called {} in {} already; choose another name.",
                self.name,
                shown(config)
            )));
        }
        let mut document: DocumentMut = text
            .parse()
            .map_err(|_| ConfigError::new(format!("Could not read {} as TOML.", shown(config))))?;
        let mut desk = Table::new();
        desk["url"] = value(self.url.as_str());
        match &self.token {
            NewToken::File(_) => desk["token_file"] = value(self.token_name()),
            NewToken::Keyring(_) => desk["keyring"] = value(true),
            NewToken::Variable(name) => desk["token_env"] = value(name),
            NewToken::Command(command) => desk["token_command"] = value(command),
        }
        let desks = document.entry("desk").or_insert_with(|| {
            let mut desks = Table::new();
            desks.set_implicit(true);
            Item::Table(desks)
        });
        let Some(desks) = desks.as_table_like_mut() else {
            return Err(ConfigError::new(format!("\"desk\" is no table in {}.", shown(config))));
        };
        desks.insert(&self.name, Item::Table(desk));
        Ok(document.to_string())
    }

    fn token_name(&self) -> String {
        format!("{}.token", self.name)
    }

    /// Puts the token where it belongs; answers the file that was made for it.
    async fn keep_token(
        &self,
        config: &Path,
        environment: &Environment,
    ) -> Result<Option<PathBuf>, ConfigError> {
        match &self.token {
            NewToken::Variable(_) | NewToken::Command(_) => Ok(None),
            NewToken::Keyring(token) => {
                self.put_into_keyring(token, environment).await.map(|()| None)
            }
            NewToken::File(token) => {
                let path = config.parent().unwrap_or(Path::new("")).join(self.token_name());
                write_new(&path, token.expose_secret()).map_err(|error| {
                    let why = if error.kind() == io::ErrorKind::AlreadyExists {
                        "there is such a file already, which may hold another token; choose another \
                         name for the desk, or take the file away"
                            .to_owned()
                    } else {
                        error.to_string()
                    };
                    ConfigError::new(format!("Could not write the token into {}: {why}.", shown(&path)))
                })?;
                Ok(Some(path))
            }
        }
    }

    /// The keyring's program reads the token from its standard input.
    async fn put_into_keyring(
        &self,
        token: &SecretString,
        environment: &Environment,
    ) -> Result<(), ConfigError> {
        let fail = |why: String| {
            ConfigError::new(format!(
                "Could not put the token of desk {} into the keyring: {why}. Keep it in a file instead.",
                self.name
            ))
        };
        if cfg!(target_os = "macos") {
            return Err(fail(format!(
                "macOS takes it by hand alone: security add-generic-password -s {KEYRING_SERVICE} -a {} -w",
                self.name
            )));
        }
        let mut program = Command::new("secret-tool");
        let label = format!("--label={KEYRING_SERVICE} {}", self.name);
        program.args(["store", &label, "service", KEYRING_SERVICE, "account", &self.name]);
        if let Some(path) = environment.os("PATH") {
            program.env("PATH", path);
        }
        for secret in SECRETS {
            program.env_remove(secret);
        }
        program.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        #[cfg(unix)]
        program.process_group(0);
        let mut child = program.kill_on_drop(true).spawn().map_err(|error| {
            fail(if error.kind() == io::ErrorKind::NotFound {
                "secret-tool is not installed (the package libsecret-tools, or libsecret)"
                    .to_owned()
            } else {
                error.to_string()
            })
        })?;
        let stored = tokio::time::timeout(KEYRING_BOUND, async {
            if let Some(mut stdin) = child.stdin.take() {
                stdin.write_all(token.expose_secret().as_bytes()).await?;
            }
            child.wait().await
        });
        match stored.await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(_)) => Err(fail("it is locked, or there is none".to_owned())),
            Ok(Err(error)) => Err(fail(error.to_string())),
            Err(_) => Err(fail(format!("no answer within {} s", KEYRING_BOUND.as_secs()))),
        }
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Writes a file that must not be there yet, for its owner alone.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let written = writeln!(file, "{text}").and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}

/// Puts a text in the place of a file's, whole or not at all. What the name points to is replaced, not the link.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let beside = path.with_extension(format!("toml.{}", std::process::id()));
    write_new(&beside, text.trim_end())?;
    let moved = keep_mode(&path, &beside).and_then(|()| fs::rename(&beside, &path));
    if moved.is_err() {
        let _ = fs::remove_file(&beside);
    }
    moved
}

/// Who could read the file before can read it then.
fn keep_mode(old: &Path, new: &Path) -> io::Result<()> {
    match fs::metadata(old) {
        Ok(meta) => fs::set_permissions(new, meta.permissions()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn desk(name: &str, token: NewToken) -> NewDesk {
        NewDesk {
            name: name.to_owned(),
            url: Url::parse("https://desk.example.org").unwrap(),
            token,
        }
    }

    async fn add(home: &Path, desk: &NewDesk) -> Result<(), String> {
        let environment = Environment::of(&[("PATH", "/nowhere")]);
        desk.add(&home.join("config.toml"), &environment).await.map_err(|error| error.to_string())
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn files(home: &Path) -> Vec<String> {
        let names = fs::read_dir(home).unwrap().map(|e| e.unwrap().file_name());
        let mut names: Vec<String> = names.map(|n| n.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn a_first_desk_makes_the_configuration_and_a_token_file_for_its_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("new");
        add(&config, &desk("nordwind", NewToken::File("t0ken".into()))).await.unwrap();
        let text = fs::read_to_string(config.join("config.toml")).unwrap();
        assert_eq!(
            text,
            "[desk.nordwind]\nurl = \"https://desk.example.org/\"\ntoken_file = \"nordwind.token\"\n"
        );
        assert_eq!(fs::read_to_string(config.join("nordwind.token")).unwrap(), "t0ken\n");
        assert_eq!(mode(&config.join("nordwind.token")), 0o600);
        assert_eq!((mode(&config.join("config.toml")), mode(&config)), (0o600, 0o700));
        assert_eq!(files(&config), ["config.toml", "nordwind.token"]);
    }

    #[tokio::test]
    async fn what_is_written_there_stays_with_its_comments_and_its_rights() {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("config.toml");
        let before = "# mine\n[screen]\nascii = true # old terminal\n\n[desk.one]\nurl = \"https://one.example\"\n";
        fs::write(&config, before).unwrap();
        fs::set_permissions(&config, fs::Permissions::from_mode(0o644)).unwrap();
        add(home.path(), &desk("two", NewToken::Variable("TWO".to_owned()))).await.unwrap();
        let text = fs::read_to_string(&config).unwrap();
        assert!(text.starts_with(before), "{text}");
        assert!(
            text.ends_with(
                "[desk.two]\nurl = \"https://desk.example.org/\"\ntoken_env = \"TWO\"\n"
            )
        );
        assert_eq!(mode(&config), 0o644);
        ConfigFile::parse(&config, &text).unwrap();
    }

    #[tokio::test]
    async fn nothing_is_overwritten_and_nothing_is_left_of_what_failed() {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("config.toml");
        fs::write(&config, "[desk.one]\nurl = \"https://one.example\"\n").unwrap();
        let file = |name| desk(name, NewToken::File("t0ken".into()));
        let refused = add(home.path(), &file("one")).await.unwrap_err();
        assert!(refused.contains("a desk called one"), "{refused}");
        fs::write(home.path().join("two.token"), "other").unwrap();
        let refused = add(home.path(), &file("two")).await.unwrap_err();
        assert!(refused.contains("may hold another token"), "{refused}");
        assert_eq!(fs::read_to_string(home.path().join("two.token")).unwrap(), "other");
        let refused = add(home.path(), &desk("three", NewToken::Keyring("t0ken".into()))).await;
        let refused = refused.unwrap_err();
        assert!(refused.contains("keyring") && !refused.contains("t0ken"), "{refused}");
        assert_eq!(
            fs::read_to_string(&config).unwrap(),
            "[desk.one]\nurl = \"https://one.example\"\n"
        );
        // A configuration that is wrong is left to its owner.
        fs::write(&config, "[screen]\ncolour = 1\n").unwrap();
        let refused = add(home.path(), &file("four")).await.unwrap_err();
        assert!(refused.contains("unknown key \"colour\""), "{refused}");
        assert_eq!(files(home.path()), ["config.toml", "two.token"]);
    }
}
