namespace LoraLab.Server.Domain;

/// <summary>A configured device that executes one run at a time.</summary>
/// <param name="Index">Index in the configuration.</param>
/// <param name="Device"><c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
internal sealed record Lane(int Index, string Device)
{
    private const string Auto = "auto";

    /// <summary>Name of its Hangfire queue.</summary>
    public string Queue => QueueName(Index);

    public static string QueueName(int index) => $"lane-{index}";

    /// <summary>Whether a run that requests <paramref name="device"/> may execute here.</summary>
    public bool Accepts(string device) =>
        Device == Auto || device == Auto || device == Device || IsCudaAnd(device, Device) || IsCudaAnd(Device, device);

    /// <summary>The device passed to the worker: the lane's where the run does not specify one.</summary>
    public string DeviceFor(string device) =>
        Device != Auto && (device == Auto || Device.StartsWith(device + ":", StringComparison.Ordinal)) ? Device : device;

    private static bool IsCudaAnd(string general, string particular) =>
        general == "cuda" && particular.StartsWith("cuda:", StringComparison.Ordinal);
}
