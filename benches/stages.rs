//! Benches of the stages and kernels.

fn main() {}
