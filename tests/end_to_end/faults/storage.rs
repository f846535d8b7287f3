//! Databases that are damaged, foreign, newer, busy or gone (07 to 17).
