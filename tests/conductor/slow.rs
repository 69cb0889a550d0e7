//! A slow app, and a machine with too much to do: *not ready yet*, with a line that moves, and never *broken*.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use breakfix::{
    course::Course,
    diagnosis::{Report, Status, Verdict},
    engine::Progress,
};
use tokio::sync::mpsc;

use crate::lab::Lab;

/// Between two lines that say what is waited for, no more may pass.
const MOVES_WITHIN: Duration = Duration::from_secs(30);

/// Seconds for which the app sleeps: longer than a talk or a class would wait for it.
fn sleep() -> u64 {
    if crate::common::all() { 90 } else { 32 }
}

/// The working shop with one change, asked at once after its start; and how long nothing was said while it was waited for.
/// So many threads take the processors from when it runs until it has answered.
async fn asked(file: &str, from: &str, to: &str, busy: usize) -> (Report, Duration, Duration) {
    let course = Arc::new(Course::embedded().unwrap());
    let mut files: BTreeMap<String, String> = course.fixed_stack().clone();
    let text = files.get_mut(file).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    *text = text.replacen(from, to, 1);
    let mut lab = Lab::new(&course).await;
    lab.start(&files).await;
    lab.works.restart("flaskapp", &Progress::silent()).await.unwrap();
    let busy = Busy::with(busy);
    let (steps, mut told) = mpsc::channel(10_000);
    let began = Instant::now();
    let listening = tokio::spawn(async move {
        let (mut last, mut silent) = (Instant::now(), Duration::ZERO);
        while told.recv().await.is_some() {
            silent = silent.max(last.elapsed());
            last = Instant::now();
        }
        silent.max(last.elapsed())
    });
    let (report, _) = lab.verify("representation", &Progress::to(steps)).await;
    let took = began.elapsed();
    let silent = listening.await.unwrap();
    drop(busy);
    lab.end().await;
    eprintln!(
        "{:?} after {:.0} s, silent for {:.0} s at most",
        report.verdict(),
        took.as_secs_f64(),
        silent.as_secs_f64()
    );
    (report, took, silent)
}

fn works(report: &Report) {
    let failed: Vec<_> = report.checks.iter().filter(|check| check.status != Status::Pass).collect();
    assert_eq!(report.verdict(), Verdict::Works, "{failed:#?}");
    assert!(report.wrong_turns.iter().all(|turn| turn.remark), "{:#?}", report.wrong_turns);
}

fn on_containers(story: impl Future<Output = ()>) {
    if crate::common::containers() {
        tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(story);
    }
}

#[test]
fn an_app_that_is_slow_to_listen_is_waited_for() {
    on_containers(async {
        let run = format!("    import time\n    time.sleep({})\n    app.run(", sleep());
        let (report, took, silent) = asked("src/app.py", "    app.run(", &run, 0).await;
        works(&report);
        assert!(took >= Duration::from_secs(sleep() / 2), "{took:?}: it was not slow");
        assert!(silent < MOVES_WITHIN, "{silent:?} without a word");
    });
}

#[test]
#[ignore = "longer than others: cargo test -- --include-ignored"]
fn an_app_that_takes_calls_before_it_can_answer_is_waited_for() {
    on_containers(async {
        let slow = "import time\nSTARTED = time.time()\n\napp = Flask(__name__)\n\n\n@app.before_request\ndef not_yet():\n    \
                    time.sleep(max(0, STARTED + 25 - time.time()))\n\n";
        let (report, _, silent) = asked("src/app.py", "app = Flask(__name__)\n", slow, 0).await;
        works(&report);
        assert!(silent < 2 * MOVES_WITHIN, "{silent:?} without a word");
    });
}

#[test]
#[ignore = "longer than others: cargo test -- --include-ignored"]
fn a_machine_with_too_much_to_do_is_no_fault_of_the_shop() {
    on_containers(async {
        let busy = 4 * std::thread::available_parallelism().unwrap().get();
        let app = "app = Flask(__name__)\n";
        let (report, ..) = asked("src/app.py", app, &format!("{app}\n"), busy).await;
        works(&report);
    });
}

/// Takes all processors until it is dropped.
struct Busy {
    over: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Busy {
    fn with(threads: usize) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let spin = |_| {
            let over = Arc::clone(&over);
            std::thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            })
        };
        Self { threads: (0..threads).map(spin).collect(), over }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
}
