using System.Globalization;

namespace LoraLab.Server.Domain;

/// <summary>A configured device that executes one run at a time.</summary>
/// <param name="Index">Index in the configuration.</param>
/// <param name="Device"><c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
internal sealed record Lane(int Index, string Device)
{
    private const string Auto = "auto";

    /// <summary>Name of its Hangfire queue.</summary>
    public string Queue => QueueName(Index);

    /// <summary>Whether it accepts every device.</summary>
    public bool AcceptsAll => Device == Auto;

    /// <summary>The devices that it accepts, unless it accepts all; for stores that select by them.</summary>
    public IReadOnlyList<string> AcceptedDevices => IsCudaAnd("cuda", Device) ? [Auto, Device, "cuda"] : [Auto, Device];

    /// <summary>A pattern as in SQL of more devices that it accepts; null: there are none.</summary>
    public string? AcceptedPattern => Device == "cuda" ? "cuda:%" : null;

    public static string QueueName(int index) => $"lane-{index}";

    /// <summary>
    /// Two configured names whose lanes could execute two runs on one device at the same time; null: there are none. <c>auto</c> and
    /// <c>cuda</c> take the first GPU, and any other that a run names.
    /// </summary>
    public static (string One, string Other)? TwoOnOneDevice(IReadOnlyList<string> devices)
    {
        for (int i = 1; i < devices.Count; i++)
        {
            if (devices.Take(i).FirstOrDefault(earlier => Meet(earlier, devices[i])) is string met)
            {
                return (met, devices[i]);
            }
        }

        return null;
    }

    /// <summary>Whether a run that requests <paramref name="device"/> may execute here.</summary>
    public bool Accepts(string device) =>
        Device == Auto || device == Auto || device == Device || IsCudaAnd(device, Device) || IsCudaAnd(Device, device);

    /// <summary>The device passed to the worker: the lane's where the run does not specify one.</summary>
    public string DeviceFor(string device) =>
        Device != Auto && (device == Auto || Device.StartsWith(device + ":", StringComparison.Ordinal)) ? Device : device;

    private static bool Meet(string one, string other) =>
        one == other || (IsGpu(one) && IsGpu(other) && (Number(one) is not int card || Number(other) is not int second || card == second));

    private static bool IsGpu(string device) => device == Auto || device.StartsWith("cuda", StringComparison.Ordinal);

    private static int? Number(string device) =>
        int.TryParse(device.Split(':')[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int card) ? card : null;

    private static bool IsCudaAnd(string general, string particular) =>
        general == "cuda" && particular.StartsWith("cuda:", StringComparison.Ordinal);
}
