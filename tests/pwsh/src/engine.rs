//! PowerShell itself. Scripts run as a careful administrator's do: strict mode and `$ErrorActionPreference = 'Stop'`.

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// One script with what it is given; [`Script::run`] runs it.
#[derive(Debug)]
pub struct Script {
    text: String,
    program: Option<PathBuf>,
    environment: Vec<(OsString, OsString)>,
    input: Option<String>,
    arguments: Vec<&'static str>,
}

/// What came of a script.
#[derive(Debug)]
pub struct Outcome {
    /// What it put into `$answer`, through JSON.
    pub answer: Value,
    /// What it printed: output, warnings, verbose text, questions.
    pub printed: String,
}

/// A script that runs, for tests that interrupt it.
#[derive(Debug)]
pub struct Running {
    pub child: Child,
    folder: TempDir,
}

const BEFORE: &str = "Set-StrictMode -Version Latest
$global:ErrorActionPreference = 'Stop'
Import-Module -Name $env:TEST_MODULE
# Strict mode stops at the border of a module; so that it also finds what is loose within, it is told there too.
. (Get-Module -Name KubectlCerts) { Set-StrictMode -Version Latest }
$global:answer = $null
# An error record as data.
function global:Get-Told($Record) {
    @{
        Id       = $Record.FullyQualifiedErrorId
        Category = \"$($Record.CategoryInfo.Category)\"
        Target   = $Record.TargetObject
        Action   = if ($Record.ErrorDetails) { $Record.ErrorDetails.RecommendedAction }
        Message  = \"$Record\"
    }
}
";
const AFTER: &str = "
[System.IO.File]::WriteAllText($env:TEST_ANSWER, (ConvertTo-Json -InputObject $answer -Depth 20 -Compress))
";

impl Script {
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), program: None, environment: Vec::new(), input: None, arguments: Vec::new() }
    }

    /// The program that the module shall find; without it, the real one.
    #[must_use]
    pub fn program(mut self, path: &Path) -> Self {
        self.program = Some(path.to_owned());
        self
    }

    /// An environment variable: strings get into scripts unharmed that way, whatever is in them.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// What a person types.
    #[must_use]
    pub fn typed(mut self, input: &str) -> Self {
        self.input = Some(input.to_owned());
        self
    }

    /// Nobody can be asked.
    #[must_use]
    pub fn non_interactive(mut self) -> Self {
        self.arguments.push("-NonInteractive");
        self
    }

    /// Fails the test if the script fails, with all that it said.
    pub fn run(self) -> Outcome {
        let running = self.start();
        let Running { child, folder } = running;
        let output = child.wait_with_output().expect("PowerShell ends");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        let Ok(answer) = fs::read_to_string(folder.path().join("answer.json")) else {
            panic!("the script failed ({})\n--- output\n{printed}\n--- errors\n{errors}", output.status);
        };
        let answer = serde_json::from_str(&answer).unwrap_or_else(|e| panic!("{e} in {answer}"));
        Outcome { answer, printed }
    }

    pub fn start(self) -> Running {
        let folder = tempfile::tempdir().expect("a folder for the script");
        let file = folder.path().join("script.ps1");
        fs::write(&file, format!("{BEFORE}{}{AFTER}", self.text)).expect("the script is written");
        // Whoever runs the tests in the background may have it ignore Ctrl-C, and PowerShell would go on doing so.
        let mut command = Command::new("/usr/bin/env");
        command.arg("--default-signal=INT").arg(engine());
        // In the global scope and not in a script's: preferences reach a module only from there.
        let text = format!(". '{}'", file.display());
        command.arg("-NoProfile").args(&self.arguments).args(["-Command", &text]);
        command.env("TEST_MODULE", module()).env("TEST_ANSWER", folder.path().join("answer.json"));
        command.env("KUBECTL_CERTS", self.program.unwrap_or_else(|| crate::program::path().to_owned()));
        // Nothing of whoever runs the tests: no cluster, no state, no colours; a console as wide as Windows' own.
        command
            .env("HOME", folder.path())
            .env_remove("KUBECONFIG")
            .env_remove("XDG_STATE_HOME")
            .env_remove("PWSH_PROGRESS");
        command.env("COLUMNS", "120").env("NO_COLOR", "1").env("POWERSHELL_TELEMETRY_OPTOUT", "1");
        command.envs(self.environment).current_dir(folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("failed to start {}: {e}", engine().display()));
        let mut input = child.stdin.take().expect("standard input is a pipe");
        // It may end without reading any of it.
        input.write_all(self.input.unwrap_or_default().as_bytes()).ok();
        Running { child, folder }
    }
}

/// The folder of the module in this repository.
pub fn module() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pwsh-module/KubectlCerts")
}

/// `$PWSH`, else `pwsh` on PATH.
pub fn engine() -> PathBuf {
    let named = std::env::var_os("PWSH").unwrap_or_else(|| "pwsh".into());
    which::which(&named).unwrap_or_else(|e| {
        panic!(
            "no PowerShell engine: {}: {e}\nInstall PowerShell 7 (https://aka.ms/powershell) so that pwsh is on PATH, \
             or let the environment variable PWSH name it.",
            named.display()
        )
    })
}
