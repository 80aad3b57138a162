using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Calibration;

/// <summary>How a method computes its starting factors from what is measured on calibration rows, for given options.</summary>
public abstract class Calibrator
{
    /// <summary>What is measured at each layer.</summary>
    public abstract CalibrationMeasure Measure { get; }

    /// <summary>Rank of the layer according to the specification.</summary>
    public abstract int Rank { get; }

    /// <summary>Everything but the model and the rows that determines the factors, as a part of the key of the cache.</summary>
    public abstract string Key { get; }

    /// <summary>Whether layers that read the same input have the same factors.</summary>
    public virtual bool DependsOnInputOnly => false;

    /// <summary>Computes the factors of a layer: new tensors, detached from the current dispose scope.</summary>
    /// <param name="layer">The layer with its original weight.</param>
    /// <param name="measured">What was measured at it, float64.</param>
    public abstract CalibratedFactors Factors(LinearLayer layer, Tensor measured);

    /// <summary>
    /// Chooses the ranks of the layers once the factors of all of them are known; layers of rank 0 get no adapter. The result takes over
    /// or replaces the tensors.
    /// </summary>
    /// <param name="layers">Module, factors and rank according to the specification of each layer, in the order of the model.</param>
    public virtual IReadOnlyDictionary<string, CalibratedFactors> Distribute(
        IReadOnlyList<(string Module, CalibratedFactors Factors, int Rank)> layers) =>
        layers.ToDictionary(layer => layer.Module, layer => layer.Factors);

    /// <summary>Bytes that computing the factors of a layer takes beside what was measured.</summary>
    public abstract double WorkspaceBytes(LinearShape layer);
}
