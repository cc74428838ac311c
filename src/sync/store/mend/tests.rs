//! A damaged `keep.db`: what can be read is kept, the rest is told.
//!
//! Told is an entry if a row of the outbox is listed as damaged, a draft if its id is; and everything is told at once
//! by a notice that names a file which is there: the one that was set aside, or `keep.db` itself.

use tempfile::TempDir;

use super::super::played::{Disk, Fate};
use super::super::tests::{at, note, place, store, token};
use super::super::{Row, Store};
use super::*;
use crate::domain::outbox::Draft;

/// Chances that are the same at each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        // Splitmix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(end.max(1)).unwrap()).unwrap()
    }
}

const PAGE: usize = 4096;

fn flip(bytes: &mut [u8], chance: &mut Chance) {
    for _ in 0..=chance.below(8) {
        if !bytes.is_empty() {
            let at = chance.below(bytes.len());
            bytes[at] ^= 1 << chance.below(8);
        }
    }
}

fn mutate(bytes: &mut Vec<u8>, chance: &mut Chance) {
    let pages = bytes.len() / PAGE;
    let page = |at: usize| at * PAGE..(at + 1) * PAGE;
    match chance.below(9) {
        0 => bytes.truncate(chance.below(bytes.len())),
        1..=3 => flip(bytes, chance),
        // The head and the schema are small and matter most.
        4 => flip(&mut bytes[..100], chance),
        5 => bytes[page(chance.below(pages))].fill(0),
        6 => bytes.copy_within(page(chance.below(pages)), chance.below(pages) * PAGE),
        7 => bytes.extend((0..=250).cycle().take(1 + chance.below(9000))),
        _ => bytes.clear(),
    }
}

struct Left {
    keep: Vec<u8>,
    /// Of a transaction that was half done when its process ended, with the file as it then was.
    half_done: (Vec<u8>, Vec<u8>),
    rows: Vec<Row>,
    drafts: Vec<Draft>,
}

async fn left() -> Left {
    let dir = TempDir::new().unwrap();
    let store = store(&dir).await;
    for n in 0..12_usize {
        let text = format!("entry {n}: {}", "words ".repeat(n * 60));
        store.enqueue(note(&format!("C-{n}"), &text)).await.unwrap();
    }
    store.mark_sending(3, at(1)).await.unwrap().unwrap();
    for n in 0..3_usize {
        let body = format!("draft {n}: {}", "thoughts ".repeat(n * 200));
        let draft = Draft { id: format!("d{n}"), case: "C-1".into(), body };
        store.keep_draft(draft, at(i64::try_from(n).unwrap())).await.unwrap();
    }
    store.remember("view".to_owned(), "mine".to_owned()).await.unwrap();
    let (rows, drafts) = (store.outbox().await.unwrap().rows, store.drafts().await.unwrap().drafts);
    let paths = Paths::of(&place(&dir).state);
    let keep = fs::read(&paths.keep).unwrap();
    let (file, journal) = (paths.keep.clone(), paths.journal.clone());
    let half_done = store.keep.run(move |conn| {
        Box::pin(async move {
            // What does not fit into its memory stands in the file before the end.
            sqlx::raw_sql("PRAGMA cache_size = 1; BEGIN").execute(&mut *conn).await?;
            for n in 100..130 {
                let text = format!("\"{}\"", "x".repeat(3000));
                let key = format!("key {n}");
                let raw =
                    Raw { n, key, action: text, state: "queued".to_owned(), ..Raw::default() };
                raw.insert(conn).await?;
            }
            let left = (fs::read(file).unwrap(), fs::read(journal).unwrap());
            sqlx::raw_sql("ROLLBACK").execute(conn).await?;
            Ok(left)
        })
    });
    let half_done = half_done.await.unwrap();
    assert!(half_done.0.len() > keep.len() && !half_done.1.is_empty(), "nothing was spilled");
    Left { keep, half_done, rows, drafts }
}

fn names_a_file(notices: &[String], dir: &TempDir) -> bool {
    fs::read_dir(place(dir).state).unwrap().any(|file| {
        let path = file.unwrap().path();
        notices.iter().any(|notice| notice.contains(&path.display().to_string()))
    })
}

