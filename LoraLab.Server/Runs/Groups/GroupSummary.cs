using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Runs.Fields;
using LoraLab.Contracts.Runs.Groups;

namespace LoraLab.Server.Runs.Groups;

/// <summary>Summarizes a group: statistics of the results, and the settings in which its runs differ.</summary>
internal static class GroupSummary
{
    private const int MaximumIds = 500;

    /// <summary>Values of a field that are listed; more are counted.</summary>
    private const int ListedValues = 4;

    private const string Options = "methodOptions";

    private static readonly RunField[] _results = [.. Fields(isResult: true)];
    private static readonly RunField[] _others = [.. Fields(isResult: false)];

    public static RunGroup Of(GroupedRuns group, Func<string, string?> nameOfExperiment)
    {
        IReadOnlyList<RunDocument> runs = group.Runs;
        bool single = runs.Count == 1;
        return new RunGroup
        {
            First = runs[0],
            Count = runs.Count,
            Ids = [.. runs.Take(MaximumIds).Select(run => run.Id)],
            StudyId = group.StudyId,
            SweepId = group.SweepId,
            ExperimentName = (group.StudyId ?? group.SweepId) is string id ? nameOfExperiment(id) : null,
            Data = DataOf(runs),
            Results = single ? new Dictionary<string, RunGroupResult>() : Results(runs),
            Differing = single ? new Dictionary<string, RunGroupValues>() : Differing(runs),
        };
    }

    private static IEnumerable<RunField> Fields(bool isResult) =>
        RunFieldCatalog.Default.Fields.Concat(
            RunFieldCatalog.Default.Fields.Where(field => field.Metric is not null)
                .Select(field => RunFieldCatalog.Default.Find(field.Name + ".best")).OfType<RunField>())
            .Where(field => field.IsResult == isResult && field.Name != "id").DistinctBy(field => field.Name);

    private static RunData? DataOf(IReadOnlyList<RunDocument> runs)
    {
        RunData first = RunData.Of(runs[0]);
        return runs.All(run => first.IsSame(RunData.Of(run))) ? first with { Runs = runs.Count } : null;
    }

    private static Dictionary<string, RunGroupResult> Results(IReadOnlyList<RunDocument> runs)
    {
        Dictionary<string, RunGroupResult> results = [];
        foreach (RunField field in _results)
        {
            double[] values = [.. runs.Select(field.SortKey).OfType<double>()];
            if (values.Length > 0)
            {
                double mean = values.Average();
                double squares = values.Sum(value => (value - mean) * (value - mean));
                results[field.Name] = new RunGroupResult(
                    values.Length, mean, values.Length == 1 ? null : Math.Sqrt(squares / (values.Length - 1)));
            }
        }

        return results;
    }

    private static Dictionary<string, RunGroupValues> Differing(IReadOnlyList<RunDocument> runs)
    {
        Dictionary<string, RunGroupValues> differing = [];
        foreach (RunField field in _others)
        {
            Add(field.Name, run => Json(field.Read(run)));
        }

        Add(Options, run => run.Spec.MethodOptions.DeepClone());
        return differing;

        void Add(string name, Func<RunDocument, JsonNode?> read)
        {
            List<JsonNode?> values = [.. runs.Select(read).DistinctBy(value => value?.ToJsonString())];
            if (values.Count > 1)
            {
                differing[name] = new RunGroupValues(values.Count, [.. values.Take(ListedValues)]);
            }
        }
    }

    private static JsonNode? Json(object? value) => value switch
    {
        null => null,
        string text => JsonValue.Create(text),
        bool on => JsonValue.Create(on),
        double number when double.IsFinite(number) => JsonValue.Create(number),
        DateTimeOffset at => JsonSerializer.SerializeToNode(at, ContractJson.Options),
        IReadOnlyList<string> words => new JsonArray([.. words.Select(word => JsonValue.Create(word))]),
        _ => null,
    };
}
