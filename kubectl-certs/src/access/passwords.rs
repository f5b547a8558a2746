//! Passwords out of files: never from the command line, which everybody on the machine may read.

use std::io::Read;

use zeroize::Zeroizing;

use crate::formats::keystore::Password;

/// The first line of a regular file; a FIFO would wait for ever.
#[expect(clippy::disallowed_methods, reason = "this is the port to such files")]
pub fn read(path: &str) -> Result<Password, String> {
    const LONGEST: u64 = 4096;
    let about = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !about.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut text = Zeroizing::new(String::with_capacity(4096));
    file.take(LONGEST).read_to_string(&mut text).map_err(|error| error.to_string())?;
    let line = text.trim_start_matches('\u{FEFF}').lines().next().unwrap_or_default();
    if line.is_empty() { Err("its first line is empty".to_owned()) } else { Ok(Password::new(line)) }
}
