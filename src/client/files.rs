//! The files of cases on their way: what is sent up, and where what comes down goes.

use std::io;
use std::pin::Pin;

use tokio::io::AsyncRead;

/// A file to be sent.
pub struct Upload {
    pub name: String,
    /// Bytes; exactly so many are read.
    pub size: u64,
    pub content: Pin<Box<dyn AsyncRead + Send>>,
}

/// What of a file is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partial {
    /// Bytes.
    pub length: u64,
    /// Of the whole file, as the case's list of files tells it.
    pub sha256: String,
}

/// Where the bytes of a file go as they come.
pub trait Receiver: Send {
    /// The bytes that come next begin at this place: where what is there ends, or 0 where the desk sends all
    /// of the file.
    ///
    /// # Errors
    /// They cannot be kept; nothing more comes then.
    fn begin(&mut self, at: u64) -> io::Result<()>;

    /// # Errors
    /// As for [`Receiver::begin`].
    fn piece(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// How a download ended that the desk answered.
#[derive(Debug)]
pub enum Downloaded {
    Whole,
    /// The receiver could not keep it.
    NotKept(io::Error),
}
