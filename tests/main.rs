//! All integration tests in one binary, so that polars is linked once.

mod architecture;
mod cases;
mod equality;
mod sample;
