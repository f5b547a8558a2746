# Loads the files beside it and nothing else: Private starts the program and translates, Public holds one command a file.

# By literal path, so that a folder such as C:\tools[new] works too.
foreach ($folder in 'Private', 'Public') {
    foreach ($file in Get-ChildItem -LiteralPath (Join-Path $PSScriptRoot $folder) -Filter '*.ps1') {
        . $file.FullName
    }
}
