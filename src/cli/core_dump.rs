//! Tokens stay in the memory of this process: a crash of it leaves no image of that memory on the disk, and
//! no other program of the same person can look into it.

use crate::config::Environment;

/// Leaves both as the system has them, for whoever looks for a fault of the program itself.
const ALLOW: &str = "CASELOAD_ALLOW_CORE";

/// To be called before anything secret is read. Where the system knows no such thing, nothing changes.
pub fn forbid(environment: &Environment) {
    if environment.says_yes(ALLOW) {
        return;
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        // The upper bound stays, so that programs which are started from here may raise it again.
        let maximum = getrlimit(Resource::Core).maximum;
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum });
    }
}
