namespace LoraLab.Training.Torch;

/// <summary>A GPU as described by the driver.</summary>
/// <param name="Index">Index in the driver's order, by PCI bus id.</param>
/// <param name="Name">Product name.</param>
/// <param name="TotalBytes">Total memory; 0 if unknown.</param>
/// <param name="UsedBytes">Memory in use by all processes.</param>
/// <param name="Major">Compute capability, major; 0 if unknown.</param>
/// <param name="Minor">Compute capability, minor.</param>
public sealed record NvmlDevice(int Index, string Name, ulong TotalBytes, ulong UsedBytes, int Major, int Minor)
{
    /// <summary>Unique id, stable across reboots, for example <c>GPU-5e…</c>.</summary>
    public string? Uuid { get; init; }

    /// <summary>Fraction of the last sampling period during which a kernel was running, in [0, 1].</summary>
    public double? Utilization { get; init; }

    /// <summary>Temperature of the chip.</summary>
    public double? TemperatureCelsius { get; init; }

    /// <summary>Power draw of the card.</summary>
    public double? PowerWatts { get; init; }
}
