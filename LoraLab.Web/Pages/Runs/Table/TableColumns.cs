using System.Globalization;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Components;

namespace LoraLab.Web.Pages.Runs.Table;

/// <summary>All columns that a table of runs can show: every field of the specification, every metric, and what else a run has.</summary>
internal static class TableColumns
{
    private const string Results = "Results", About = "Run";

    // The document has their present values.
    private static readonly string[] _ofDocument = ["name", "notes", "tags", "priority"];

    private static readonly string[] _before = ["state", "name", "method", "rank", "learningRate", "seed"];
    private static readonly string[] _after = ["trainSeconds", "peakMemoryMb", "trainableParameters", "tags", "createdAt"];

    // Headings of narrow columns; the tooltip says more.
    private static readonly Dictionary<string, string> _shortTitles = new() { ["rank"] = "Rank", ["learningRate"] = "LR" };

    private static readonly Dictionary<string, TableColumn> _byKey = All(MetricCatalog.Default).ToDictionary(column => column.Key);

    /// <summary>The columns in the order in which they are offered.</summary>
    internal static IReadOnlyList<TableColumn> Offered { get; } = [.. _byKey.Values];

    /// <summary>The columns of a list of keys, without those that do not exist; the default ones where none is left.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="metrics">Keys of the metrics that are shown by default.</param>
    internal static IReadOnlyList<TableColumn> Of(IReadOnlyList<string> keys, IReadOnlyList<string> metrics)
    {
        TableColumn[] chosen = [.. keys.Distinct().Select(key => _byKey.GetValueOrDefault(key)).OfType<TableColumn>()];
        return chosen.Length > 0 ? chosen : Default(metrics);
    }

    /// <summary>The keys with one more or one less, in the order in which the columns are offered; empty: the default ones.</summary>
    internal static IReadOnlyList<string> Toggle(IReadOnlyList<TableColumn> shown, string key, IReadOnlyList<string> metrics)
    {
        HashSet<string> keys = [.. shown.Select(column => column.Key)];
        if (!keys.Remove(key))
        {
            keys.Add(key);
        }

        // Columns of the default table keep its order; others follow.
        string[] order = [.. Default(metrics).Select(column => column.Key)];
        string[] next = [.. order.Where(keys.Contains), .. Offered.Select(column => column.Key).Where(keys.Contains).Except(order)];
        return next.SequenceEqual(order) ? [] : next;
    }

    private static IReadOnlyList<TableColumn> Default(IReadOnlyList<string> metrics) =>
    [
        .. ((string[])[.. _before, .. metrics, .. _after])
            .Select(key => _byKey.GetValueOrDefault(key)).OfType<TableColumn>(),
    ];

