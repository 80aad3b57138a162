namespace LoraLab.Contracts.Runs;

/// <summary>What is computed again in the backward pass instead of being saved in the forward pass; gradients are the same.</summary>
public enum Recompute
{
    /// <summary><see cref="Blocks"/> where the run would not fit its memory otherwise, else <see cref="None"/>.</summary>
    Auto,

    /// <summary>Nothing.</summary>
    None,

    /// <summary>Every block: only its output is saved.</summary>
    Blocks,
}
