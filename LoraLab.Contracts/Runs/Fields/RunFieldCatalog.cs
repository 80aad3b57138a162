using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;

namespace LoraLab.Contracts.Runs.Fields;

/// <summary>
/// The fields of a run by name: those of its document, of its specification, and the metrics and figures of its summary. Filters, orders
/// and columns name them alike.
/// </summary>
public sealed class RunFieldCatalog
{
    private const string Options = "methodOptions.";

    private static readonly Dictionary<string, string> _shortNames = new()
    {
        ["split"] = "evalSplit",
        ["data"] = "dataset",
        ["tag"] = "tags",
        ["alias"] = "aliases",
        ["user"] = "submittedBy",
        ["studyId"] = "study",
        ["sweepId"] = "sweep",
    };

    private readonly Dictionary<string, RunField> _byName = [];

    private RunFieldCatalog(MetricCatalog metrics)
    {
        AddAll(OfDocument());
        AddAll(SpecFieldCatalog.Default.Fields.Where(field => field.Kind != SpecFieldKind.Options).Select(OfSpec));
        AddAll(metrics.Summarized.Select(metric => OfMetric(metric, metric.Key, metric.Label, summary => summary?.Last)));
        AddAll(OfSummary());
        foreach (MetricDescriptor metric in metrics.Summarized)
        {
            AddShortNames(metric);
        }

        Fields = [.. _byName.Values.DistinctBy(field => field.Name)];
        foreach ((string name, string field) in _shortNames)
        {
            _byName.Add(name, _byName[field]);
        }
    }

    /// <summary>The fields with the metrics of LoraLab.</summary>
    public static RunFieldCatalog Default { get; } = new(MetricCatalog.Default);

    /// <summary>The fields, each once and under its full name.</summary>
    public IReadOnlyList<RunField> Fields { get; }

