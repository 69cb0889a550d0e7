//! One tutor per lab: two would answer each other's file changes and write one journal.

use std::{
    fs::{self, File, TryLockError},
    io::{Read, Seek, Write},
};

use super::{Lab, write::io_error};
use crate::error::{Error, Result};

/// Held while a tutor works in a lab. The kernel gives it up when the process ends, however it ends.
#[derive(Debug)]
pub struct LabLock {
    _file: File,
}

impl Lab {
    /// Takes the lab for this process.
    ///
    /// # Errors
    /// Usage: another tutor has it; the error names its process. Environment: the lock file cannot be made.
    pub fn lock(&self) -> Result<LabLock> {
        let path = self.state_dir().join("lock");
        fs::create_dir_all(self.state_dir()).map_err(|error| io_error("make", &self.state_dir(), error))?;
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| io_error("open", &path, error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Who holds it is only told, so that an unreadable number is no reason to fail otherwise.
                let _ = file.read_to_string(&mut holder);
                let error = Error::usage(format!("another tutor works in {}", self.dir().display()))
                    .suggest("go on in its window, or take another lab: --lab DIR");
                return Err(match holder.trim() {
                    "" => error,
                    process => error.why(format!("process {process} has it")),
                });
            }
            Err(TryLockError::Error(error)) => return Err(io_error("lock", &path, error)),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "{}", std::process::id()))
            .and_then(|()| file.flush());
        written.map_err(|error| io_error("write", &path, error))?;
        Ok(LabLock { _file: file })
    }
}
