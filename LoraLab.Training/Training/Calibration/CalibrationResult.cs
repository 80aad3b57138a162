using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters.Calibration;

namespace LoraLab.Training.Training.Calibration;

/// <summary>What a calibration gave a run; disposing it frees the factors.</summary>
/// <param name="Factors">Starting factors by module.</param>
internal sealed record CalibrationResult(IReadOnlyDictionary<string, CalibratedFactors> Factors) : IDisposable
{
    /// <summary>The rows.</summary>
    public required CalibrationFingerprint Fingerprint { get; init; }

    /// <summary>Layers whose factors were cached by earlier runs.</summary>
    public int CachedLayers { get; init; }

    /// <summary>Error message of the last failed write to the cache; null if all succeeded.</summary>
    public string? Problem { get; init; }

    /// <summary>Its peak memory, MiB; null: it was not measured, or all factors were cached.</summary>
    public double? PeakMb { get; init; }

    /// <summary>Time that it took, seconds.</summary>
    public double Seconds { get; init; }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (CalibratedFactors factors in Factors.Values)
        {
            factors.Dispose();
        }
    }
}
