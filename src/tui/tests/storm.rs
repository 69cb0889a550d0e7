//! Whatever is pressed, at whatever size.
