//! A store in memory that fails where it is told to.
