using System.Globalization;
using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Workers;

/// <summary>
/// Restricts a lane's worker to its own GPU. GPUs are numbered as by NVIDIA's driver library, by bus position; if the server itself has
/// <c>CUDA_VISIBLE_DEVICES</c>, its device numbers are indices into that list.
/// </summary>
internal static class LaneEnvironment
{
    private const string Visible = "CUDA_VISIBLE_DEVICES";
    private const string Order = "CUDA_DEVICE_ORDER";
    private const string ByBus = "PCI_BUS_ID";
    private const string CudaPrefix = "cuda:";

    // On Windows an empty value equals an unset one; a number that no GPU has hides all GPUs on every system.
    private const string None = "-1";

    public static void Apply(IDictionary<string, string?> environment, string device)
    {
        environment[Order] = ByBus;
        environment.Remove(WorkerEnvironment.Device);
        if (device == "cpu")
        {
            environment[Visible] = None;
        }
        else if (device.StartsWith(CudaPrefix, StringComparison.Ordinal) && Entry(environment, device) is string entry)
        {
            environment[Visible] = entry;
            environment[WorkerEnvironment.Device] = device;
        }
    }

    /// <summary>Null if the server's own list has no such index: the worker then reports the available devices.</summary>
    private static string? Entry(IDictionary<string, string?> environment, string device)
    {
        int index = int.Parse(device.AsSpan(CudaPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture);
        if (!environment.TryGetValue(Visible, out string? list) || list is null)
        {
            return index.ToString(CultureInfo.InvariantCulture);
        }

        return list.Split(',', StringSplitOptions.TrimEntries).ElementAtOrDefault(index) is { Length: > 0 } entry ? entry : null;
    }
}
