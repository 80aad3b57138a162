using LoraLab.Training.Torch.Installed;

namespace LoraLab.Training.Torch;

/// <summary>
/// NVIDIA driver versions that libtorch needs. That of the build has CUDA 12.8, which ships with driver 570; CUDA 12 runs on every driver
/// from 525 on ("minor version compatibility" in NVIDIA's CUDA compatibility guide), with some features missing. An installed PyTorch may
/// have CUDA 13, which needs driver 580.
/// </summary>
public static class CudaDriver
{
    private static string BuiltWith => TorchSource.Installed?.CudaVersion ?? "12.8";

    private static bool Is13 => BuiltWith.StartsWith("13.", StringComparison.Ordinal);

    private static Version Minimum => Is13 ? new(580, 0) : new(525, 0);

    private static Version MinimumCuda => Is13 ? new(13, 0) : new(12, 0);

    private static Version Recommended => Is13 ? new(580, 65) : OperatingSystem.IsWindows() ? new(570, 65) : new(570, 26);

    /// <summary>Version of the installed driver, or null if unknown.</summary>
    public static string? Installed() => Gpus.OfThisProcess.Nvml?.DriverVersion;

    /// <summary>Version of the installed driver if this build uses it, or null.</summary>
    public static string? Known() => DeviceChoice.Backend == "cuda" ? Installed() : null;

    /// <summary>
    /// An error message if the CUDA version that the driver supports is too old; null if it may work or is unknown. The driver's own
    /// library knows it where the management library is missing, which knows the driver's version.
    /// </summary>
    public static string? CudaProblem(Version? supported) => supported is not null && supported < MinimumCuda
        ? $"The NVIDIA driver supports CUDA {supported}, but libtorch with CUDA {BuiltWith} needs a driver for CUDA {MinimumCuda.Major} "
            + $"({Recommended} or newer): update the driver, or use device cpu."
        : null;

    /// <summary>An error message if the driver is too old to run anything; null if it may work or its version is unknown.</summary>
    public static string? Problem(string? found) => IsBelow(found, Minimum) ? Message(found!) : null;

    /// <summary>
    /// A message if the driver is older than the one libtorch was built for, the likely cause if CUDA does not work; else null.
    /// </summary>
    public static string? Advice(string? found) => IsBelow(found, Recommended) ? Message(found!) : null;

    private static string Message(string found) =>
        $"The NVIDIA driver is {found}, but libtorch with CUDA {BuiltWith} needs {Recommended} or newer: update the driver, or use device "
            + "cpu.";

    private static bool IsBelow(string? found, Version limit) => Version.TryParse(found, out Version? version) && version < limit;
}