    /// <summary>All columns with the metrics of a catalog.</summary>
    internal static IEnumerable<TableColumn> All(MetricCatalog metrics) =>
    [
        new("state", "State", About)
        {
            Text = run => StateAppearance.Label(run.State),
            Show = value => Enum.TryParse((string?)value, ignoreCase: true, out RunState state) ? StateAppearance.Label(state) : "",
            SortField = "state",
        },
        new("name", "Name", About) { Text = run => run.Name, SortField = "name", IsListed = false },
        new("tags", "Tags", About) { Text = run => string.Join(", ", run.Tags) },
        new("notes", "Notes", About) { Text = run => run.Notes, IsListed = false },
        new("priority", "Priority", About)
        {
            Text = run => run.Priority.ToString(CultureInfo.InvariantCulture), Numeric = true, SortField = "priority",
        },
        new("study", "Study", About) { Text = run => run.StudyId, SortField = "study" },
        new("sweep", "Sweep", About) { Text = run => run.SweepId, SortField = "sweep" },
        new("createdAt", "Created", About)
        {
            Text = run => Format.Timestamp(run.CreatedAt), SortField = "createdAt", DescendingFirst = true, IsListed = false,
        },
        new("endReason", "End", About)
        {
            Text = run => run.EndReason is EndReason reason ? StateAppearance.Label(reason) : null,
            Show = value => Enum.TryParse((string?)value, ignoreCase: true, out EndReason reason) ? StateAppearance.Label(reason) : "",
            SortField = "endReason",
        },
        new("rateRatio", "ηB/ηA", About)
        {
            Text = run => run.Spec.LearningRateB / run.Spec.LearningRate is double ratio ? NumberFormat.Number(ratio) : null,
            Show = value => (double?)value is double ratio ? NumberFormat.Number(ratio) : "",
            Numeric = true,
            SortField = "rateRatio",
            Help = "Ratio of the learning rates of B and A (LoRA+)",
        },
        .. metrics.Summarized.SelectMany(Metric),
        Number(
            "trainSeconds",
            "Train time",
            run => run.Summary.TrainSeconds,
            NumberFormat.Duration,
            "Excluding loading, evaluation and checkpoints"),
        Number("evalSeconds", "Evaluation time", run => run.Summary.EvalSeconds, NumberFormat.Duration, null),
        Number("loadSeconds", "Load time", run => run.Summary.LoadSeconds, NumberFormat.Duration, null),
        Number("peakMemoryMb", "Peak memory", run => run.Summary.PeakMemoryMb, NumberFormat.Memory, "During training"),
        Number(
            "trainableParameters",
            "Trainable",
            run => run.Summary.TrainableParameters,
            Whole,
            "Trainable parameters, counted on the loaded model"),
        Number("trainTokens", "Training tokens", run => run.Summary.TrainTokens, Whole, "BOS counted"),
        .. SpecFieldCatalog.Default.Fields.Where(field => !_ofDocument.Contains(field.Name)).Select(Setting),
    ];

    private static TableColumn Setting(SpecFieldDescriptor field) => new(
        field.Name, _shortTitles.GetValueOrDefault(field.Name, field.Attribute.Label), field.Group.Title())
    {
        Text = field.Name switch
        {
            "rank" => run => AdapterSummary.Ranks(run.Spec),
            "alpha" => run => AdapterSummary.Alphas(run.Spec),
            _ => run => JsonFormat.Show(
                JsonSerializer.SerializeToNode(field.ValueOf(run.Spec), field.Property.PropertyType, ContractJson.Options)),
        },
        SpecField = field.Name,
        Numeric = field.Kind is SpecFieldKind.Integer or SpecFieldKind.Number,
        SortField = field.Kind is SpecFieldKind.Words or SpecFieldKind.Layers or SpecFieldKind.Integers or SpecFieldKind.Options
            or SpecFieldKind.Pattern
            ? null
            : field.Name,
        Help = field.Attribute.Help,
    };

    private static IEnumerable<TableColumn> Metric(MetricDescriptor metric)
    {
        TableColumn last = new(metric.Key, metric.Label, Results)
        {
            Text = run => run.Summary[metric.Key]?.Last is double value ? metric.Text(value) : null,
            Result = run => run.Summary[metric.Key]?.Last,
            Format = metric.Text,
            Difference = value => Components.Format.Difference(metric, value),
            DependsOnData = true,
            Numeric = true,
            SortField = metric.Key,
            DescendingFirst = metric.Direction == MetricDirection.HigherIsBetter,
            Help = $"{metric.Key}, at the last evaluation",
        };
        return metric.Direction == MetricDirection.None
            ? [last]
            : [last, last with
            {
                Key = metric.Key + ".best",
                Title = $"Best {metric.Name}",
                Text = run => run.Summary[metric.Key]?.Best is double value ? metric.Text(value) : null,
                Result = run => run.Summary[metric.Key]?.Best,
                SortField = metric.Key + ".best",
                Help = $"{metric.Key}, at the best evaluation; optimistic if chosen on the reported rows",
            }];
    }

    private static TableColumn Number(
        string key, string title, Func<RunDocument, double?> value, Func<double, string> format, string? help) => new(key, title, Results)
        {
            Text = run => value(run) is double known ? format(known) : null,
            Result = value,
            Format = format,
            Difference = difference => (difference > 0 ? "+" : difference < 0 ? "−" : "") + format(Math.Abs(difference)),
            Numeric = true,
            SortField = key,
            Help = help,
        };

    private static string Whole(double value) => NumberFormat.Count((long)Math.Round(value));
}
