//! How much slower everything is on this machine than it would be with nothing else to do.

use std::{fs::read_to_string, time::Duration};

/// The most that it is taken for: what is slower still is told as it is seen.
const MOST: f64 = 8.0;

/// How many times longer things may take here than on a machine with nothing else to do: as many programs wait for each
/// processor, now or in the last minute; or as much of the time everything waits for the disk. At least 1.
pub fn slowness() -> f64 {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let text = |path: &str| read_to_string(path).unwrap_or_default();
    measured(&text("/proc/loadavg"), &text("/proc/stat"), &text("/proc/pressure/io"), processors)
}

/// The same at this moment: nothing of the last minute counts. Takes a quarter of a second.
pub async fn slowness_now() -> f64 {
    const LOOKS: u32 = 5;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let mut sum = 0.0;
    for _ in 0..LOOKS {
        tokio::time::sleep(Duration::from_millis(50)).await;
        sum += measured("", &read_to_string("/proc/stat").unwrap_or_default(), "", processors);
    }
    sum / f64::from(LOOKS)
}

/// From what the kernel says: <https://docs.kernel.org/filesystems/proc.html>, <https://docs.kernel.org/accounting/psi.html>.
fn measured(load: &str, stat: &str, io: &str, processors: usize) -> f64 {
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<f64>().ok());
    let average = number(load.split_whitespace().next()).unwrap_or_default();
    // This very program is one of those that run.
    let now = number(stat.lines().find_map(|line| line.strip_prefix("procs_running "))).unwrap_or_default() - 1.0;
    let full = io.lines().find(|line| line.starts_with("full "));
    let stalled = number(full.and_then(|line| line.split_whitespace().find_map(|word| word.strip_prefix("avg10="))));
    let by_disk = 1.0 / (1.0 - (stalled.unwrap_or_default() / 100.0).clamp(0.0, 0.99));
    (average.max(now) / processors as f64).max(by_disk).clamp(1.0, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_times_as_programs_wait_for_a_processor() {
        let io = "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1\n";
        assert_eq!(measured("0.50 1.00 2.00 1/100 7\n", "cpu 1\nprocs_running 1\n", io, 2), 1.0);
        assert_eq!(measured("8.00 1.00 2.00 1/100 7\n", "procs_running 1\n", io, 2), 4.0);
        assert_eq!(measured("0.10 1.00 2.00 1/100 7\n", "procs_running 9\n", io, 2), 4.0, "the load has only begun");
        assert_eq!(measured("99.0", "", io, 1), MOST);
        assert_eq!(measured("0.1", "", &io.replace("full avg10=0.00", "full avg10=75.00"), 2), 4.0);
        assert_eq!(measured("", "", "", 2), 1.0, "a system that says nothing");
    }
}
