//! The module as a whole: what it exports, its help, its files.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use pwsh_tests::engine::{self, Script};
use serde_json::json;

#[test]
fn it_exports_three_functions_and_nothing_else() {
    let outcome = Script::new(
        "$module = Get-Module KubectlCerts
        $manifest = Import-PowerShellDataFile -Path (Join-Path $env:TEST_MODULE KubectlCerts.psd1)
        $answer = @{
            Functions = @($module.ExportedCommands.Keys | Sort-Object); Files = $manifest.FormatsToProcess
            Others = $module.ExportedAliases.Count + $module.ExportedVariables.Count + $module.ExportedCmdlets.Count
            Manifest = @($manifest.FunctionsToExport); Version = \"$($module.Version)\"; Needs = $manifest.PowerShellVersion
            Editions = $manifest.CompatiblePSEditions; Private = [bool](Get-Command Get-Answer -ErrorAction SilentlyContinue)
        }",
    )
    .run();
    let functions = json!(["Get-KubeCertificate", "Test-KubeCertificate", "Update-KubeCertificate"]);
    let wanted = json!({
        "Functions": functions, "Manifest": functions, "Others": 0, "Version": "0.1.0", "Needs": "5.1",
        "Editions": ["Desktop", "Core"], "Files": ["KubectlCerts.Format.ps1xml"], "Private": false,
    });
    assert_eq!(outcome.answer, wanted);
}

/// The other tests would prove little if the module did not see it.
#[test]
fn the_tests_run_it_in_strict_mode() {
    let outcome = Script::new(
        "$answer = @(
            try { & (Get-Module KubectlCerts) { $undefined }; 'loose' } catch { 'strict' }
            \"$(& (Get-Module KubectlCerts) { $ErrorActionPreference })\"
        )",
    )
    .run();
    assert_eq!(outcome.answer, json!(["strict", "Stop"]));
}

#[test]
fn every_function_and_parameter_has_help_and_every_function_examples() {
    let outcome = Script::new(
        "$common = [System.Management.Automation.PSCmdlet]::CommonParameters + [System.Management.Automation.PSCmdlet]::OptionalCommonParameters
        $answer = @(foreach ($command in Get-Command -Module KubectlCerts) {
            $help = Get-Help $command.Name -Full
            $told = @($help.Parameters.Parameter | Where-Object { $_.PSObject.Properties['Description'] -and $_.Description } | ForEach-Object { $_.Name })
            @{
                Name = $command.Name; Synopsis = $help.Synopsis.Length; Description = \"$($help.Description.Text)\".Length
                Examples = @($help.Examples.Example | Where-Object { \"$($_.Code)\" -like '*-KubeCertificate*' }).Count
                Untold = @($command.Parameters.Keys | Where-Object { $common -notcontains $_ -and $told -notcontains $_ })
            }
        })",
    )
    .run();
    let told = outcome.answer.as_array().expect("a list");
    assert_eq!(told.len(), 3);
    for help in told {
        assert!(help["Synopsis"].as_u64() > Some(20) && help["Description"].as_u64() > Some(100), "{help}");
        assert!(help["Examples"].as_u64() >= Some(3), "{help}");
        assert_eq!(help["Untold"], json!([]), "{help}");
    }
}

/// Windows PowerShell 5.1 reads files without a byte order mark in the machine's own code page.
#[test]
fn all_files_are_ascii_and_hold_one_function_of_their_name() {
    let files = files();
    assert!(files.len() > 15);
    for file in files {
        let text = fs::read_to_string(&file).expect("a file of the module");
        assert!(text.is_ascii(), "{}", file.display());
        let name = file.file_stem().and_then(|name| name.to_str()).expect("a name");
        if file.extension().is_some_and(|extension| extension == "ps1") {
            let functions: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("function ")).collect();
            assert_eq!(functions, [format!("{name} {{")], "{}", file.display());
        }
    }
}

/// `LINT51` names a script that lists what Windows PowerShell 5.1 could not run.
#[test]
fn windows_powershell_could_run_it() {
    let Some(lint) = std::env::var_os("LINT51") else { return };
    let scripts = files().into_iter().filter(|file| file.extension().is_some_and(|extension| extension != "ps1xml"));
    let output = Command::new(engine::engine()).args(["-NoProfile", "-File"]).arg(lint).args(scripts).output();
    let output = output.expect("the engine runs");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success() && said.is_empty(), "{}", String::from_utf8_lossy(&said));
}

fn files() -> Vec<PathBuf> {
    let folders = ["", "Private", "Public"].map(|name| engine::module().join(name));
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).expect("a folder of the module"));
    entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file()).collect()
}
