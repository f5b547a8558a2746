//! Reading folders: every regular file once, whatever symlinks, FIFOs and loops lie about.

#![expect(clippy::disallowed_methods, reason = "this is the port to the files of a node")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::{FileRecord, NodeError, NodeErrorKind, Unread, Walked, files, rights};
use crate::formats::certificate::sha256_hex;
use crate::formats::keystore::Password;
use crate::formats::{self, Content};
use crate::model::Time;

pub(super) fn walk(root: &Path, places: &[String], passwords: &[Password]) -> Walked {
    let mut walk = Walk { root, passwords, walked: Walked::default(), folders: BTreeSet::new() };
    for place in places {
        walk.asked(Path::new(place));
    }
    let Walk { mut walked, .. } = walk;
    // A symlink and its target are one file: the symlink is the place that components name. Each one that was asked for
    // by its name is an answer, though.
    let asked = |file: &FileRecord| places.contains(&file.path);
    let targets: BTreeSet<String> = walked.files.iter().filter_map(|file| file.target.clone()).collect();
    walked.files.retain(|file| asked(file) || file.target.is_some() || !targets.contains(&file.path));
    let mut seen = BTreeSet::new();
    walked.files.sort_by_key(|file| !asked(file));
    walked.files.retain(|file| seen.insert(file.target.clone().unwrap_or_else(|| file.path.clone())) || asked(file));
    walked.files.sort_by(|a, b| a.path.cmp(&b.path));
    walked.files.dedup_by(|a, b| a.path == b.path);
    walked
}

struct Walk<'a> {
    root: &'a Path,
    passwords: &'a [Password],
    walked: Walked,
    /// Real paths of the folders that were entered: a loop ends here.
    folders: BTreeSet<PathBuf>,
}

impl Walk<'_> {
    /// A `*` in the last part of what was asked for means whatever is called so there, unless something has that very name.
    fn asked(&mut self, path: &Path) {
        let pattern = path.file_name().and_then(|name| name.to_str()).filter(|name| name.contains('*'));
        let (Some(pattern), Some(folder)) = (pattern, path.parent()) else { return self.place(path, true) };
        let real = files::resolve(self.root, folder);
        if fs::symlink_metadata(path).is_ok() {
            return self.place(path, true);
        }
        let Some(entries) = real.ok().and_then(|real| fs::read_dir(real).ok()) else { return };
        let mut names: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
        names.retain(|name| name.to_str().is_some_and(|name| is_called(name, pattern)));
        names.sort();
        for name in names {
            self.place(&folder.join(name), false);
        }
    }

    fn place(&mut self, path: &Path, asked_for: bool) {
        let real = match files::resolve(self.root, path) {
            Ok(real) => real,
            Err(error) => return self.unread(path, &error),
        };
        let metadata = match fs::symlink_metadata(&real) {
            Ok(metadata) => metadata,
            // A dangling symlink among the others is no loss; a place that was asked for is.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !asked_for => return,
            Err(error) => return self.unread(path, &NodeError::io("read", path, &error)),
        };
        if metadata.is_dir() {
            if self.folders.insert(real.clone()) {
                self.folder(path, &real);
            }
        } else if metadata.is_file() {
            self.file(path, &real, &metadata);
        } else if asked_for {
            let message = format!("{} is neither a file nor a folder", path.display());
            self.walked.unread.push((path.to_string_lossy().into_owned(), Unread::NotAFile, message));
        }
    }

    fn folder(&mut self, path: &Path, real: &Path) {
        match fs::read_dir(real) {
            Ok(entries) => {
                let mut names: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
                names.sort();
                for name in names {
                    self.place(&path.join(name), false);
                }
            }
            Err(error) => self.unread(path, &NodeError::io("read the folder", path, &error)),
        }
    }

    fn file(&mut self, path: &Path, real: &Path, metadata: &fs::Metadata) {
        if metadata.len() > files::LARGEST {
            let message = format!("{} is larger than {} bytes", path.display(), files::LARGEST);
            self.walked.unread.push((path.to_string_lossy().into_owned(), Unread::TooLarge, message));
            return;
        }
        let bytes = match files::read(real) {
            Ok(bytes) => bytes,
            Err(error) => return self.unread(path, &error),
        };
        let content = formats::read_file(path, &bytes, self.passwords);
        if content.is_empty() {
            return;
        }
        let Some(name) = path.to_str() else {
            return self.unread(path, &NodeError::failed(format!("the name of {} is not UTF-8", path.display())));
        };
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        self.walked.files.push(FileRecord {
            path: name.to_owned(),
            target: (real != path).then(|| real.to_string_lossy().into_owned()),
            modified: Time::from_unix(modified.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))),
            digest: sha256_hex(&bytes),
            id: files::id(metadata),
            rights: holds_key(&content).then(|| rights::of(self.root, real, metadata)).flatten(),
            content,
        });
    }

    fn unread(&mut self, path: &Path, error: &NodeError) {
        let kind = match error.kind {
            NodeErrorKind::NotFound => Unread::NotFound,
            NodeErrorKind::PermissionDenied => Unread::PermissionDenied,
            _ => Unread::Failed,
        };
        self.walked.unread.push((path.to_string_lossy().into_owned(), kind, error.message.clone()));
    }
}

