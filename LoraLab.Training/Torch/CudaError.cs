using System.Runtime.InteropServices;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Torch;

/// <summary>
/// Recognizes errors of CUDA, of which libtorch only gives the text, and says what happened and what to do. Out of memory is recognized by
/// <see cref="OutOfMemory"/>.
/// </summary>
internal static class CudaError
{
    private const string Device = "device";

    private static readonly string[] _tooOldDriver =
    [
        "driver version is insufficient", // cudaErrorInsufficientDriver
        "NVIDIA driver on your system is too old", // libtorch's own check
        "forward compatibility was attempted", // cudaErrorCompatNotSupportedOnDevice
        "unsupported toolchain", "provided PTX was compiled with", // cudaErrorUnsupportedPtxVersion
    ];

    private static readonly string[] _noKernel =
    [
        "no kernel image is available", // cudaErrorNoKernelImageForDevice
        "invalid device function", // cudaErrorInvalidDeviceFunction: the same for a library's kernel
        "CUBLAS_STATUS_ARCH_MISMATCH", "CUDNN_STATUS_ARCH_MISMATCH", "named symbol not found",
    ];

    private static readonly string[] _exclusive =
    [
        "devices are busy or unavailable", "device(s) is/are busy or unavailable", // cudaErrorDevicesUnavailable
        "exclusive-thread device already in use", // cudaErrorDeviceAlreadyInUse
    ];

    private static readonly string[] _any =
        ["CUDA error", "CUDA driver error", "CUBLAS_STATUS_", "CUDNN_STATUS_", "cusolver error", "CUSOLVER_STATUS_"];

    /// <summary>The failure that an exception of libtorch, or one of its inner exceptions, means; null: it is no error of CUDA.</summary>
    /// <param name="problem">The exception.</param>
    /// <param name="driver">Version of the driver; null: unknown.</param>
    /// <param name="gpu">Describes the GPU; null: unknown.</param>
    public static RunFailure? From(Exception problem, string? driver = null, GpuDescription? gpu = null)
    {
        if (problem is not (ExternalException or TypeInitializationException or System.Reflection.TargetInvocationException)
            || Kind(problem.Message) is not { } kind)
        {
            return problem.InnerException is Exception inner ? From(inner, driver, gpu) : null;
        }

        return kind(Excerpt(problem.Message), driver, gpu, problem);
    }

    private static Func<string, string?, GpuDescription?, Exception, RunFailure>? Kind(string text) =>
        Has(text, _tooOldDriver) ? DriverTooOld : Has(text, _noKernel) ? NoKernel : Has(text, _exclusive) ? Exclusive
            : Has(text, _any) ? Lost : null;

    private static RunFailure DriverTooOld(string text, string? driver, GpuDescription? gpu, Exception problem) => RunFailure.BadData(
        CudaDriver.Advice(driver)
            ?? $"The NVIDIA driver is too old for this build of libtorch ({text}): update the driver, or use device cpu.",
        Device,
        problem);

    private static RunFailure NoKernel(string text, string? driver, GpuDescription? gpu, Exception problem)
    {
        string card = gpu?.Capability is (int major, int minor)
            ? $"{gpu.Name ?? "the GPU"} with compute capability {major}.{minor}"
            : gpu?.Name ?? "the GPU";
        return RunFailure.BadData(
            $"This build of libtorch has no kernels for {card} ({text}): use device cpu, or a libtorch that supports the card, which is "
                + "one with CUDA 12.6 before compute capability 7.0, and a newer one for newer cards.",
            Device,
            problem);
    }

    private static RunFailure Exclusive(string text, string? driver, GpuDescription? gpu, Exception problem) => RunFailure.BadData(
        $"Another program uses the GPU exclusively ({text}): stop it, or set the GPU's compute mode to default (nvidia-smi -c 0), then "
            + "resume the run.",
        Device,
        problem);

    // The context is unusable from here on, and with it everything on the device.
    private static RunFailure Lost(string text, string? driver, GpuDescription? gpu, Exception problem) =>
        new(EndReason.WorkerLost, EndMessages.DeviceLost(text), inner: problem);

    private static bool Has(string text, string[] messages) =>
        messages.Any(message => text.Contains(message, StringComparison.OrdinalIgnoreCase));

    // The line with the error: before it, TorchScript quotes its source; after it, there is advice to programmers.
    private static string Excerpt(string text)
    {
        const string Prefix = "RuntimeError: ";
        string line = text.Split('\n').First(line => Kind(line) is not null).Trim().TrimEnd('.');
        return line.StartsWith(Prefix, StringComparison.Ordinal) ? line[Prefix.Length..] : line;
    }
}
