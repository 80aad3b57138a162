using System.Globalization;
using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Workers;

/// <summary>
/// What a lane's worker sees of the machine's GPUs: its own and no other. GPUs are numbered as NVIDIA's driver library numbers them,
/// by their place on the bus, and a list that the server itself was given (<c>CUDA_VISIBLE_DEVICES</c>) is what its numbers count in.
/// </summary>
internal static class LaneEnvironment
{
    private const string Visible = "CUDA_VISIBLE_DEVICES";
    private const string Order = "CUDA_DEVICE_ORDER";
    private const string ByBus = "PCI_BUS_ID";
    private const string CudaPrefix = "cuda:";

    // An empty value is the same as none on Windows; a number that no GPU has hides them all everywhere.
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

    /// <summary>Null where the server's own list ends before the lane's number: the worker then says which devices there are.</summary>
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
