//! A file that is coming, beside where it is to be, as `NAME.part`. It gets its name when all of it is there and
//! is what the desk has.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::client::files::{Partial, Receiver};
use crate::domain::Attachment;

/// Bytes read at a time of what is there already.
const PIECE: usize = 64 * 1024;

/// The digits of hex, two by two.
fn pairs(hex: &str) -> impl Iterator<Item = &str> {
    (0..hex.len()).step_by(2).map(|at| hex.get(at..at + 2).unwrap_or_default())
}

pub(super) struct Part {
    path: PathBuf,
    file: File,
    /// Bytes that are there.
    length: u64,
    hash: Sha256,
}

impl Part {
    /// Opens what is there of a file, or begins it. Customers' data are in it: it is for its owner alone.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut part = OsString::from(path);
        part.push(".part");
        let path = PathBuf::from(part);
        // A link could lead anywhere.
        if path.symlink_metadata().is_ok_and(|known| !known.is_file()) {
            return Err(io::Error::other("its .part is something else than a file"));
        }
        let mut open = OpenOptions::new();
        open.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
        let file = open.open(&path)?;
        let length = file.metadata()?.len();
        Ok(Self { path, file, length, hash: Sha256::new() })
    }

    /// How much of the file need not come again.
    pub(super) fn goes_on_with(&self, file: &Attachment) -> Option<Partial> {
        let some = (1..file.size).contains(&self.length) && !file.sha256.is_empty();
        some.then(|| Partial { length: self.length, sha256: file.sha256.clone() })
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Whether what came is what the desk has.
    pub(super) fn is(&self, file: &Attachment) -> bool {
        let hash = self.hash.clone().finalize();
        let same = || hash.iter().map(|byte| format!("{byte:02x}")).eq(pairs(&file.sha256));
        self.length == file.size && (file.sha256.is_empty() || same())
    }

    pub(super) fn restart(&mut self) -> io::Result<()> {
        self.begin(0)
    }

    /// Gives the file its name.
    pub(super) fn finish(self, path: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, path)
    }
}

/// What came stays for the next time; what is empty is of no use.
impl Drop for Part {
    fn drop(&mut self) {
        if self.length == 0 {
            // It hurts nobody if it stays.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Receiver for Part {
    fn begin(&mut self, at: u64) -> io::Result<()> {
        self.file.set_len(at)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.hash = Sha256::new();
        self.length = at;
        let mut piece = vec![0; PIECE];
        let mut there = 0;
        while there < at {
            let read = self.file.read(&mut piece)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.hash.update(piece.get(..read).unwrap_or_default());
            there += read as u64;
        }
        Ok(())
    }

    fn piece(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }
}
