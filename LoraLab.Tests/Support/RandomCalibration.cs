using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Calibration;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Tests.Support;

/// <summary>Calibrations on random inputs and gradients, for tests of single layers that have no rows.</summary>
internal static class RandomCalibration
{
    /// <summary>The request of a specification for each of some layers, with starting factors if its method calibrates.</summary>
    public static Func<LinearLayer, AdapterRequest> Requests(RunSpec spec, params IReadOnlyList<LinearLayer> layers)
    {
        LoraMethod method = LoraMethods.Find(spec.Method)!;
        if (!method.Calibrates)
        {
            return layer => AdapterRequest.From(spec, layer.Name);
        }

        Dictionary<string, CalibratedFactors> calibrated = layers.ToDictionary(layer => layer.Name, layer =>
            Factors(method.Calibrator(AdapterRequest.From(spec, layer.Name), spec.MethodOptions)!, layer));
        return layer => AdapterRequest.From(spec, layer.Name) with { Calibrated = calibrated };
    }

    /// <summary>The largest rank up to one at which a method finds enough components in a layer.</summary>
    public static int LargestRank(RunSpec spec, int components)
    {
        int rank = spec.Rank;
        while (rank > 1 && LoraMethods.Find(spec.Method)!.ComponentsNeeded(rank, spec.MethodOptions) > components)
        {
            rank--;
        }

        return rank;
    }

    private static CalibratedFactors Factors(Calibrator calibrator, LinearLayer layer)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        using Generator generator = new(11, CPU);
        if (calibrator.Measure == CalibrationMeasure.Gradient)
        {
            return calibrator.Factors(layer, randn(layer.Out, layer.In, dtype: float64, generator: generator).Times(0.01));
        }

        using InputMoments moments = new(calibrator.Measure, layer.In, CPU);
        for (int row = 0; row < 4; row++)
        {
            moments.Add(randn(1, layer.In, layer.In, dtype: float64, generator: generator));
        }

        return calibrator.Factors(layer, moments.Covariance());
    }
}