fn holds_key(content: &Content) -> bool {
    let users = content.kubeconfig.iter().flat_map(|view| &view.users);
    content.has_key() || users.filter_map(|user| user.embedded.as_ref()).any(Content::has_key)
}

/// Is this of the pattern, in which each `*` stands for any text?
fn is_called(name: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return name == pattern };
    let Some(after) = name.strip_prefix(first) else { return false };
    after.char_indices().map(|(at, _)| at).chain([after.len()]).any(|at| is_called(&after[at..], rest))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";

    #[test]
    fn a_folder_full_of_traps_is_read_once_and_ends() {
        let folder = tempfile::tempdir().expect("folder");
        let at = |path: &str| folder.path().join(path);
        fs::create_dir(at("pki")).expect("folder");
        fs::write(at("pki/a.crt"), PEM).expect("written");
        fs::write(at("pki/notes.txt"), "nothing of ours").expect("written");
        symlink("pki", at("ssl")).expect("link");
        symlink("..", at("pki/up")).expect("link");
        symlink("/pki/a.crt", at("current.crt")).expect("link");
        symlink("gone", at("dangling")).expect("link");
        assert!(Command::new("mkfifo").arg(at("pki/fifo")).status().expect("mkfifo").success());
        let walked = walk(folder.path(), &[folder.path().to_string_lossy().into_owned()], &[]);
        let paths: Vec<_> = walked.files.iter().map(|file| PathBuf::from(&file.path)).collect();
        assert_eq!(paths, [at("current.crt")]);
        assert!(walked.unread.is_empty(), "{:?}", walked.unread);
    }

    #[test]
    fn a_star_means_what_is_called_so() {
        let folder = tempfile::tempdir().expect("folder");
        let at = |path: &str| folder.path().join(path).to_string_lossy().into_owned();
        for name in ["a.crt", "a.key", "b.crt", "c*.crt"] {
            fs::write(at(name), PEM).expect("written");
        }
        let read = |place: &str| {
            let walked = walk(folder.path(), &[at(place)], &[]);
            assert!(walked.unread.is_empty(), "{:?}", walked.unread);
            walked.files.into_iter().map(|file| file.path).collect::<Vec<_>>()
        };
        assert_eq!(read("*.crt"), [at("a.crt"), at("b.crt"), at("c*.crt")]);
        assert_eq!(read("c*.crt"), [at("c*.crt")]);
        assert_eq!(read("gone/*"), Vec::<String>::new());
    }

    #[test]
    fn each_link_that_was_asked_for_is_an_answer() {
        let folder = tempfile::tempdir().expect("folder");
        let at = |path: &str| folder.path().join(path).to_string_lossy().into_owned();
        fs::write(at("a.crt"), PEM).expect("written");
        symlink("a.crt", at("b.crt")).expect("link");
        symlink("a.crt", at("c.crt")).expect("link");
        let read = |places: &[String]| {
            walk(Path::new("/"), places, &[]).files.into_iter().map(|file| file.path).collect::<Vec<_>>()
        };
        assert_eq!(read(&[at("c.crt"), at("a.crt"), at("a.crt")]), [at("a.crt"), at("c.crt")]);
        assert_eq!(read(&[folder.path().to_string_lossy().into_owned()]), [at("b.crt")]);
    }

    #[test]
    fn what_was_asked_for_and_is_not_there_is_said() {
        let folder = tempfile::tempdir().expect("folder");
        let walked = walk(folder.path(), &[folder.path().join("gone").to_string_lossy().into_owned()], &[]);
        assert_eq!(walked.unread[0].1, Unread::NotFound);
    }
}
