namespace LoraLab.Contracts.Metrics;

/// <summary>
/// Descriptors of metrics in display order. A metric is added by a descriptor in <see cref="Default"/> and the line that computes it.
/// </summary>
/// <param name="all">The descriptors.</param>
public sealed class MetricCatalog(IReadOnlyList<MetricDescriptor> all)
{
    private readonly Dictionary<string, MetricDescriptor> _byKey = all.ToDictionary(metric => metric.Key);

    /// <summary>The metrics of LoraLab.</summary>
    public static MetricCatalog Default { get; } = new(
    [
        new()
        {
            Key = MetricKeys.EvalAccuracy,
            Name = "accuracy",
            ChartTitle = "Evaluation accuracy",
            Description = "Share of the rows predicted correctly",
            Direction = MetricDirection.HigherIsBetter,
            Format = MetricFormat.Share,
            Scope = MetricScope.Classification,
            ChartGroup = MetricChartGroup.Evaluation,
            HasColumn = true,
        },
        new()
        {
            Key = MetricKeys.EvalMacroF1,
            Name = "macro-F1",
            Description = "Unweighted mean of the class F1 scores",
            Direction = MetricDirection.HigherIsBetter,
            Format = MetricFormat.Share,
            Scope = MetricScope.Classification,
            ChartGroup = MetricChartGroup.Evaluation,
            HasColumn = true,
        },
        new()
        {
            Key = MetricKeys.EvalWeightedF1,
            Name = "weighted F1",
            Description = "Mean of the class F1 scores, weighted by their rows",
            Direction = MetricDirection.HigherIsBetter,
            Format = MetricFormat.Share,
            Scope = MetricScope.Classification,
            ChartGroup = MetricChartGroup.Evaluation,
            IsOptional = true,
        },
        new()
        {
            Key = MetricKeys.EvalF1,
            Name = "F1",
            Description = "F1 score of the positive label, the second of two",
            Direction = MetricDirection.HigherIsBetter,
            Format = MetricFormat.Share,
            Scope = MetricScope.Classification,
            ChartGroup = MetricChartGroup.Evaluation,
            IsOptional = true,
        },
        new()
        {
            Key = MetricKeys.EvalMcc,
            Name = "Matthews correlation",
            Description = "Correlation of true and predicted labels, from -1 to 1",
            Direction = MetricDirection.HigherIsBetter,
            Scope = MetricScope.Classification,
            ChartGroup = MetricChartGroup.Evaluation,
            IsOptional = true,
        },
        new()
        {
            Key = MetricKeys.EvalLoss,
            Name = "evaluation loss",
            ShortKey = "evalLoss",
            Direction = MetricDirection.LowerIsBetter,
            ChartGroup = MetricChartGroup.Evaluation,
        },
        new()
        {
            Key = MetricKeys.EvalPerplexity,
            Name = "perplexity",
            Description = "Exponential of the evaluation loss per token",
            Direction = MetricDirection.LowerIsBetter,
            Scope = MetricScope.Completion,
            ChartGroup = MetricChartGroup.Evaluation,
            HasColumn = true,
            IsOptional = true,
        },
        new()
        {
            Key = MetricKeys.EvalExactMatch,
            Name = "exact match",
            Description = "Share of the generated texts equal to their reference",
            Direction = MetricDirection.HigherIsBetter,
            Format = MetricFormat.Share,
            Scope = MetricScope.Completion,
            IsOfGenerated = true,
            ChartGroup = MetricChartGroup.Evaluation,
            HasColumn = true,
            IsOptional = true,
        },
        new()
        {
            Key = MetricKeys.EvalRougeL,
            Name = "ROUGE-L",
            Description = "Mean ROUGE-L of the generated texts",
            Direction = MetricDirection.HigherIsBetter,
            Format = MetricFormat.Share,
            Scope = MetricScope.Completion,
            IsOfGenerated = true,
            ChartGroup = MetricChartGroup.Evaluation,
            HasColumn = true,
            IsOptional = true,
        },
        new()
        {
            Key = MetricKeys.EvalNumericMatch,
            Name = "numeric match",
            Description = "Share of the generated texts with the last number of their reference",
            Direction = MetricDirection.HigherIsBetter,
            Format = MetricFormat.Share,
            Scope = MetricScope.Completion,
            IsOfGenerated = true,
            ChartGroup = MetricChartGroup.Evaluation,
            IsOptional = true,
        },
        new()
        {
            Key = MetricKeys.TrainLoss,
            Name = "training loss",
            ShortKey = "trainLoss",
            Direction = MetricDirection.LowerIsBetter,
            ChartGroup = MetricChartGroup.Training,
            Smoothing = MetricSmoothing.ByDefault,
            IsSummarized = true,
        },
        new()
        {
            Key = MetricKeys.TrainGradNorm,
            Name = "gradient norm",
            ChartTitle = "Gradient norm (before clipping)",
            Direction = MetricDirection.LowerIsBetter,
            ChartGroup = MetricChartGroup.Training,
            Smoothing = MetricSmoothing.ByDefault,
        },
        new()
        {
            Key = MetricKeys.TrainLearningRate,
            Name = "learning rate",
            Format = MetricFormat.Rate,
            ChartGroup = MetricChartGroup.Training,
            Smoothing = MetricSmoothing.Never,
        },
        new()
        {
            Key = MetricKeys.TrainTokensPerSecond,
            Name = "tokens per second",
            Direction = MetricDirection.HigherIsBetter,
            ChartGroup = MetricChartGroup.Training,
            Smoothing = MetricSmoothing.ByDefault,
            IsOptional = true,
        },
        new() { Key = MetricKeys.TrainLossScale, Name = "loss scale" },
        new()
        {
            Key = MetricKeys.AdapterRank,
            Name = "mean rank",
            ChartTitle = "Mean rank of the layers",
            Description = "Mean rank of the layers, of methods that change ranks while they train",
            ShortKey = "meanRank",
            ChartGroup = MetricChartGroup.Training,
            Smoothing = MetricSmoothing.Never,
            IsSummarized = true,
            IsOptional = true,
        },
        new()
        {
            Key = MetricKeys.MemoryUsedMb,
            Name = "memory in use",
            Unit = "MiB",
            Direction = MetricDirection.LowerIsBetter,
            ChartGroup = MetricChartGroup.Machine,
            Smoothing = MetricSmoothing.Never,
            IsOptional = true,
        },
    ]);

