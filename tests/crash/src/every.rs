//! The loop over all points, on two threads: it goes on until there is no further point, so none can be left out.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

/// What became of one point.
pub enum Point {
    /// Judged; where it was, and what is wrong there.
    Met(String, Result<(), String>),
    /// There are only so many.
    Beyond(usize),
}

/// Tries point 1, 2, 3 … each with a site of the thread's own; fails with everything that was wrong anywhere.
pub fn point<S>(what: &str, site: impl Fn() -> S + Sync, attempt: impl Fn(&S, usize) -> Point + Sync) -> usize {
    let began = Instant::now();
    let next = AtomicUsize::new(1);
    let total = AtomicUsize::new(usize::MAX);
    let faults = Mutex::new(Vec::new());
    let work = || {
        let site = site();
        while total.load(Ordering::Relaxed) == usize::MAX {
            let number = next.fetch_add(1, Ordering::Relaxed);
            match attempt(&site, number) {
                Point::Met(_, Ok(())) => {}
                Point::Met(place, Err(why)) => faults.lock().expect("a list").push((number, place, why)),
                Point::Beyond(count) => total.store(count, Ordering::Relaxed),
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    let total = total.into_inner();
    // Every number below the first one that is beyond was handed out and judged before the threads ended.
    assert!(next.into_inner() > total, "{what}: {total} points, but not all were tried");
    say(&format!("{what}: {total} points in {:.1} s", began.elapsed().as_secs_f64()));
    let mut faults = faults.into_inner().expect("a list");
    faults.sort();
    let lines: Vec<String> = faults.iter().map(|(number, place, why)| format!("{number} {place}: {why}")).collect();
    assert!(faults.is_empty(), "{what}: {} of {total} points:\n{}", faults.len(), lines.join("\n"));
    total
}

#[expect(clippy::print_stderr, reason = "how many points were covered is what a reader of the log wants to see")]
fn say(text: &str) {
    eprintln!("{text}");
}
