//! What people and models see (65 to 69).
