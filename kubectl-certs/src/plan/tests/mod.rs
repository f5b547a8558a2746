//! Planning over random worlds: what an action makes of the world is what its goal wants, and nothing else.

mod effects;
mod kubelet;
mod refusals;
mod rehearsals;
mod wishes;
mod worlds;
