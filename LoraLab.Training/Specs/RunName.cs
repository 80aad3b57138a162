using System.Globalization;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;

namespace LoraLab.Training.Specs;

/// <summary>Builds a display name from the hyper-parameters, for example <c>lora-plus r8 a16 lr1e-4/4e-4 s42</c>.</summary>
public static class RunName
{
    /// <summary>Returns the name for a complete specification.</summary>
    public static string From(RunSpec spec, LoraMethod method)
    {
        string rate = Rate(method.LearningRate(spec, AdapterFactor.A.Name()));
        string rateB = Rate(method.LearningRate(spec, AdapterFactor.B.Name()));
        if (rateB != rate)
        {
            rate += "/" + rateB;
        }

        string rank = Unused("rank") ? "" : $" r{AdapterSummary.Ranks(spec)}";
        string alpha = Unused("alpha") ? "" : $" a{AdapterSummary.Alphas(spec)}";
        return string.Create(CultureInfo.InvariantCulture, $"{spec.Method}{rank}{alpha}{Layers(spec)} lr{rate} s{spec.Seed}");

        bool Unused(string field) => method.Descriptor.UnusedFields.Contains(field);
    }

    private static string Layers(RunSpec spec)
    {
        const int MostNames = 2;
        string layers = spec.LayersToTransform is null ? "" : $" layers {AdapterSummary.Layers(spec.LayersToTransform)}";
        string excluded = spec.ExcludeModules switch
        {
            null => "",
            { Count: <= MostNames } few => $" without {string.Join(",", few)}",
            _ => $" without {spec.ExcludeModules.Count} modules",
        };
        return layers + excluded;
    }

    // Formats 0.0002 as 2e-4.
    private static string Rate(double rate)
    {
        string[] parts = rate.ToString("0.####E+0", CultureInfo.InvariantCulture).Split('E');
        return $"{parts[0]}e{parts[1].Replace("+", "", StringComparison.Ordinal)}";
    }
}
