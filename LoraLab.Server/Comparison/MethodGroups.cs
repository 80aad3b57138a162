using System.Text.Json.Nodes;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Comparison.Statistics;

namespace LoraLab.Server.Comparison;

/// <summary>Groups completed runs by condition: the specification without seeds and fields that do not affect the result.</summary>
internal static class MethodGroups
{
    public static IReadOnlyList<SeedGroup> Of(IReadOnlyList<ComparedRun> runs)
    {
        List<(Dictionary<string, JsonNode?> Condition, List<ComparedRun> Runs)> conditions =
        [
            .. runs.Where(run => run.Completed && run.Document.Summary[run.Metric.Key]?.Last is not null)
                .GroupBy(run => $"{run.Document.Task}\n{run.Metric.Key}\n{Key(Condition(run.Document.Spec))}")
                .Select(group => (Condition(group.First().Document.Spec), group.ToList())),
        ];
        return [.. conditions.Select((entry, index) =>
            Group($"g{index + 1}", entry.Runs, Settings(entry.Condition, [.. conditions.Select(other => other.Condition)])))];
    }

    private static SeedGroup Group(string id, List<ComparedRun> runs, Dictionary<string, JsonNode?> settings)
    {
        // Runs with identical final weights are one result, whatever their seeds: a seed without effect is not a replication.
        List<ComparedRun> counted = [.. runs.DistinctBy(run => run.Fingerprint?.Adapter.FinalSha256 ?? run.Id)];
        List<SeedResult> seeds =
        [
            .. counted.GroupBy(run => run.Seed).OrderBy(seed => seed.Key).Select(seed => new SeedResult(
                seed.Key.Seed,
                seed.Key.OrderSeed,
                Means([.. seed]),
                [.. seed.Select(run => run.Id)])),
        ];
        string method = runs[0].Document.Spec.Method;
        return new SeedGroup(runs, counted, new MethodGroup
        {
            Id = id,
            Label = settings.Count == 0 ? method : $"{method} ({SettingFormat.FormatAll(settings)})",
            Method = method,
            Task = runs[0].Document.Task,
            Metric = runs[0].Metric.Key,
            Settings = settings,
            Runs = [.. runs.Select(run => run.Id)],
            Seeds = seeds,
            Metrics = Statistics(seeds),
        });
    }

    /// <summary>The metrics of a seed: the mean over its runs, of those that all runs have.</summary>
    private static Dictionary<string, double> Means(IReadOnlyList<ComparedRun> runs)
    {
        List<Dictionary<string, double>> evaluations = [.. runs.Select(run => run.Document.Summary.LastEvaluation())];
        return evaluations[0].Keys.Where(key => evaluations.All(metrics => metrics.ContainsKey(key)))
            .ToDictionary(key => key, key => evaluations.Average(metrics => metrics[key]));
    }

    /// <summary>Statistics of the metrics that all seeds have.</summary>
    private static Dictionary<string, SeedStatistics> Statistics(IReadOnlyList<SeedResult> seeds) =>
        seeds[0].Metrics.Keys.Where(key => seeds.All(seed => seed.Metrics.ContainsKey(key)))
            .ToDictionary(key => key, key => Statistics([.. seeds.Select(seed => seed.Metrics[key])]));

    private static SeedStatistics Statistics(IReadOnlyList<double> values)
    {
        (double Low, double High)? interval = MeanInterval.Of(values);
        return new SeedStatistics(
            values.Count,
            SampleMoments.Mean(values),
            values.Count < 2 ? null : SampleMoments.StandardDeviation(values),
            interval?.Low,
            interval?.High,
            interval is not null ? null
                : values.Count < 2 ? "A confidence interval requires at least two seeds."
                : "All seeds gave the same value, which has no variance to estimate a confidence interval from.");
    }

    /// <summary>The settings of a condition that differ between the conditions of its method.</summary>
    private static Dictionary<string, JsonNode?> Settings(
        Dictionary<string, JsonNode?> condition, IReadOnlyList<Dictionary<string, JsonNode?>> conditions)
    {
        List<Dictionary<string, JsonNode?>> same =
            [.. conditions.Where(other => SpecDifferences.Canonical(other["method"]) == SpecDifferences.Canonical(condition["method"]))];
        return same.SelectMany(other => other.Keys).Distinct()
            .Where(field => same.Select(other => SpecDifferences.Canonical(other.GetValueOrDefault(field))).Distinct().Count() > 1)
            .ToDictionary(field => field, field => condition.GetValueOrDefault(field)?.DeepClone());
    }

    private static Dictionary<string, JsonNode?> Condition(RunSpec spec)
    {
        IReadOnlySet<string> ignored = SpecFieldCatalog.Of(spec).With(SpecRoles.Seed | SpecRoles.GradientNeutral);
        return SpecDifferences.Flatten(spec).Where(field => !ignored.Contains(field.Key)).ToDictionary();
    }

    private static string Key(Dictionary<string, JsonNode?> condition) =>
        string.Join('\n', condition.Where(field => field.Value is not null).OrderBy(field => field.Key, StringComparer.Ordinal)
            .Select(field => $"{field.Key}={SpecDifferences.Canonical(field.Value)}"));
}
