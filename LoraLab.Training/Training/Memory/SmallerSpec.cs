using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Calibration;

namespace LoraLab.Training.Training.Memory;

/// <summary>
/// Specifications that need less memory than a given one, as far as its method has the fields and options for it; of each kind, the
/// smallest change first.
/// </summary>
internal static class SmallerSpec
{
    private const int MinCalibrationSamples = 8;
    private const string CalibrationSamples = "calibrationSamples";
    private static readonly string[] _fewestTargets = ["q_proj", "v_proj"];

    /// <summary>Whether a field has a meaning for the method of a specification.</summary>
    public static bool Uses(RunSpec spec, string field) =>
        LoraMethods.Find(spec.Method)?.Descriptor.UnusedFields.Contains(field) != true;

    /// <summary>Whether the method of a specification calibrates before training.</summary>
    public static bool Calibrates(RunSpec spec) =>
        spec.InitFrom is null && LoraMethods.Find(spec.Method)?.Calibrates == true;

    /// <summary>Half the ranks, a quarter, and so on.</summary>
    public static IEnumerable<RunSpec> Ranks(RunSpec spec)
    {
        if (!Uses(spec, "rank") || LoraMethods.Find(spec.Method) is not LoraMethod method)
        {
            yield break;
        }

        for (int divisor = 2; divisor <= Math.Max(spec.Rank, spec.RankPattern?.Values.Max() ?? 1); divisor *= 2)
        {
            int rank = Math.Max(1, spec.Rank / divisor);
            yield return spec with
            {
                Rank = rank,
                RankPattern = spec.RankPattern?.ToDictionary(module => module.Key, module => Math.Max(1, module.Value / divisor)),
                MethodOptions = method.OptionsOfSmallerRank(spec.MethodOptions, rank),
            };
        }
    }

    /// <summary>The fewest target modules that are usual.</summary>
    /// <param name="spec">The specification.</param>
    /// <param name="linears">Names of the linear layers of a block, in order.</param>
    public static IEnumerable<RunSpec> Targets(RunSpec spec, IReadOnlyList<string> linears)
    {
        // Fields about modules that are no targets anymore would be refused.
        if (!Uses(spec, "targetModules") || (spec.RankPattern, spec.AlphaPattern, spec.ExcludeModules) is not (null, null, null))
        {
            return [];
        }

        // Where queries, keys and values are one layer, it takes the place of two.
        string[] fewest = _fewestTargets.All(linears.Contains) ? _fewestTargets : [linears[0]];
        return (spec.TargetModules.Names?.Count ?? linears.Count) > fewest.Length
            ? [spec with { TargetModules = TargetModules.Of(fewest) }]
            : [];
    }

    /// <summary>Half the calibration rows, a quarter, and so on.</summary>
    public static IEnumerable<RunSpec> Calibrations(RunSpec spec)
    {
        if (!Calibrates(spec))
        {
            yield break;
        }

        int samples = (int?)spec.MethodOptions[CalibrationSamples] ?? new Rows().CalibrationSamples;
        while ((samples /= 2) >= MinCalibrationSamples)
        {
            JsonObject options = spec.MethodOptions.DeepClone().AsObject();
            options[CalibrationSamples] = samples;
            yield return spec with { MethodOptions = options };
        }
    }

    /// <summary>What has changed between two specifications, as a suggestion.</summary>
    /// <param name="spec">The specification.</param>
    /// <param name="other">The changed one.</param>
    /// <param name="totalMb">Memory that it needs, MiB; null: unknown.</param>
    public static RunSuggestion Change(RunSpec spec, RunSpec other, double? totalMb = null)
    {
        JsonObject changes = [];
        List<string> words = [];
        JsonObject before = SpecFieldCatalog.ToJson(spec);
        foreach ((string field, JsonNode? value) in SpecFieldCatalog.ToJson(other))
        {
            if (!JsonNode.DeepEquals(value, before[field]))
            {
                changes[field] = value?.DeepClone();
                words.AddRange(field == "methodOptions"
                    ? value!.AsObject().Where(option => !JsonNode.DeepEquals(option.Value, before[field]![option.Key]))
                        .Select(option => $"{option.Key} {Words(option.Value)}")
                    : [$"{field} {Words(value)}"]);
            }
        }

        return new(string.Join(", ", words), changes, totalMb);
    }

    private static string Words(JsonNode? value) => value switch
    {
        null => "null",
        JsonArray names => string.Join(" and ", names),
        JsonObject members => string.Join(" and ", members.Select(member => $"{member.Key} {member.Value}")),
        _ => value.ToString(),
    };

    private sealed record Rows : CalibrationOptions;
}
