//! Where a desk's own files are on this machine, and how they are made: private, and safe on a disk that is
//! shared over a network.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use url::Url;

pub(super) use crate::client::short_hash;

/// The folders of one desk. None need exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What must not be lost: the outbox, drafts.
    pub state: PathBuf,
    /// What can be had again.
    pub cache: PathBuf,
}

impl Place {
    /// The folders of the desk at `url`, below the program's own. Named by the host, so that people find it,
    /// and by the whole address, so that two desks of a host have their own.
    #[must_use]
    pub fn of(state: &Path, cache: &Path, url: &Url) -> Self {
        let plain = url.as_str().trim_end_matches('/').trim_end_matches("/api/v1");
        let host: String = url
            .host_str()
            .unwrap_or("desk")
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '_' })
            .take(60)
            .collect();
        let name = format!("{host}-{}", &short_hash(plain)[..12]);
        Self { state: state.join("desks").join(&name), cache: cache.join("desks").join(&name) }
    }
}

/// Makes a folder that nobody else on the machine can look into.
pub(super) fn private_folder(path: &Path) -> io::Result<()> {
    let mut folder = DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    if path.is_dir() { Ok(()) } else { folder.create(path) }
}

/// Opens a file of such a folder for writing, or makes it. SQLite gives its side files the same rights.
pub(super) fn private_file(path: &Path) -> io::Result<File> {
    let mut open = OpenOptions::new();
    open.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    let file = open.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(file)
}

/// Whether the folder is on a disk of another machine, where memory cannot be shared: SQLite's write-ahead
/// log does not work there.
pub(super) fn is_remote(path: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        // nfs, smb, smb2, cifs, 9p, afs, ceph, fuse (sshfs and the like)
        const REMOTE: &[u64] = &[
            0x6969,
            0x517b,
            0xfe53_4d42,
            0xff53_4d42,
            0x0102_1997,
            0x5346_414f,
            0x00c3_6400,
            0x6573_5546,
        ];
        rustix::fs::statfs(path)
            .is_ok_and(|fs| REMOTE.contains(&u64::try_from(fs.f_type).unwrap_or_default()))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        false
    }
}
