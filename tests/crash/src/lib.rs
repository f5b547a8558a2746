//! The program with a port that dies.
