//! A disk as a simulation plays it: it takes no time, writes fail or are the last thing that a process does,
//! and nothing is synced, since only processes die here and never the machine.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use super::StoreError;

/// What becomes of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sync) enum Fate {
    Written,
    /// Nothing is written, and that is told.
    Fails,
    /// The process dies before it.
    DiesBefore,
    /// The process dies once it is written.
    DiesAfter,
}

/// The disk of one process.
pub(in crate::sync) struct Disk {
    writes: AtomicU64,
    /// By the number of the write.
    fate: Box<dyn Fn(u64) -> Fate + Send + Sync>,
    died: AtomicBool,
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Disk").field("died", &self.has_died()).finish_non_exhaustive()
    }
}

thread_local! {
    static DISK: RefCell<Option<Arc<Disk>>> = const { RefCell::new(None) };
}

impl Disk {
    pub fn new(fate: impl Fn(u64) -> Fate + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            writes: AtomicU64::new(0),
            fate: Box::new(fate),
            died: AtomicBool::new(false),
        })
    }

    /// From now on this thread's stores are opened on that disk; None: on a real one.
    pub fn play(disk: Option<Arc<Self>>) {
        DISK.with(|played| *played.borrow_mut() = disk);
    }

    pub fn played() -> Option<Arc<Self>> {
        DISK.with(|played| played.borrow().clone())
    }

    /// Whether a write was the last thing that its process did.
    pub fn has_died(&self) -> bool {
        self.died.load(Ordering::SeqCst)
    }

    pub fn die(&self) {
        self.died.store(true, Ordering::SeqCst);
    }

    pub(super) fn next(&self) -> Fate {
        let fate = (self.fate)(self.writes.fetch_add(1, Ordering::SeqCst));
        if fate == Fate::DiesBefore {
            self.die();
        }
        fate
    }

    /// The dead go no further.
    pub(super) async fn or_dead<T>(
        disk: Option<&Arc<Self>>,
        done: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if disk.is_some_and(|disk| disk.has_died()) {
            std::future::pending::<()>().await;
        }
        done
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for work here and now, so that neither time nor anything else of the program goes on meanwhile.
pub(super) fn at_once<T>(work: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    // Long work would otherwise be told to let others go first, and there are none here.
    let mut work = pin!(tokio::task::unconstrained(work));
    loop {
        match work.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => return done,
            Poll::Pending => std::thread::park(),
        }
    }
}
