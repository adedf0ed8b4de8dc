//! How late this machine is: a heartbeat that notes whenever it beats late. What a lag could have caused is not held
//! against a target.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Clock;

/// Between two beats.
const BEAT: Duration = Duration::from_millis(10);
/// A shorter lag is none.
const LEAST: Duration = Duration::from_millis(5);

/// A heart that beats in the background until it is dropped.
#[derive(Debug)]
pub struct Heart {
    lags: Arc<Mutex<Vec<(Duration, Duration)>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Heart {
    /// Begins to beat.
    pub fn start(clock: Clock) -> Self {
        let lags = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&lags);
        let task = tokio::spawn(async move {
            loop {
                let due = clock.now() + BEAT;
                tokio::time::sleep(BEAT).await;
                let late = clock.now().saturating_sub(due);
                if late >= LEAST {
                    noted.lock().unwrap_or_else(PoisonError::into_inner).push((due, late));
                }
            }
        });
        Self { lags, task }
    }

    /// The longest lag that touched this time.
    pub fn lag(&self, from: Duration, to: Duration) -> Duration {
        let lags = self.lags.lock().unwrap_or_else(PoisonError::into_inner);
        let touching = lags.iter().filter(|(due, late)| *due + *late >= from && *due <= to);
        touching.map(|(_, late)| *late).max().unwrap_or_default()
    }
}

impl Drop for Heart {
    fn drop(&mut self) {
        self.task.abort();
    }
}
