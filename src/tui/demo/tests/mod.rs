//! The demo without containers: what keys do, what the conductor is asked, and what is seen.

mod room;
mod steps;
mod views;
