using System.Globalization;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Domain;

/// <summary>A configured device that executes one run at a time.</summary>
/// <param name="Index">Index in the configuration.</param>
/// <param name="Device"><c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
internal sealed record Lane(int Index, string Device)
{
    /// <summary>The queue of jobs that any lane serves.</summary>
    public const string AnyQueue = "any";

    private const string Auto = "auto";

    /// <summary>Name of the node that has it.</summary>
    public string Node { get; init; } = "";

    /// <summary>Labels of that node.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>The queues of jobs that it serves, by what its device is capable of.</summary>
    public IReadOnlyList<string> Queues => Device == Auto ? [AnyQueue, "cpu", "cuda"] : [AnyQueue, QueueOf(Device)];

    /// <summary>Whether it accepts every device.</summary>
    public bool AcceptsAll => Device == Auto;

    /// <summary>The devices that it accepts, unless it accepts all; for stores that select by them.</summary>
    public IReadOnlyList<string> AcceptedDevices => IsCudaAnd("cuda", Device) ? [Auto, Device, "cuda"] : [Auto, Device];

    /// <summary>A pattern as in SQL of more devices that it accepts; null: there are none.</summary>
    public string? AcceptedPattern => Device == "cuda" ? "cuda:%" : null;

    /// <summary>The queue of jobs for runs that request a device; that of all lanes where none is given, or any will do.</summary>
    public static string QueueOf(string? device) => device is null or Auto ? AnyQueue : device.Split(':')[0];

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

    /// <summary>Whether a run may execute here: on this device, and on a node with these labels.</summary>
    public bool Accepts(RunSpec spec) => Accepts(spec.Device) && spec.Requires.All(Labels.Contains);

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
