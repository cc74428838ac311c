//! The right to drain the outbox. Any number of processes add to it, one sends: the one that holds the lock of
//! the file `drain-HASH.lock` in the state folder, one for each user, since nobody can send with another's
//! token. The others wake it by a datagram to `drain-HASH.sock`; where that cannot be had (the path is too
//! long, the system has none) it looks at the file whenever the desk answers anyway. A lock ends with its
//! process, however that ends.

use std::fs::TryLockError;
use std::path::PathBuf;

#[cfg(unix)]
use tokio::net::UnixDatagram;

use super::db::off_thread;
use super::{Owner, Store, StoreError, folder};

/// The right to drain, until it is dropped.
#[derive(Debug)]
pub(in crate::sync) struct DrainLock {
    #[cfg(unix)]
    socket: Option<(UnixDatagram, PathBuf)>,
    /// None: nobody else can reach what is kept.
    _file: Option<std::fs::File>,
}

impl DrainLock {
    /// Waits until another process has added something, or has changed something.
    pub async fn woken(&self) {
        #[cfg(unix)]
        if let Some((socket, _)) = &self.socket {
            let mut nothing = [0; 1];
            if socket.recv(&mut nothing).await.is_ok() {
                // Many at once are one.
                while socket.try_recv(&mut nothing).is_ok() {}
                return;
            }
        }
        std::future::pending::<()>().await;
    }
}

#[cfg(unix)]
impl Drop for DrainLock {
    fn drop(&mut self) {
        // Before the lock goes: afterwards the name may be another's.
        if let Some((_, path)) = &self.socket {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Store {
    /// Takes the right to drain. None: another process has it, or it is not known yet whose the token is.
    pub(in crate::sync) async fn lock_drain(&self) -> Result<Option<DrainLock>, StoreError> {
        let Owner::User(_) = self.owner() else { return Ok(None) };
        let Some(path) = self.drain_path("lock") else {
            return Ok(Some(DrainLock {
                #[cfg(unix)]
                socket: None,
                _file: None,
            }));
        };
        let file = off_thread(async move {
            let file = folder::private_file(&path)?;
            match file.try_lock() {
                Ok(()) => Ok(Some(file)),
                Err(TryLockError::WouldBlock) => Ok(None),
                // Some disks of other machines know no locks. Two senders are no danger, since an act has one
                // key; only their order is then not certain.
                Err(TryLockError::Error(error)) => {
                    tracing::warn!(%error, "this disk knows no locks; another process may send, too");
                    Ok(Some(file))
                }
            }
        })
        .await?;
        let Some(file) = file else { return Ok(None) };
        Ok(Some(DrainLock {
            #[cfg(unix)]
            socket: self.drain_path("sock").and_then(listen),
            _file: Some(file),
        }))
    }

    /// Tells the process that drains that there is something new.
    pub(in crate::sync) fn wake_drainer(&self) {
        #[cfg(unix)]
        if let Some(path) = self.drain_path("sock")
            && let Ok(socket) = std::os::unix::net::UnixDatagram::unbound()
            && socket.set_nonblocking(true).is_ok()
        {
            // Nobody there, or so many that none more is taken: it looks by itself.
            let _ = socket.send_to(b"\n", path);
        }
    }

    fn drain_path(&self, ending: &str) -> Option<PathBuf> {
        let name = format!("drain-{}.{ending}", &folder::short_hash(&self.owner().word())[..8]);
        Some(self.place.as_ref()?.state.join(name))
    }
}

#[cfg(unix)]
fn listen(path: PathBuf) -> Option<(UnixDatagram, PathBuf)> {
    // One that was left by a process that died.
    let _ = std::fs::remove_file(&path);
    match UnixDatagram::bind(&path) {
        Ok(socket) => Some((socket, path)),
        Err(error) => {
            tracing::info!(%error, "other processes cannot wake this one; it looks by itself");
            None
        }
    }
}
