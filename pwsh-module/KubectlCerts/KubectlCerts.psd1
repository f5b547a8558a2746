@{
    RootModule           = 'KubectlCerts.psm1'
    ModuleVersion        = '0.1.0'
    GUID                 = '6b0c1f6e-3d0a-4a55-9f0e-0d6a6f1f7c52'
    Author               = 'The kubectl-certs authors'
    Copyright            = '(c) The kubectl-certs authors. Apache-2.0.'
    Description          = 'Shows, checks and renews the certificates of Kubernetes clusters. Commands for PowerShell on top of the program kubectl-certs.'

    PowerShellVersion    = '5.1'
    CompatiblePSEditions = @('Desktop', 'Core')

    # By name, so that commands are found without loading the module.
    FunctionsToExport    = @('Get-KubeCertificate', 'Test-KubeCertificate', 'Update-KubeCertificate')
    CmdletsToExport      = @()
    AliasesToExport      = @()
    VariablesToExport    = @()
    FormatsToProcess     = @('KubectlCerts.Format.ps1xml')

    PrivateData          = @{
        PSData = @{
            Tags       = @('Kubernetes', 'kubectl', 'kubeadm', 'certificate', 'certificates', 'TLS', 'PKI', 'Windows', 'Linux', 'MacOS')
            # ProjectUri: once there is a public one.
            LicenseUri = 'https://www.apache.org/licenses/LICENSE-2.0'
        }
    }
}
