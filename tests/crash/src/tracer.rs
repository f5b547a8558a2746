//! Watches a process by ptrace(2) and kills it after the N-th system call that changed the disk: between any two of
//! them, so also in the middle of one operation.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::process::{Child, Command, Stdio};

use nix::libc;
use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::site::End;

/// The program waits for the end of its input before it begins. `cut` counts from 1.
pub fn kill_after_change(command: &mut Command, cut: usize) -> End {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the mortal program runs");
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("process ids are small"));
    ptrace::seize(pid, ptrace::Options::PTRACE_O_TRACESYSGOOD | ptrace::Options::PTRACE_O_EXITKILL)
        .expect("a child may be traced (ptrace is forbidden in some containers: give them SYS_PTRACE)");
    ptrace::interrupt(pid).expect("the child stops");
    waitpid(pid, None).expect("the child has stopped");
    ptrace::syscall(pid, None).expect("the child goes on");
    drop(child.stdin.take());
    let end = follow(pid, cut);
    reap(child);
    end
}

fn follow(pid: Pid, cut: usize) -> End {
    let mut changes = 0;
    loop {
        let signal = match waitpid(pid, None).expect("the child is there") {
            WaitStatus::PtraceSyscall(_) => {
                if let Some(place) = change(pid) {
                    changes += 1;
                    if changes == cut {
                        kill(pid, Signal::SIGKILL).expect("a child may be killed");
                        waitpid(pid, None).expect("the child is gone");
                        return End::Killed(place);
                    }
                }
                None
            }
            WaitStatus::Stopped(_, signal) => Some(signal),
            WaitStatus::Exited(_, 0) => return End::Lived(changes),
            WaitStatus::Exited(..) | WaitStatus::Signaled(..) => panic!("the mortal program failed, see above"),
            _ => None,
        };
        ptrace::syscall(pid, signal).expect("the child goes on");
    }
}

/// It was waited for by its id already; this only satisfies the type.
fn reap(mut child: Child) {
    child.wait().ok();
}

/// What has just been changed, if this stop is the end of a system call that changed a file or folder.
fn change(pid: Pid) -> Option<String> {
    let registers = ptrace::getregs(pid).expect("registers of a stopped child");
    let result = registers.rax.cast_signed();
    // At its beginning the kernel shows -ENOSYS; at its end a negative result is a failure, which changes nothing.
    if result < 0 {
        return None;
    }
    let number = registers.orig_rax.cast_signed();
    let path = |address| string(pid, address);
    Some(match number {
        libc::SYS_open if creates(registers.rsi) => format!("creating {}", path(registers.rdi)),
        libc::SYS_openat if creates(registers.rdx) => format!("creating {}", path(registers.rsi)),
        libc::SYS_write | libc::SYS_pwrite64 | libc::SYS_writev | libc::SYS_ftruncate => {
            format!("writing {}", file(pid, registers.rdi)?)
        }
        libc::SYS_fchmod | libc::SYS_fchown => format!("giving rights to {}", file(pid, registers.rdi)?),
        libc::SYS_utimensat => format!("setting the times of {}", file(pid, registers.rdi).unwrap_or_default()),
        libc::SYS_rename => format!("renaming to {}", path(registers.rsi)),
        libc::SYS_link => format!("linking {}", path(registers.rsi)),
        libc::SYS_unlink | libc::SYS_rmdir => format!("removing {}", path(registers.rdi)),
        libc::SYS_mkdir => format!("making {}", path(registers.rdi)),
        libc::SYS_renameat | libc::SYS_renameat2 | libc::SYS_linkat => format!("renaming to {}", path(registers.r10)),
        libc::SYS_unlinkat | libc::SYS_mkdirat => format!("making or removing {}", path(registers.rsi)),
        libc::SYS_chmod
        | libc::SYS_chown
        | libc::SYS_truncate
        | libc::SYS_symlink
        | libc::SYS_copy_file_range
        | libc::SYS_sendfile => {
            panic!("the program has begun to use system call {number}: name it here")
        }
        _ => return None,
    })
}

fn creates(flags: u64) -> bool {
    flags & (libc::O_CREAT | libc::O_TRUNC).cast_unsigned() as u64 != 0
}

/// The file behind a descriptor; none for pipes and the like.
fn file(pid: Pid, descriptor: u64) -> Option<String> {
    let link = fs::read_link(format!("/proc/{pid}/fd/{descriptor}")).ok()?;
    link.is_absolute().then(|| link.to_string_lossy().into_owned())
}

fn string(pid: Pid, address: u64) -> String {
    let mut bytes = [0; 512];
    let read = File::open(format!("/proc/{pid}/mem")).and_then(|memory| memory.read_at(&mut bytes, address));
    let text = &bytes[..read.unwrap_or(0)];
    let end = text.iter().position(|&byte| byte == 0).unwrap_or(text.len());
    String::from_utf8_lossy(&text[..end]).into_owned()
}
