//! What an action is said to make of the world is what it makes of it.

mod foretold;
mod in_a_lab;
mod on_a_disk;
