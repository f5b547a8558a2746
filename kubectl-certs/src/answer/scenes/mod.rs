//! What happened once, told again: a control plane of three nodes whose disks are real and whose components are played, and
//! one thing that goes wrong. Everything that may go wrong together is the simulation's.

mod health;
mod machine;
mod planned_blind;
mod stage;
mod taken_back;
