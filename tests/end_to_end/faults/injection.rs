//! Death, errors and full disks at chosen or random moments (01 to 06).
