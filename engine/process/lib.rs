//! Native processes: the only code that spawns, signals or waits for one
