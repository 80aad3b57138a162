namespace LoraLab.Training.Torch;

/// <summary>
/// NVIDIA driver versions that this build of libtorch needs. It is built with CUDA 12.8, which ships with driver 570; CUDA 12 runs on
/// every driver from 525 on ("minor version compatibility" in NVIDIA's CUDA compatibility guide), with some features missing.
/// </summary>
public static class CudaDriver
{
    private static readonly Version _minimum = new(525, 0);
    private static readonly Version _minimumCuda = new(12, 0);
    private static readonly Version _recommended = OperatingSystem.IsWindows() ? new(570, 65) : new(570, 26);

    /// <summary>Version of the installed driver, or null if unknown.</summary>
    public static string? Installed() => Gpus.OfThisProcess.Nvml?.DriverVersion;

    /// <summary>Version of the installed driver if this build uses it, or null.</summary>
    public static string? Known() => DeviceChoice.Backend == "cuda" ? Installed() : null;

    /// <summary>
    /// An error message if the CUDA version that the driver supports is too old; null if it may work or is unknown. The driver's own
    /// library knows it where the management library is missing, which knows the driver's version.
    /// </summary>
    public static string? CudaProblem(Version? supported) => supported is not null && supported < _minimumCuda
        ? $"The NVIDIA driver supports CUDA {supported}, but libtorch with CUDA 12.8 needs a driver for CUDA 12 ({_recommended} or newer): "
            + "update the driver, or use device cpu."
        : null;

    /// <summary>An error message if the driver is too old to run anything; null if it may work or its version is unknown.</summary>
    public static string? Problem(string? found) => IsBelow(found, _minimum) ? Message(found!) : null;

    /// <summary>
    /// A message if the driver is older than the one libtorch was built for, the likely cause if CUDA does not work; else null.
    /// </summary>
    public static string? Advice(string? found) => IsBelow(found, _recommended) ? Message(found!) : null;

    private static string Message(string found) =>
        $"The NVIDIA driver is {found}, but libtorch with CUDA 12.8 needs {_recommended} or newer: update the driver, or use device cpu.";

    private static bool IsBelow(string? found, Version limit) => Version.TryParse(found, out Version? version) && version < limit;
}
