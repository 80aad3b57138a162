namespace LoraLab.Contracts.Catalog;

/// <summary>
/// Estimated peak memory of training a model with a method, MiB, without the process itself: windows of 16 rows of 64 tokens, in the
/// precision that <c>auto</c> chooses on the device.
/// </summary>
public sealed record ModelMemory
{
    /// <summary>Id of the method.</summary>
    public required string Method { get; init; }

    /// <summary>With rank 8 on the query and value projections.</summary>
    public double QueryValueMb { get; init; }

    /// <summary>With rank 32 on all linear layers.</summary>
    public double AllLinearMb { get; init; }
}
