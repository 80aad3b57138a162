using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>
/// Reads the runs of stored studies. Version 0.1 stored the required run in the member <c>wanted</c> and the metrics in one member each.
/// </summary>
internal sealed class StoredRunsConverter : JsonConverter<IReadOnlyList<StudyRun>>
{
    private const string FormerRequired = "wanted";

    private static readonly IReadOnlyDictionary<string, string> _formerMetrics = new Dictionary<string, string>
    {
        ["accuracy"] = MetricKeys.EvalAccuracy,
        ["macroF1"] = MetricKeys.EvalMacroF1,
        ["loss"] = MetricKeys.EvalLoss,
    };

    /// <inheritdoc />
    public override IReadOnlyList<StudyRun> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        [.. JsonSerializer.Deserialize<List<JsonObject>>(ref reader, options)!.Select(run => Convert(run).Deserialize<StudyRun>(options)!)];

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, IReadOnlyList<StudyRun> value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value.ToList(), options);

    private static JsonObject Convert(JsonObject run)
    {
        if (run[FormerRequired] is not JsonObject required)
        {
            return run;
        }

        run.Remove(FormerRequired);
        foreach ((string name, JsonNode? value) in required)
        {
            run[name] = value?.DeepClone();
        }

        if (!run.ContainsKey("metrics"))
        {
            run["metrics"] = new JsonObject(_formerMetrics.Where(metric => run[metric.Key] is not null)
                .Select(metric => KeyValuePair.Create(metric.Value, run[metric.Key]?.DeepClone())));
        }

        return run;
    }
}
