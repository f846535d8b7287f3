//! The fault cases of docs/faults.md that need the whole program; each test has the number of its case.

mod hostile;
mod injection;
mod native;
mod oracle;
mod scheduling;
mod shown;
mod storage;
