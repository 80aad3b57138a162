using System.Globalization;
using System.Reflection;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Torch.Installed;
using TorchSharp;

namespace LoraLab.Training.Torch;

/// <summary>
/// Resolves <c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c> to a device, and a device to its name in documents. A server's worker
/// sees one GPU, which is CUDA's device 0 and is named after its lane in documents (<see cref="WorkerEnvironment.Device"/>); otherwise both
/// numbers are the same.
/// </summary>
public static class DeviceChoice
{
    /// <summary>A build without libtorch, which needs an installed PyTorch.</summary>
    public const string NoBackend = "none";

    private const string Field = "device";
    private const string Cuda = "cuda";

    /// <summary>Backend that was selected at build time: <c>cpu</c>, <c>cuda</c> or <see cref="NoBackend"/>.</summary>
    public static string BuiltFor { get; } = typeof(DeviceChoice).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(attribute => attribute.Key == "TorchBackend")?.Value ?? "cpu";

    /// <summary>What the libtorch of this process was built for: <c>cpu</c> or <c>cuda</c>; the library need not be loaded.</summary>
    public static string Backend => (TorchSource.Installed?.HasCuda ?? BuiltFor == Cuda) ? Cuda : "cpu";

    private static string? Lane => Environment.GetEnvironmentVariable(WorkerEnvironment.Device) is { Length: > 0 } lane ? lane : null;

    /// <summary>Error message about a device name or its driver, without loading libtorch; null: none.</summary>
    public static string? Problem(string device) =>
        Problem(device, Backend, CudaDriver.Installed, () => Gpus.OfThisProcess.CudaVersion);

    /// <summary>
    /// The same for a build with <paramref name="backend"/> on a machine with <paramref name="driver"/>, which supports
    /// <paramref name="cuda"/>.
    /// </summary>
    internal static string? Problem(string device, string backend, Func<string?> driver, Func<Version?>? cuda = null)
    {
        if (device is "auto" or "cpu")
        {
            return null;
        }

        if (device != Cuda && Index(device) is null)
        {
            return $"device '{device}' is not valid; use auto, cpu, cuda or cuda:N.";
        }

        return backend == Cuda
            ? CudaDriver.Problem(driver()) ?? CudaDriver.CudaProblem(cuda?.Invoke())
            : $"device '{device}' needs libtorch with CUDA: build with -p:TorchBackend=cuda, set {TorchSource.Variable} to the folder "
                + "torch/lib of a PyTorch with CUDA, or use cpu.";
    }

    /// <summary>The GPU of a device name, without loading libtorch; null: it is the CPU, or this build is for the CPU.</summary>
    public static GpuDescription? Gpu(string device) =>
        Backend == Cuda && device != "cpu" && CudaIndex(device, Lane) is >= 0 and int index ? Gpus.OfThisProcess.Describe(index) : null;

    /// <summary>The device of a name; <c>auto</c> is the first GPU, or the CPU if there is none.</summary>
    /// <exception cref="RunFailure">The device is not available.</exception>
    public static torch.Device Resolve(string device)
    {
        if (Problem(device) is string problem)
        {
            throw RunFailure.BadData(problem, Field);
        }

        TorchRuntime.EnsureLoaded();
        int index = CudaIndex(device, Lane);
        if (Backend == Cuda && device != "cpu")
        {
            Gpus.OfThisProcess.BeforeUse(index);
        }

        if (device == "cpu" || (device == "auto" && !HasCuda()))
        {
            return torch.CPU;
        }

        int count = HasCuda() ? torch.cuda.device_count() : 0;
        if (index < 0 || index >= count)
        {
            throw RunFailure.BadData(NotAvailableMessage(device, count), Field);
        }

        CudaMath.DisableReducedPrecision();
        return new torch.Device(DeviceType.CUDA, index);
    }

    /// <summary>
    /// Why <c>auto</c> is the CPU although this build is for GPUs; null: it is not, or the build is for the CPU. Loads libtorch.
    /// </summary>
    public static string? MissingGpu() => MissingGpu(Backend, HasCuda, () => TorchRuntime.CudaProblem
        ?? CudaDriver.Advice(CudaDriver.Installed())
        ?? CudaDriver.CudaProblem(Gpus.OfThisProcess.CudaVersion));

    /// <summary>The same for a build with <paramref name="backend"/>.</summary>
    internal static string? MissingGpu(string backend, Func<bool> hasCuda, Func<string?> driverProblem) => backend != Cuda || hasCuda()
        ? null
        : "This build is for NVIDIA GPUs, but device auto is the CPU because CUDA finds no usable GPU: "
            + (driverProblem() ?? "check that nvidia-smi lists the GPU, and that CUDA_VISIBLE_DEVICES does not hide it.");

    /// <summary>Name of a device in documents.</summary>
    public static string NameOf(torch.Device device) => NameOf(device, Lane);

    /// <summary>Name in documents of CUDA's device <paramref name="index"/>.</summary>
    internal static string NameOf(int index) => NameOf(new torch.Device(DeviceType.CUDA, index), Lane);

    internal static string NameOf(torch.Device device, string? lane) =>
        device.type != DeviceType.CUDA ? device.ToString()
            : lane is not null && device.index <= 0 ? lane
            : $"{Cuda}:{Math.Max(0, device.index)}";

    /// <summary>CUDA index of a device; -1 if it is not visible to a worker bound to <paramref name="lane"/>.</summary>
    internal static int CudaIndex(string device, string? lane) =>
        lane is null ? Index(device) ?? 0 : device == lane || Index(device) is null ? 0 : -1;

    private static string NotAvailableMessage(string device, int count)
    {
        if (count == 0)
        {
            return (TorchRuntime.CudaProblem is string problem
                    ? $"device '{device}' is not available: the libraries of CUDA cannot be loaded: {problem}"
                    : null)
                ?? CudaDriver.Advice(CudaDriver.Installed())
                ?? CudaDriver.CudaProblem(Gpus.OfThisProcess.CudaVersion)
                ?? $"device '{device}' is not available: no CUDA device was found; check the driver with the doctor command, or use cpu.";
        }

        return $"device '{device}' is not available: this {(Lane is null ? "machine" : "worker")} has "
            + $"{NameOf(0)}{(count > 1 ? $" to {NameOf(count - 1)}" : "")}.";
    }

    private static bool HasCuda() => Backend == Cuda && torch.cuda.is_available();

    private static int? Index(string device) =>
        device.StartsWith("cuda:", StringComparison.Ordinal)
        && int.TryParse(device.AsSpan("cuda:".Length), NumberStyles.None, CultureInfo.InvariantCulture, out int index)
            ? index
            : null;
}
