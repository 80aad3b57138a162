using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;

namespace LoraLab.Web.Pages.NewRun;

/// <summary>
/// The specification of a clone. A stored run has every value as it was used; values that came from a default are null again in a clone, so
/// that they follow a change of the method or the data.
/// </summary>
internal static class CloneSource
{
    internal static RunSpec CreateSpec(RunDocument run, MethodDescriptor? method)
    {
        RunSpec spec = run.Spec;
        // Without a ratio, the default of B's rate is that of A.
        double ratio = spec.MethodOptions["lrRatio"]?.GetValue<double>() ?? 1;
        return spec with
        {
            Name = null,
            Notes = null,
            Tags = run.Tags,
            Priority = 0,
            MethodOptions = NonDefaultOptions(spec, method),
            LearningRate = spec.LearningRate == method?.DefaultLearningRate ? null : spec.LearningRate,
            LearningRateB = spec.LearningRateB is double ofB && spec.LearningRate is double ofA && ApproximatelyEqual(ofB, ratio * ofA)
                ? null
                : spec.LearningRateB,
            ScheduleSteps = spec.ScheduleSteps == run.Progress.TotalSteps ? null : spec.ScheduleSteps,
            EvalSamples = spec.EvalSamples == run.Summary.EvalRows ? null : spec.EvalSamples,
        };
    }

    private static JsonObject NonDefaultOptions(RunSpec spec, MethodDescriptor? method)
    {
        JsonObject options = [];
        foreach ((string name, JsonNode? value) in spec.MethodOptions)
        {
            MethodOption? option = method?.Options.FirstOrDefault(known => known.Name == name);
            if (!JsonNode.DeepEquals(value, option?.Default))
            {
                options[name] = value?.DeepClone();
            }
        }

        return options;
    }

    private static bool ApproximatelyEqual(double a, double b) => Math.Abs(a - b) <= 1e-9 * Math.Abs(b);
}
