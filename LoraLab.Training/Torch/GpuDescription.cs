namespace LoraLab.Training.Torch;

/// <summary>A GPU; null: unknown.</summary>
public sealed record GpuDescription
{
    /// <summary>Compute capability from which the hardware has bf16.</summary>
    public const int FirstMajorWithBf16 = 8;

    /// <summary>Product name.</summary>
    public string? Name { get; init; }

    /// <summary>Total memory, bytes.</summary>
    public ulong? TotalBytes { get; init; }

    /// <summary>Compute capability.</summary>
    public (int Major, int Minor)? Capability { get; init; }

    /// <summary>Whether it multiplies bf16 in hardware; null: unknown.</summary>
    public bool? HasBf16 => Capability is (int major, _) ? major >= FirstMajorWithBf16 : null;

    /// <summary>The same, with what is unknown taken from another description.</summary>
    public GpuDescription Or(GpuDescription? other) => this with
    {
        Name = Name ?? other?.Name,
        TotalBytes = TotalBytes ?? other?.TotalBytes,
        Capability = Capability ?? other?.Capability,
    };
}
