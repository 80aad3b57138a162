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
    /// <param name="again">How what failed is done again; null: it is a run, which is resumed.</param>
    public static RunFailure? From(Exception problem, string? driver = null, GpuDescription? gpu = null, string? again = null)
    {
        if (problem is not (ExternalException or TypeInitializationException or System.Reflection.TargetInvocationException)
            || Kind(problem.Message) is not { } kind)
        {
            return problem.InnerException is Exception inner ? From(inner, driver, gpu, again) : null;
        }

        return kind(new(Excerpt(problem.Message), driver, gpu, again, problem));
    }

    private static Func<Found, RunFailure>? Kind(string text) =>
        Has(text, _tooOldDriver) ? DriverTooOld : Has(text, _noKernel) ? NoKernel : Has(text, _exclusive) ? Exclusive
            : Has(text, _any) ? Lost : null;

    private static RunFailure DriverTooOld(Found found) => RunFailure.BadData(
        CudaDriver.Advice(found.Driver)
            ?? $"The NVIDIA driver is too old for this build of libtorch ({found.Text}): update the driver, or use device cpu.",
        Device,
        found.Problem);

    private static RunFailure NoKernel(Found found)
    {
        string card = found.Gpu?.Name ?? "the GPU";
        card += found.Gpu?.Capability is (int major, int minor) ? $" with compute capability {major}.{minor}" : "";
        return RunFailure.BadData(
            $"This build of libtorch has no kernels for {card} ({found.Text}): use device cpu, or a libtorch that supports the card, which "
                + "is one with CUDA 12.6 before compute capability 7.0, and a newer one for newer cards.",
            Device,
            found.Problem);
    }

    private static RunFailure Exclusive(Found found) => RunFailure.BadData(
        $"Another program uses the GPU exclusively ({found.Text}): stop it, or set the GPU's compute mode to default (nvidia-smi -c 0), "
            + $"then {found.Again ?? "resume the run"}.",
        Device,
        found.Problem);

    // The context is unusable from here on, and with it everything on the device.
    private static RunFailure Lost(Found found) => new(
        EndReason.WorkerLost,
        found.Again is string again ? EndMessages.DeviceLost(found.Text, again) : EndMessages.DeviceLost(found.Text),
        inner: found.Problem);

    private static bool Has(string text, string[] messages) =>
        messages.Any(message => text.Contains(message, StringComparison.OrdinalIgnoreCase));

    // The line with the error: before it, TorchScript quotes its source; after it, there is advice to programmers.
    private static string Excerpt(string text)
    {
        const string Prefix = "RuntimeError: ";
        string line = text.Split('\n').First(line => Kind(line) is not null).Trim().TrimEnd('.');
        return line.StartsWith(Prefix, StringComparison.Ordinal) ? line[Prefix.Length..] : line;
    }

    /// <summary>The line with the error, and what is known about where it happened.</summary>
    private sealed record Found(string Text, string? Driver, GpuDescription? Gpu, string? Again, Exception Problem);
}
