//! Native programs that want to stay (32 to 42).
