//! `hob`: everything is in `hob_cli`; this is its process.

use std::process::ExitCode;

fn main() -> ExitCode {
    hob_cli::main()
}
