//! Whether a silence before the end of a connection fits a timeout that proxies and load balancers usually have.
//! That alone proves nothing: a rule that uses it also has to know that nobody said goodbye.

use std::time::Duration;

/// Time-outs for idle connections that are defaults somewhere, or that people usually set, in seconds: 50 (`HAProxy`'s
/// usual `timeout client`), 60 (nginx `proxy_read_timeout`, Apache `ProxyTimeout`, AWS ALB), 100 (Cloudflare), 240
/// (Azure), 300 (Jetty of Openfire, ejabberd), 350 (AWS NLB), 600 (Google Cloud, Azure at most).
const USUAL: [u64; 17] =
    [10, 15, 20, 30, 45, 50, 60, 90, 100, 120, 180, 240, 300, 350, 600, 900, 3600];

/// The usual timeout that a silence fits. Timers fire late rather than early: a silence may be longer by 2 % or
/// 1.5 s, whichever is less but at least 1 s, and shorter by 0.3 s.
pub(super) fn fits(silence: Duration) -> Option<Duration> {
    USUAL.into_iter().map(Duration::from_secs).find(|&usual| {
        let late = (usual / 50).clamp(Duration::from_secs(1), Duration::from_millis(1500));
        let early = Duration::from_millis(300);
        silence + early >= usual && silence <= usual + late
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_fits_a_usual_time_out_within_a_small_tolerance() {
        let fit = |ms| fits(Duration::from_millis(ms)).map(|usual| usual.as_secs());
        for (silence, usual) in [
            (50_003, 50),
            (59_750, 60),
            (60_000, 60),
            (61_100, 60),
            (30_900, 30),
            (100_020, 100),
            (301_400, 300),
            (350_000, 350),
            (600_100, 600),
        ] {
            assert_eq!(fit(silence), Some(usual), "{silence} ms");
        }
        for silence in [0, 900, 3_000, 37_000, 53_000, 59_600, 62_000, 75_000, 302_000, 599_000] {
            assert_eq!(fit(silence), None, "{silence} ms");
        }
    }

    #[test]
    fn times_do_not_overflow() {
        assert_eq!(fits(Duration::from_secs(u64::MAX / 2)), None);
    }
}
