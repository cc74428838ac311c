//! What a service tells the one who started it, if that wants to know (systemd's `sd_notify`): a datagram to
//! the socket that `NOTIFY_SOCKET` names.

use std::ffi::{OsStr, OsString};

use crate::config::Environment;

pub struct Supervisor(Option<OsString>);

impl Supervisor {
    pub fn of(environment: &Environment) -> Self {
        Self(environment.os("NOTIFY_SOCKET").map(OsStr::to_owned))
    }

    /// Whether there is one.
    pub const fn is_there(&self) -> bool {
        self.0.is_some()
    }

    pub fn ready(&self) {
        self.tell("READY=1");
    }

    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// Nothing depends on it, so that a failure is only logged.
    fn tell(&self, state: &str) {
        if let Some(name) = &self.0
            && let Err(error) = send(name, state)
        {
            tracing::warn!(%error, state, "the supervisor was not told");
        }
    }
}

#[cfg(unix)]
fn send(name: &OsStr, state: &str) -> std::io::Result<()> {
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    let socket = UnixDatagram::unbound()?;
    #[cfg(target_os = "linux")]
    {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::ffi::OsStrExt;
        if let Some(name) = name.as_bytes().strip_prefix(b"@") {
            let address = SocketAddr::from_abstract_name(name)?;
            return socket.send_to_addr(state.as_bytes(), &address).map(drop);
        }
    }
    let address = SocketAddr::from_pathname(name)?;
    socket.send_to_addr(state.as_bytes(), &address).map(drop)
}

#[cfg(not(unix))]
fn send(_: &OsStr, _: &str) -> std::io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    #[test]
    fn the_supervisor_is_told_if_there_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let variables = [("NOTIFY_SOCKET", path.to_str().unwrap())];
        let supervisor = Supervisor::of(&Environment::of(&variables));
        assert!(supervisor.is_there());
        supervisor.ready();
        supervisor.stopping();
        let mut buffer = [0; 64];
        for expected in ["READY=1", "STOPPING=1"] {
            let length = socket.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..length], expected.as_bytes());
        }
        let nobody = Supervisor::of(&Environment::of(&[]));
        assert!(!nobody.is_there());
        nobody.ready();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_socket_without_a_file_is_reached_as_well() {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::SocketAddr;
        let name = format!("caseload-test-{}", uuid::Uuid::new_v4());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        send(OsStr::new(&format!("@{name}")), "READY=1").unwrap();
        let mut buffer = [0; 64];
        let length = socket.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"READY=1");
    }
}
