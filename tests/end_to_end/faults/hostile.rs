//! Components that mean harm (43 to 60).
