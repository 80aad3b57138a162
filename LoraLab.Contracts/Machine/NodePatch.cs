namespace LoraLab.Contracts.Machine;

/// <summary>A change of a node.</summary>
public sealed record NodePatch
{
    /// <summary>True: it finishes its runs and takes no more; false: it takes runs again.</summary>
    public required bool Draining { get; init; }
}
