//! Keeps the file open: opens it again after a fault, hands it what is asked of it, and reports what is wrong. The only
//! place that knows that the file's work blocks.

use std::{path::Path, sync::Arc, time::Duration};

use chatops_crds::bot_report::{Fault, StorageKind, StorageReport};
use tokio::{
    sync::mpsc::Receiver,
    task::spawn_blocking,
    time::{Instant, sleep_until, timeout},
};

use super::{Answer, Job, Operation, fault, file::File};
use crate::storage::{StorageError, reporter::Reporter};

/// Operations that are done together at most.
const TOGETHER: usize = 128;

/// Between two attempts to open the file.
const RETRY: Duration = Duration::from_millis(500);

/// Between two attempts to write, while that fails.
const RETRY_WRITING: Duration = Duration::from_secs(2);

/// Between two times that values are removed whose time has run out, if nothing is written.
const SWEEP: Duration = Duration::from_secs(60);

/// After which a disk that does not answer is reported.
const SLOW: Duration = Duration::from_secs(5);

/// Never returns.
pub(super) async fn keep(path: &Path, most: u64, jobs: &mut Receiver<Job>, report: impl Fn(StorageReport)) {
    let mut keeper =
        Keeper { path: path.into(), most, reporter: Reporter::new(StorageKind::Embedded, report) };
    let mut failed = false;
    loop {
        let opened = keeper.open(failed).await;
        match opened {
            Ok((file, fault)) => {
                keeper.reporter.tell(fault.clone());
                keeper.serve(&file, fault, jobs).await;
                failed = true;
                // Closing it writes. What that meets, opening it again will meet.
                let _ = keeper.off_thread(move || drop(file)).await;
            }
            Err(fault) => {
                keeper.reporter.tell(Some(fault));
                refuse(jobs, Instant::now() + RETRY).await;
            }
        }
    }
}

struct Keeper<R> {
    path: Arc<Path>,
    most: u64,
    reporter: Reporter<R>,
}

impl<R: Fn(StorageReport)> Keeper<R> {
    /// Opens the file; tries to write if that failed before. A fault beside the file: it can only be read.
    async fn open(&mut self, failed: bool) -> Result<(Arc<File>, Option<Fault>), Fault> {
        let (path, most) = (self.path.clone(), self.most);
        let open = move || {
            let file = File::open(&path, most)?;
            let fault = if failed { file.try_writing().err() } else { None };
            Ok((Arc::new(file), fault))
        };
        self.off_thread(open).await.unwrap_or_else(Err)
    }

    /// Returns when the file has to be opened again.
    async fn serve(&mut self, file: &Arc<File>, mut fault: Option<Fault>, jobs: &mut Receiver<Job>) {
        loop {
            let tick = Instant::now() + if fault.is_some() { RETRY_WRITING } else { SWEEP };
            let mut batch = Vec::new();
            let asked = tokio::select! {
                _ = jobs.recv_many(&mut batch, TOGETHER) => true,
                () = sleep_until(tick) => false,
            };
            let outcome =
                if asked { self.work(file, batch).await } else { self.look(file, &mut fault).await };
            if let Err(fault) = outcome {
                self.reporter.tell(Some(fault));
                return;
            }
        }
    }

    /// What there is to do when nothing is asked. `fault`: why the file could not be written until now.
    async fn look(&mut self, file: &Arc<File>, fault: &mut Option<Fault>) -> Result<(), Fault> {
        let (file, writes) = (file.clone(), fault.is_none());
        self.off_thread(move || if writes { file.sweep() } else { file.try_writing() }).await??;
        *fault = None;
        self.reporter.tell(None);
        Ok(())
    }

    /// Does what is asked. An error: what is wrong with the file, after everybody was told.
    async fn work(&mut self, file: &Arc<File>, batch: Vec<Job>) -> Result<(), Fault> {
        let (operations, outcomes): (Vec<Operation>, Vec<_>) =
            batch.into_iter().map(|job| (job.operation, job.outcome)).unzip();
        let file = file.clone();
        let (answers, verdict) = match self.off_thread(move || file.run(&operations)).await {
            Ok(done) => done,
            Err(fault) => (Vec::new(), Err(fault)),
        };
        let mut answers = answers.into_iter();
        let unknown = || Err(StorageError::NoAnswer("the file failed".into()));
        for outcome in outcomes {
            let answer: Result<Answer, StorageError> = answers.next().unwrap_or_else(unknown);
            // Who does not wait any more does not want to know.
            let _ = outcome.send(answer);
        }
        verdict
    }

    /// Does `work` where it may block, and reports when that takes long.
    async fn off_thread<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let mut working = spawn_blocking(work);
        let done = match timeout(SLOW, &mut working).await {
            Ok(done) => done,
            Err(_) => {
                self.reporter.tell(Some(fault::slow(&self.path)));
                working.await
            }
        };
        // The library checks what it reads, and panics where it finds what it never wrote.
        done.map_err(|_| fault::damaged(&self.path, "it cannot be read"))
    }
}

/// Tells everybody who asks until `end` that there is no file.
async fn refuse(jobs: &mut Receiver<Job>, end: Instant) {
    loop {
        tokio::select! {
            Some(job) = jobs.recv() => {
                let _ = job.outcome.send(Err(StorageError::Unreachable));
            }
            () = sleep_until(end) => return,
        }
    }
}
