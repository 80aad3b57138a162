namespace LoraLab.Training.Torch;

/// <summary>
/// Which NVIDIA driver this program's libtorch needs. It is built with CUDA 12.8, whose own driver is 570; CUDA 12 promises to run on
/// every driver from 525 on ("minor version compatibility" in NVIDIA's CUDA compatibility guide), with features missing.
/// </summary>
public static class CudaDriver
{
    private static readonly Version Oldest = new(525, 0);
    private static readonly Version Needed = OperatingSystem.IsWindows() ? new(570, 65) : new(570, 26);

    /// <summary>The installed driver's version, or null when it cannot be told.</summary>
    public static string? Installed()
    {
        using Nvml? nvml = Nvml.TryOpen();
        return nvml?.DriverVersion;
    }

    /// <summary>One sentence when nothing can run on this driver; null when something may, and when the version is not known.</summary>
    public static string? Problem(string? found) => IsBelow(found, Oldest) ? Sentence(found!) : null;

    /// <summary>
    /// One sentence when the driver is older than what libtorch was built for, which is what to mend when CUDA does not work; else null.
    /// </summary>
    public static string? Advice(string? found) => IsBelow(found, Needed) ? Sentence(found!) : null;

    private static string Sentence(string found) =>
        $"The NVIDIA driver is {found}, and libtorch with CUDA 12.8 needs {Needed} or newer: update the driver, or use the device cpu.";

    private static bool IsBelow(string? found, Version needed) => Version.TryParse(found, out Version? version) && version < needed;
}
