using System.Text.Json;
using System.Text.Json.Serialization;
using LoraLab.Contracts.Metrics;

namespace LoraLab.Contracts.Runs;

/// <summary>
/// Results of a run; null: not known yet. Units are seconds and MiB. In JSON, the metrics are members beside the others, named by their
/// keys: <c>"eval/accuracy": {"last", "best", "bestStep"}</c>.
/// </summary>
public sealed record RunSummary : IJsonOnDeserializing, IJsonOnDeserialized
{
    private static readonly JsonElement _null = JsonSerializer.SerializeToElement<MetricSummary?>(null);

    private IReadOnlyDictionary<string, MetricSummary> _metrics = new Dictionary<string, MetricSummary>();
    private Dictionary<string, JsonElement>? _members;

    /// <summary>Last and best values by metric key.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, MetricSummary> Metrics { get => _metrics; init => _metrics = value; }

    /// <summary>Rows predicted correctly in the last evaluation.</summary>
    public int? Correct { get; init; }

    /// <summary>Rows per evaluation.</summary>
    public int? EvalRows { get; init; }

    /// <summary>Share of the most frequent label among the evaluation rows.</summary>
    public double? MajorityBaseline { get; init; }

    /// <summary>Trainable parameters, counted from the live model.</summary>
    public long? TrainableParameters { get; init; }

    /// <summary>All parameters, including adapters.</summary>
    public long? TotalParameters { get; init; }

    /// <summary>Training tokens consumed, BOS counted.</summary>
    public long? TrainTokens { get; init; }

    /// <summary>Time from the start of the first step to the end of the last, without evaluations and checkpoints.</summary>
    public double? TrainSeconds { get; init; }

    /// <summary>Time spent in evaluations.</summary>
    public double? EvalSeconds { get; init; }

    /// <summary>Time to load the model and data and to initialize the adapters, without calibration.</summary>
    public double? LoadSeconds { get; init; }

    /// <summary>Time to calibrate the method on rows before training; null: it does not.</summary>
    public double? PreparingSeconds { get; init; }

    /// <summary>
    /// Peak memory during <c>trainSeconds</c>; its source is in the attempt's environment. On a GPU, it includes the CUDA context and what
    /// loading, decompositions and evaluations have freed, because the tensor library keeps it (a source "with pool").
    /// </summary>
    public double? PeakMemoryMb { get; init; }

    /// <summary>
    /// Largest excess over the memory budget during the run, MiB, evaluations included; null: never exceeded, or no budget.
    /// </summary>
    public double? BudgetExceededMb { get; init; }

    /// <summary>
    /// Predictions for clients that were computed while the run was executed, with one thread; its times are not comparable with those of
    /// other runs. Null: none.
    /// </summary>
    public int? PredictionsBeside { get; init; }

    /// <summary>Why the run stopped before its last step, in one sentence; null: it did not, or not by <c>earlyStopPatience</c>.</summary>
    public string? EarlyStop { get; init; }

    /// <summary>The metrics as members of the JSON object; null for those not measured.</summary>
    [JsonExtensionData]
    [JsonInclude]
    private Dictionary<string, JsonElement> Members
    {
        get => _members ?? MetricCatalog.Default.Summarized.Select(metric => metric.Key).Union(Metrics.Keys).ToDictionary(
            key => key,
            key => this[key] is { } metric ? JsonSerializer.SerializeToElement(metric, ContractJson.Options) : _null);
        init => _members = value;
    }

    /// <summary>Results of a metric; null: it was not measured.</summary>
    public MetricSummary? this[string key] => Metrics.GetValueOrDefault(key);

    /// <summary>Metrics of the last evaluation by key, without those that are not finite.</summary>
    public Dictionary<string, double> LastEvaluation() =>
        Metrics.Where(metric => MetricDescriptor.IsEvaluationKey(metric.Key) && metric.Value.Last is not null)
            .ToDictionary(metric => metric.Key, metric => metric.Value.Last!.Value);

    /// <summary>Returns the results after one more point of a metric.</summary>
    /// <param name="metric">The metric.</param>
    /// <param name="step">Step of the point.</param>
    /// <param name="value">Its value.</param>
    public RunSummary After(MetricDescriptor metric, int step, double value)
    {
        ArgumentNullException.ThrowIfNull(metric);
        return With(metric.Key, MetricSummary.After(this[metric.Key], metric, step, value));
    }

    /// <summary>Returns the results with those of a metric replaced.</summary>
    public RunSummary With(string key, MetricSummary metric) =>
        this with { Metrics = new Dictionary<string, MetricSummary>(Metrics) { [key] = metric } };

    /// <summary>Returns these results, with earlier ones in place of those not known.</summary>
    public RunSummary Or(RunSummary earlier)
    {
        ArgumentNullException.ThrowIfNull(earlier);
        return new()
        {
            Metrics = earlier.Metrics.Keys.Union(Metrics.Keys).ToDictionary(key => key, key => (this[key] ?? earlier[key])!),
            Correct = Correct ?? earlier.Correct,
            EvalRows = EvalRows ?? earlier.EvalRows,
            MajorityBaseline = MajorityBaseline ?? earlier.MajorityBaseline,
            TrainableParameters = TrainableParameters ?? earlier.TrainableParameters,
            TotalParameters = TotalParameters ?? earlier.TotalParameters,
            TrainTokens = TrainTokens ?? earlier.TrainTokens,
            TrainSeconds = TrainSeconds ?? earlier.TrainSeconds,
            EvalSeconds = EvalSeconds ?? earlier.EvalSeconds,
            LoadSeconds = LoadSeconds ?? earlier.LoadSeconds,
            PreparingSeconds = PreparingSeconds ?? earlier.PreparingSeconds,
            PeakMemoryMb = PeakMemoryMb ?? earlier.PeakMemoryMb,
            BudgetExceededMb = BudgetExceededMb ?? earlier.BudgetExceededMb,
            PredictionsBeside = PredictionsBeside ?? earlier.PredictionsBeside,
            EarlyStop = EarlyStop ?? earlier.EarlyStop,
        };
    }

    /// <inheritdoc/>
    void IJsonOnDeserializing.OnDeserializing() => _members = [];

    /// <inheritdoc/>
    void IJsonOnDeserialized.OnDeserialized()
    {
        Dictionary<string, MetricSummary> metrics = [];
        foreach ((string key, JsonElement member) in _members ?? [])
        {
            // A member that is no metric is of a later version.
            if (key.Contains('/', StringComparison.Ordinal) && member.Deserialize<MetricSummary>(ContractJson.Options) is { } metric)
            {
                metrics.Add(key, metric);
            }
        }

        _metrics = metrics;
        _members = null;
    }
}