    /// <summary>
    /// A field by its name, or by a short one, or an option of methods as <c>methodOptions.lrRatio</c>; null: there is none.
    /// </summary>
    public RunField? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _byName.GetValueOrDefault(name) ?? (name.StartsWith(Options, StringComparison.Ordinal) && name.Length > Options.Length
            ? OfOption(name)
            : null);
    }

    /// <summary>Beside its key, a metric is found by its short name, and its best value by a suffix of either.</summary>
    private void AddShortNames(MetricDescriptor metric)
    {
        RunField last = _byName[metric.Key];
        RunField best = OfMetric(metric, metric.Key + ".best", $"Best {metric.Name}", summary => summary?.Best);
        RunField step = Result(metric.Key + ".bestStep", $"Step of best {metric.Name}", run => run.Summary[metric.Key]?.BestStep);
        foreach (string name in (string[])[metric.Key, metric.ShortKey])
        {
            _byName.TryAdd(name, last);
            _byName.TryAdd(name + ".last", last);
            _byName.TryAdd(name + ".best", best);
            _byName.TryAdd(name + ".bestStep", step);
        }
    }

    private void AddAll(IEnumerable<RunField> fields)
    {
        foreach (RunField field in fields)
        {
            _byName.TryAdd(field.Name, field);
        }
    }

    private static IEnumerable<RunField> OfDocument() =>
    [
        new("id", "ID", RunFieldKind.Text, run => run.Id),
        new("name", "Name", RunFieldKind.Text, run => run.Name),
        new("state", "State", RunFieldKind.Text, run => EnumWords.Of(run.State)) { Choices = Words<RunState>() },
        new("endReason", "End reason", RunFieldKind.Text, run => run.EndReason is EndReason reason ? EnumWords.Of(reason) : null)
        {
            Choices = Words<EndReason>(),
        },
        new("task", "Task", RunFieldKind.Text, run => run.Task),
        new("study", "Study", RunFieldKind.Text, run => run.StudyId),
        new("sweep", "Sweep", RunFieldKind.Text, run => run.SweepId),
        new("clonedFrom", "Cloned from", RunFieldKind.Text, run => run.ClonedFrom),
        new("submittedBy", "Submitted by", RunFieldKind.Text, run => run.SubmittedBy),
        new("aliases", "Aliases", RunFieldKind.Words, run => run.Aliases),
        new("tags", "Tags", RunFieldKind.Words, run => run.Tags),
        new("notes", "Notes", RunFieldKind.Text, run => run.Notes),
        Number("priority", "Priority", run => run.Priority),
        new("createdAt", "Created", RunFieldKind.Time, run => run.CreatedAt),
        new("startedAt", "Started", RunFieldKind.Time, run => run.StartedAt),
        new("endedAt", "Ended", RunFieldKind.Time, run => run.EndedAt),
        Number("step", "Step", run => run.Progress.Step),
        Number("totalSteps", "Total steps", run => run.Progress.TotalSteps),
        Number("attempts", "Attempts", run => run.Attempts.Count),
        // Of LoRA+: the ratio that its paper recommends to tune.
        Number("rateRatio", "ηB/ηA", run => run.Spec.LearningRateB / run.Spec.LearningRate),
    ];

    private static IEnumerable<RunField> OfSummary() =>
    [
        Result("correct", "Correct", run => run.Summary.Correct),
        Result("evalRows", "Evaluation rows", run => run.Summary.EvalRows),
        Result("majorityBaseline", "Majority baseline", run => run.Summary.MajorityBaseline),
        Result("trainableParameters", "Trainable", run => run.Summary.TrainableParameters),
        Result("totalParameters", "Parameters", run => run.Summary.TotalParameters),
        Result("trainTokens", "Training tokens", run => run.Summary.TrainTokens),
        Result("trainSeconds", "Train time", run => run.Summary.TrainSeconds),
        Result("evalSeconds", "Evaluation time", run => run.Summary.EvalSeconds),
        Result("loadSeconds", "Load time", run => run.Summary.LoadSeconds),
        Result("preparingSeconds", "Calibration time", run => run.Summary.PreparingSeconds),
        Result("peakMemoryMb", "Peak memory", run => run.Summary.PeakMemoryMb),
        Result("budgetExceededMb", "Over budget", run => run.Summary.BudgetExceededMb),
    ];

    private static RunField OfMetric(MetricDescriptor metric, string name, string label, Func<MetricSummary?, double?> value) =>
        Result(name, label, run => value(run.Summary[metric.Key])) with { Metric = metric };

    private static RunField OfSpec(SpecFieldDescriptor field) =>
        new(field.Name, field.Attribute.Label, KindOf(field.Kind), run => Plain(field.ValueOf(run.Spec)))
        {
            Choices = field.Choices,
            Spec = field,
        };

    private static RunField OfOption(string name) =>
        new(name, name[Options.Length..], RunFieldKind.Any, run => Option(run.Spec.MethodOptions[name[Options.Length..]] as JsonValue));

    private static object? Option(JsonValue? value) => value?.GetValueKind() switch
    {
        JsonValueKind.Number => double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture),
        JsonValueKind.String => value.GetValue<string>(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    private static RunFieldKind KindOf(SpecFieldKind kind) => kind switch
    {
        SpecFieldKind.Integer or SpecFieldKind.Number => RunFieldKind.Number,
        SpecFieldKind.Boolean => RunFieldKind.Boolean,
        SpecFieldKind.AutoOrInteger => RunFieldKind.Any,
        SpecFieldKind.Words or SpecFieldKind.Layers or SpecFieldKind.Integers => RunFieldKind.Words,
        _ => RunFieldKind.Text,
    };

    private static object? Plain(object? value) => value switch
    {
        int number => (double)number,
        long number => (double)number,
        Enum word => EnumWords.Of(word),
        TargetModules layers => layers.Names ?? [TargetModules.AllLinearWord],
        MicroBatch { Sentences: int sentences } => (double)sentences,
        MicroBatch batch => batch.ToString(),
        IReadOnlyList<int> numbers => (IReadOnlyList<string>)[.. numbers.Select(number => CsvLines.Number(number)!)],
        IReadOnlyDictionary<string, int> or IReadOnlyDictionary<string, double> =>
            JsonSerializer.Serialize(value, value.GetType(), ContractJson.Options),
        _ => value,
    };

    private static RunField Number(string name, string label, Func<RunDocument, double?> read) =>
        new(name, label, RunFieldKind.Number, run => read(run));

    private static RunField Result(string name, string label, Func<RunDocument, double?> read) =>
        Number(name, label, read) with { IsResult = true };

    private static IReadOnlyList<string> Words<T>()
        where T : struct, Enum =>
        EnumWords.All(typeof(T));
}
