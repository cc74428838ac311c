//! Where a desk's data are, as a command is told: `--data`, `--database-url`, or the usual folder.

use std::path::PathBuf;

use super::outcome::Failure;
use super::session::Session;
use crate::config::Places;
use crate::service::store::Place;

const DATABASE_URL: &str = "CASELOAD_DATABASE_URL";

/// Where the desk is.
#[derive(Debug, Clone, clap::Args)]
pub struct At {
    /// The desk's data folder; by default the one that `caseload serve` uses
    #[arg(long, value_name = "DIR", conflicts_with = "database_url")]
    pub data: Option<PathBuf>,
    /// The desk's PostgreSQL database instead, as postgres://user@host:port/name; one with a password is
    /// better given by CASELOAD_DATABASE_URL, which other users of the machine cannot read
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
}

impl At {
    /// The place that was named, by an option or by the environment.
    pub fn named(&self, session: &Session<'_>) -> Result<Option<Place>, Failure> {
        let database = |url: &str, source: &str| {
            Place::database(url)
                .map(Some)
                .map_err(|why| Failure::usage(format!("{source} cannot be used: {why}")))
        };
        match (&self.database_url, &self.data) {
            (Some(url), _) => database(url, "--database-url"),
            (None, Some(folder)) => Ok(Some(Place::Folder(folder.clone()))),
            (None, None) => match session.environment.text(DATABASE_URL) {
                Some(url) => database(url, DATABASE_URL),
                None => Ok(None),
            },
        }
    }

    /// The place that was named, or the usual folder.
    pub fn place(&self, session: &Session<'_>) -> Result<Place, Failure> {
        if let Some(place) = self.named(session)? {
            return Ok(place);
        }
        Places::find(&session.environment).map(|places| Place::Folder(places.data)).ok_or_else(
            || Failure::usage("no home folder is known; give the data folder with --data"),
        )
    }
}
