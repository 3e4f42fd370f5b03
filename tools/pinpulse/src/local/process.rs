//! The life of `pinpulse local` as a process: up, the status line, Ctrl-C, down.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::args::LocalArgs;
use super::banner;
use super::cloud::{CloudError, Outcome, Running};
use super::status::Now;
use crate::exit::Exit;
use crate::output::{data, stderr_is_terminal, talk};
use crate::send;

/// How often the status line is drawn on a terminal.
const ON_A_TERMINAL: Duration = Duration::from_millis(500);

/// How often it is printed elsewhere, if anything moved.
const ELSEWHERE: Duration = Duration::from_secs(10);

/// Runs until told to stop, and stops.
pub(super) async fn run(args: LocalArgs) -> Result<Exit, CloudError> {
    let mut stop = StopSignals::new()?;
    let running = Box::pin(Running::start(&args)).await?;
    data(&banner::banner(running.facts(), &args));
    if let Some(lost) = banner::left_behind(&running.left_behind()) {
        talk(&lost);
    }
    let demo = args.demo.then(|| Demo::start(running.facts().url.clone(), &args));
    let line = StatusLine::new();
    tokio::select! {
        () = show(&running, &line) => {}
        () = stop.next() => {}
    }
    line.clear();
    Ok(end(running, demo, !args.no_drain, &mut stop).await)
}

/// Draws the status line and prints what functions log, until dropped.
async fn show(running: &Running, line: &StatusLine) {
    let mut logs = running.logs();
    let mut ticks = interval(if line.drawn() { ON_A_TERMINAL } else { ELSEWHERE });
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (mut before, mut since) = (0, Instant::now());
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                let (shards, bill) = (running.status(), running.bill());
                let processes = running.instances().len();
                let now = Now { shards: &shards, told: running.told(), bill: &bill, processes };
                line.show(now.line(before, since.elapsed()), bill.posts != before);
                (before, since) = (bill.posts, Instant::now());
            }
            logged = logs.recv() => match logged {
                Ok(log) => line.print(&format!("{}: {}", log.function, log.line)),
                Err(tokio::sync::broadcast::error::RecvError::Lagged(missed)) => {
                    line.print(&format!("({missed} lines of log not shown)"));
                }
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
            },
        }
    }
}

async fn end(running: Running, demo: Option<Demo>, drain: bool, stop: &mut StopSignals) -> Exit {
    if drain {
        talk("stopping: finishing what was sent (Ctrl-C again stops at once)");
    }
    let orderly = async {
        if let Some(demo) = demo {
            demo.end().await;
        }
        running.stop(drain).await
    };
    tokio::select! {
        Outcome { bill, mischief } = orderly => {
            if let Some((seed, mischief)) = mischief {
                talk(&banner::mischief(seed, mischief));
            }
            if let Some(bill) = bill.text() {
                talk(&bill);
            }
            talk("stopped");
            Exit::Done
        }
        () = stop.next() => Exit::Interrupted,
    }
}

/// Ctrl-C and SIGTERM, which mean the same.
struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    fn new() -> Result<Self, CloudError> {
        let unusable = |source| CloudError::File { path: "the process's signals".into(), source };
        let interrupt = signal(SignalKind::interrupt()).map_err(unusable)?;
        let terminate = signal(SignalKind::terminate()).map_err(unusable)?;
        Ok(Self { interrupt, terminate })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// The demo's sender, on a task of its own.
struct Demo {
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Demo {
    fn start(url: String, args: &LocalArgs) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (rate, seed) = (args.rate, args.seed);
        let task = tokio::spawn(async move {
            if let Err(error) = send::demo(&url, rate, seed, stopped).await {
                talk(&format!("the demo ended: failed to {error}"));
            }
        });
        Self { stop, task }
    }

    async fn end(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            talk(&format!("the demo ended: {error}"));
        }
    }
}

/// One line that is redrawn on a terminal, and printed now and then elsewhere.
struct StatusLine(Option<ProgressBar>);

impl StatusLine {
    fn new() -> Self {
        Self(stderr_is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar
        }))
    }

    fn drawn(&self) -> bool {
        self.0.is_some()
    }

    fn show(&self, text: String, moved: bool) {
        match &self.0 {
            Some(bar) => bar.set_message(text),
            None if moved => talk(&text),
            None => {}
        }
    }

    fn print(&self, text: &str) {
        match &self.0 {
            Some(bar) => bar.suspend(|| talk(text)),
            None => talk(text),
        }
    }

    fn clear(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
