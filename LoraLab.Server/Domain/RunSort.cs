using System.Buffers.Text;
using System.Text.Json;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Domain;

/// <summary>An order of runs by one field, <c>-field</c> for descending; runs without a value come last, ties are broken by id.</summary>
internal sealed class RunSort : IComparer<RunDocument>
{
    /// <summary>The latest submission first, even if the clock was set in between.</summary>
    private const string Default = "-id";

    private static readonly IReadOnlyDictionary<string, Func<RunDocument, IComparable?>> _fields = Fields(MetricCatalog.Default);

    private readonly string _sort;
    private readonly Func<RunDocument, IComparable?> _read;
    private readonly bool _descending;
    private static readonly RunDocument _sample = new() { Id = "", Name = "", Color = "", Spec = new RunSpec() };

    private RunSort(string field, bool descending)
    {
        Field = field;
        _sort = descending ? "-" + field : field;
        _read = _fields[field];
        _descending = descending;
    }

    /// <summary>By submission, oldest first.</summary>
    public static RunSort Oldest { get; } = new("id", descending: false);

    /// <summary>By submission, latest first.</summary>
    public static RunSort Latest { get; } = new("id", descending: true);

    /// <summary>All fields that runs can be sorted by.</summary>
    public static IReadOnlyCollection<string> FieldNames { get; } = [.. _fields.Keys];

    /// <summary>The field to sort by.</summary>
    public string Field { get; }

    public bool Descending => _descending;

    /// <summary>The fields that runs can be sorted by: those of the document, and every metric with a value in the summary.</summary>
    public static IReadOnlyDictionary<string, Func<RunDocument, IComparable?>> Fields(MetricCatalog metrics)
    {
        Dictionary<string, Func<RunDocument, IComparable?>> fields = new()
        {
            ["createdAt"] = run => Seconds(run.CreatedAt),
            ["startedAt"] = run => Seconds(run.StartedAt),
            ["endedAt"] = run => Seconds(run.EndedAt),
            ["id"] = run => run.Id,
            ["name"] = run => run.Name.ToLowerInvariant(),
            ["state"] = run => (double)run.State,
            ["method"] = run => run.Spec.Method,
            ["model"] = run => run.Spec.Model,
            ["dataset"] = run => run.Spec.Dataset,
            ["rank"] = run => (double)run.Spec.Rank,
            ["seed"] = run => (double)run.Spec.Seed,
            ["learningRate"] = run => run.Spec.LearningRate,
            ["priority"] = run => (double)run.Priority,
        };
        foreach (MetricDescriptor metric in metrics.Summarized)
        {
            fields.Add(metric.Key, run => run.Summary[metric.Key]?.Last);
        }

        fields.Add("trainableParameters", run => (double?)run.Summary.TrainableParameters);
        fields.Add("trainTokens", run => (double?)run.Summary.TrainTokens);
        fields.Add("trainSeconds", run => run.Summary.TrainSeconds);
        fields.Add("evalSeconds", run => run.Summary.EvalSeconds);
        fields.Add("loadSeconds", run => run.Summary.LoadSeconds);
        fields.Add("peakMemoryMb", run => run.Summary.PeakMemoryMb);
        return fields;
    }

    /// <summary>The order by an existing field.</summary>
    public static RunSort By(string field, bool descending = false) => new(field, descending);

    /// <summary>Parses an order; empty: the default; null: there is no such field.</summary>
    public static RunSort? TryParse(string? sort)
    {
        string text = string.IsNullOrEmpty(sort) ? Default : sort;
        bool descending = text[0] == '-';
        string field = text.TrimStart('-');
        return _fields.ContainsKey(field) ? new RunSort(field, descending) : null;
    }

    public Key KeyOf(RunDocument run) => new(_read(run), run.Id);

    public int Compare(RunDocument? x, RunDocument? y) => Compare(KeyOf(x!), KeyOf(y!));

    public int Compare(Key x, Key y)
    {
        if (x.Value is null || y.Value is null)
        {
            int missing = (x.Value is null).CompareTo(y.Value is null);
            return missing != 0 ? missing : ById(x, y);
        }

        int byValue = x.Value is string text ? string.CompareOrdinal(text, (string)y.Value) : x.Value.CompareTo(y.Value);
        return byValue == 0 ? ById(x, y) : _descending ? -byValue : byValue;
    }

    /// <summary>Compares sort keys of the same field in ascending order, missing values last.</summary>
    public static int Ascending(Key x, Key y)
    {
        int byValue = (x.Value, y.Value) switch
        {
            (null, null) => 0,
            (null, _) => 1,
            (_, null) => -1,
            (string text, string other) => string.CompareOrdinal(text, other),
            _ => x.Value!.CompareTo(y.Value),
        };
        return byValue != 0 ? byValue : string.CompareOrdinal(x.Id, y.Id);
    }

    public string CursorAfter(RunDocument run)
    {
        Key key = KeyOf(run);
        CursorContent content = new(_sort, key.Value as double?, key.Value as string, key.Id);
        return Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(content));
    }

    /// <summary>The sort key encoded in a cursor; null: it does not belong to this order.</summary>
    public Key? TryDecodeCursor(string cursor)
    {
        try
        {
            CursorContent? content = JsonSerializer.Deserialize<CursorContent>(Base64Url.DecodeFromChars(cursor));
            if (content?.Id is not null && content.Sort == _sort
                && (_read(_sample) is string ? content.Number is null : content.Text is null))
            {
                return new Key(content.Text is { } text ? text : content.Number, content.Id);
            }
        }
        catch (Exception error) when (error is FormatException or JsonException)
        {
            // Not one of ours.
        }

        return null;
    }

    /// <summary>Ties follow the direction of the order: later runs first when it is descending.</summary>
    private int ById(Key x, Key y) => _descending ? string.CompareOrdinal(y.Id, x.Id) : string.CompareOrdinal(x.Id, y.Id);

    private static double? Seconds(DateTimeOffset? at) => at?.ToUnixTimeMilliseconds() / 1000.0;

    /// <summary>A run's sort key: the field's value, then the id.</summary>
    internal readonly record struct Key(IComparable? Value, string Id);

    private sealed record CursorContent(string Sort, double? Number, string? Text, string Id);
}