#[tokio::test]
async fn of_a_thousand_damaged_files_none_loses_or_alters_anything_unsaid() {
    Disk::play(Some(Disk::new(|_| Fate::Written)));
    let left = left().await;
    let (mut unharmed, mut by_row, mut mended, mut all_kept) = (0, 0, 0, 0);
    for seed in 0..1000_u64 {
        let mut chance = Chance(seed);
        let dir = TempDir::new().unwrap();
        let paths = Paths::of(&place(&dir).state);
        fs::create_dir_all(&paths.folder).unwrap();
        fs::write(&paths.there, "").unwrap();
        if chance.below(4) > 0 {
            let mut keep = left.keep.clone();
            mutate(&mut keep, &mut chance);
            fs::write(&paths.keep, keep).unwrap();
        } else {
            let (mut keep, mut journal) = left.half_done.clone();
            match chance.below(4) {
                0 => journal.truncate(1 + chance.below(journal.len())),
                1 => flip(&mut journal[..28], &mut chance),
                2 => flip(&mut journal, &mut chance),
                _ => mutate(&mut keep, &mut chance),
            }
            fs::write(&paths.keep, keep).unwrap();
            fs::write(&paths.journal, journal).unwrap();
        }

        let store = Store::open(place(&dir), token("t0ken")).await;
        store.adopt(&"rhald".into()).await.unwrap();
        let notices = store.take_notices();
        let all_is_told = names_a_file(&notices, &dir);
        assert_eq!(all_is_told, !notices.is_empty(), "seed {seed}: {notices:?}");
        let outbox = store.outbox().await.unwrap();
        let drafts = store.drafts().await.unwrap();
        for row in &outbox.rows {
            assert!(left.rows.contains(row), "seed {seed}: {row:?}");
        }
        for draft in &drafts.drafts {
            assert!(left.drafts.contains(draft), "seed {seed}: {draft:?}");
        }
        let acts_gone = left.rows.len() - outbox.rows.len();
        let drafts_gone = left.drafts.len() - drafts.drafts.len();
        if !all_is_told {
            assert!(
                outbox.damaged.len() >= acts_gone,
                "seed {seed}: {acts_gone} acts are gone unsaid"
            );
            assert!(
                drafts.damaged.len() >= drafts_gone,
                "seed {seed}: {drafts_gone} drafts are gone"
            );
        }
        match (all_is_told, acts_gone + drafts_gone) {
            (false, 0) => unharmed += 1,
            (false, _) => by_row += 1,
            (true, 0) => (mended, all_kept) = (mended + 1, all_kept + 1),
            (true, _) => mended += 1,
        }

        let n = store.enqueue(note("C-99", "what follows")).await.unwrap();
        assert!(store.outbox().await.unwrap().rows.iter().any(|row| row.n == n), "seed {seed}");
        if store.is_on_disk() {
            drop(store);
            let store = Store::open(place(&dir), token("t0ken")).await;
            assert_eq!(store.take_notices(), [""; 0], "seed {seed}: told twice");
            store.adopt(&"rhald".into()).await.unwrap();
            let kept = store.outbox().await.unwrap();
            assert_eq!(kept.rows.len(), outbox.rows.len() + 1, "seed {seed}");
            assert_eq!(kept.damaged, outbox.damaged, "seed {seed}");
        }
    }
    assert!(
        unharmed > 50 && by_row > 50 && mended > 200 && all_kept > 50,
        "{unharmed} unharmed, {by_row} with unsound rows, {mended} mended, {all_kept} of them with all"
    );
}

/// The last page is that of an index. What is in the tables is whole.
fn damage_an_index(dir: &TempDir) {
    use std::os::unix::fs::FileExt;
    let keep = Paths::of(&place(dir).state).keep;
    let file = fs::OpenOptions::new().write(true).open(&keep).unwrap();
    let last = length(&keep) - PAGE as u64;
    file.write_all_at(&[0; PAGE], last).unwrap();
}

#[tokio::test]
async fn two_that_find_the_damage_at_once_mend_it_once_and_who_had_it_open_goes_over_to_the_new_file()
 {
    let dir = TempDir::new().unwrap();
    let running = store(&dir).await;
    running.enqueue(note("C-1", "a")).await.unwrap();
    running.enqueue(note("C-2", "b")).await.unwrap();
    let before = running.outbox().await.unwrap();
    damage_an_index(&dir);

    let open = || Store::open(place(&dir), token("t0ken"));
    let (one, two) = tokio::join!(open(), open());
    let told = [one.take_notices(), two.take_notices()].concat();
    let [told] = <[String; 1]>::try_from(told).unwrap();
    let aside = place(&dir).state.join("keep.db.damaged-1");
    assert!(told.contains(&format!("set aside as {}", aside.display())), "{told}");
    assert!(told.contains("2 of its acts and 0 of its drafts could be read"), "{told}");
    assert!(aside.exists() && !place(&dir).state.join("keep.db.damaged-2").exists());
    assert_eq!(one.outbox().await.unwrap(), before);

    assert_eq!(running.enqueue(note("C-3", "c")).await, Ok(3));
    for store in [&one, &two, &running] {
        assert_eq!(store.outbox().await.unwrap().rows.len(), 3);
    }
}

#[tokio::test]
async fn mending_that_was_broken_off_is_finished_and_what_is_gone_is_told() {
    let dir = TempDir::new().unwrap();
    let first = store(&dir).await;
    first.enqueue(note("C-1", "a")).await.unwrap();
    drop(first);
    let paths = Paths::of(&place(&dir).state);
    fs::rename(&paths.keep, &paths.mending).unwrap();
    let again = Store::open(place(&dir), token("t0ken")).await;
    assert!(again.take_notices()[0].contains("it is done now"));
    assert_eq!(again.outbox().await.unwrap().rows.len(), 1);
    drop(again);

    fs::remove_file(&paths.keep).unwrap();
    let anew = Store::open(place(&dir), token("t0ken")).await;
    assert!(anew.take_notices()[0].contains("was there before and is gone"));
    assert_eq!(anew.enqueue(note("C-1", "b")).await, Ok(1));
}
