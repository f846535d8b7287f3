use crate::Bytes;
use std::time::Duration;

/// What one attempt may use, at most. Each default says how it was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of the component, all instances together. 256 MiB: a Python guest starts in
    /// about 40 MiB and an indexing guest wants some hundred.
    pub memory: Bytes,
    /// Time that the component itself computes; native programs and waiting do not count.
    /// 60 s: far beyond what a guest does that leaves the work to the host.
    pub cpu: Duration,
    /// Time from the start of the attempt to its end, native programs and waiting included;
    /// `--timeout` of a task overrides it. None: the long test run is a main use.
    pub wall: Option<Duration>,
    /// Output kept of an attempt; of what exceeds it, the beginning and the end are kept.
    /// 1 GiB: agents have filled disks with a hundred times that.
    pub output: Bytes,
    /// Native programs of an attempt that may live at once. 16: a linter per crate, no fork bomb.
    pub children: u32,
    /// Processes that one of these programs may have at once, itself and all that descends from it. 512: a build on
    /// every core of a large machine; a fork bomb passes it within a moment.
    pub processes: u32,
    /// Bytes of an HTTP response body, after decompression. 32 MiB: ten times the largest page of
    /// documentation met in practice.
    pub http_body: Bytes,
    /// HTTP requests to one host that are under way at once, over all tasks of a worker; more wait
    /// their turn. 6: what browsers do.
    pub requests_per_host: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: Bytes(256 << 20),
            cpu: Duration::from_mins(1),
            wall: None,
            output: Bytes(1 << 30),
            children: 16,
            processes: 512,
            http_body: Bytes(32 << 20),
            requests_per_host: 6,
        }
    }
}