    /// <summary>All descriptors.</summary>
    public IReadOnlyList<MetricDescriptor> All { get; } = all;

    /// <summary>Those measured by evaluations.</summary>
    public IReadOnlyList<MetricDescriptor> Evaluated { get; } = [.. all.Where(metric => metric.IsEvaluation)];

    /// <summary>Those with a last and a best value in the summary of a run.</summary>
    public IReadOnlyList<MetricDescriptor> Summarized { get; } = [.. all.Where(metric => metric.IsSummarized)];

    /// <summary>Those that a sweep can optimize.</summary>
    public IReadOnlyList<MetricDescriptor> Objectives { get; } =
        [.. all.Where(metric => metric.IsEvaluation && metric.Direction != MetricDirection.None)];

    /// <summary>Those with a column in tables of runs.</summary>
    public IReadOnlyList<MetricDescriptor> Columns { get; } = [.. all.Where(metric => metric.HasColumn)];

    /// <summary>Those with a chart, in the order of the groups.</summary>
    public IReadOnlyList<MetricDescriptor> Charts { get; } =
        [.. all.Where(metric => metric.ChartGroup is not null).OrderBy(metric => metric.ChartGroup)];

    /// <summary>Those in the charts of a comparison: with a chart and summarized.</summary>
    public IReadOnlyList<MetricDescriptor> ComparedCharts { get; } =
        [.. all.Where(metric => metric.ChartGroup is not null && metric.IsSummarized).OrderBy(metric => metric.ChartGroup)];

    /// <summary>The descriptor of a key; that of an unknown metric if there is none.</summary>
    public MetricDescriptor Of(string key) => _byKey.GetValueOrDefault(key) ?? MetricDescriptor.Unknown(key);

    /// <summary>The charts of a run, with those of its series that have no descriptor.</summary>
    /// <param name="keys">Keys of the run's series.</param>
    public IEnumerable<MetricDescriptor> ChartsWith(IEnumerable<string> keys) =>
        Charts.Concat(keys.Where(key => !_byKey.ContainsKey(key)).Order(StringComparer.Ordinal).Select(MetricDescriptor.Unknown))
            .OrderBy(metric => metric.ChartGroup);

    /// <summary>The catalog with one more descriptor.</summary>
    public MetricCatalog With(MetricDescriptor metric) => new([.. All, metric]);
}
