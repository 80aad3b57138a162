using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Calibration;

/// <summary>A method whose starting factors follow from calibration rows.</summary>
/// <typeparam name="TOptions">Its options.</typeparam>
public abstract class CalibratedMethod<TOptions> : LoraMethod<TOptions>
    where TOptions : CalibrationOptions, new()
{
    /// <summary>How the rows are chosen, for the pages of the methods.</summary>
    protected const string RowsHelp = "calibration rows: calibrationSamples rows of the training file that are neither training nor "
        + "selection rows, full text with label, every token";

    /// <inheritdoc />
    public sealed override bool Calibrates => true;

    /// <inheritdoc />
    public sealed override Calibrator Calibrator(AdapterRequest request, JsonObject options) => Calibrator(request, Read(options));

    /// <summary>How the factors are computed.</summary>
    protected abstract Calibrator Calibrator(AdapterRequest request, TOptions options);

    /// <inheritdoc />
    protected sealed override Adapter Create(LinearLayer layer, AdapterRequest request, TOptions options)
    {
        ArgumentNullException.ThrowIfNull(layer);
        ArgumentNullException.ThrowIfNull(request);
        CalibratedFactors factors = request.Calibrated?.GetValueOrDefault(layer.Name)
            ?? throw new InvalidOperationException($"{Id} has no calibrated factors for {layer.Name}.");
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        return WithFactors(
            layer,
            request,
            Adapters.Factors.Own(factors.A_RI),
            factors.B_OR is Tensor b_OR
                ? Adapters.Factors.Own(b_OR)
                : Initializers.Zero(layer.Out, factors.Rank, layer.Device).DetachFromDisposeScope(),
            inBranch: false);
    }
}
