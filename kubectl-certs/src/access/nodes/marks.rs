//! Marks of a file system that keep even root from replacing a file: `chattr +i` and `chattr +a`.

use std::path::Path;

use super::NodeError;

/// A rename takes the name from the file that was there and changes the folder of both: neither may be marked.
#[cfg(target_os = "linux")]
pub(super) fn refuse_marked(path: &Path) -> Result<(), NodeError> {
    for place in [Some(path), path.parent()].into_iter().flatten() {
        let Some((name, letter)) = mark(place) else { continue };
        let what = if place == path { "it".to_owned() } else { format!("its folder {}", place.display()) };
        return Err(NodeError::refused(format!("{} cannot be replaced: {what} is {name}", path.display())).hint(
            format!("somebody guards it by chattr +{letter}; ask why, then chattr -{letter} {}", place.display()),
        ));
    }
    Ok(())
}

/// File systems without such marks say so in ways of their own; there the rename itself tells.
#[cfg(target_os = "linux")]
fn mark(path: &Path) -> Option<(&'static str, char)> {
    use rustix::fs::{IFlags, Mode, OFlags, ioctl_getflags, open};
    let file = open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let flags = ioctl_getflags(file).ok()?;
    [(IFlags::IMMUTABLE, ("immutable", 'i')), (IFlags::APPEND, ("append-only", 'a'))]
        .into_iter()
        .find_map(|(flag, mark)| flags.contains(flag).then_some(mark))
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "the Linux twin can refuse")]
pub(super) fn refuse_marked(_: &Path) -> Result<(), NodeError> {
    Ok(())
}
