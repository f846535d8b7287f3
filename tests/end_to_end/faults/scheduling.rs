//! Workers that race, freeze, die and come back (18 to 31, 64).
