namespace LoraLab.Training.Adapters;

/// <summary>When the tensors of a layer (<see cref="LayerTensors"/>) are computed from the adapter's own.</summary>
public enum ComputedTensors
{
    /// <summary>Never: they are the adapter's own.</summary>
    Never,

    /// <summary>Once a window, because they are small: factors, scales.</summary>
    EachWindow,

    /// <summary>
    /// In every pass, one block at a time, and again for its backward pass: they are as large as the layer's weight.
    /// </summary>
    EachPass,
}
