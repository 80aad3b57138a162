namespace LoraLab.Training.Torch;

/// <summary>A GPU as the driver describes it.</summary>
/// <param name="Index">Index, in the driver's order: by place on the bus.</param>
/// <param name="Name">Product name.</param>
/// <param name="TotalBytes">Memory; 0 when unknown.</param>
/// <param name="UsedBytes">Memory in use by everybody.</param>
/// <param name="Major">Compute capability, major; 0 when unknown.</param>
/// <param name="Minor">Compute capability, minor.</param>
public sealed record NvmlDevice(int Index, string Name, ulong TotalBytes, ulong UsedBytes, int Major, int Minor)
{
    /// <summary>Identity across reboots, for example <c>GPU-5e…</c>.</summary>
    public string? Uuid { get; init; }

    /// <summary>Share of the last moment in which a kernel ran, in [0, 1].</summary>
    public double? Utilization { get; init; }

    /// <summary>Temperature of the chip.</summary>
    public double? TemperatureCelsius { get; init; }

    /// <summary>Power drawn by the card.</summary>
    public double? PowerWatts { get; init; }
}
