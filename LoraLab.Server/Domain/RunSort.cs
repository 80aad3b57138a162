using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Runs.Fields;

namespace LoraLab.Server.Domain;

/// <summary>
/// An order of runs by one or more fields, <c>-field</c> for descending; runs without a value come last, ties are broken by id in the
/// direction of the first field.
/// </summary>
internal sealed class RunSort : IComparer<RunDocument>
{
    /// <summary>Maximum number of fields.</summary>
    public const int MaximumFields = 8;

    /// <summary>The latest submission first, even if the clock was set in between.</summary>
    private const string Default = "-id";

    private static readonly IReadOnlyDictionary<string, Func<RunDocument, IComparable?>> _fields = Fields(MetricCatalog.Default);
    private static readonly RunDocument _sample = new() { Id = "", Name = "", Color = "", Spec = new RunSpec() };

    private readonly string _sort;
    private readonly Part[] _parts;

    private RunSort(params Part[] parts)
    {
        _parts = parts;
        _sort = string.Join(',', parts.Select(part => part.Descending ? "-" + part.Field : part.Field));
        Field = parts[0].Field;
        IsIndexed = parts.Length == 1 && _fields.ContainsKey(Field);
    }

    /// <summary>By submission, oldest first.</summary>
    public static RunSort Oldest { get; } = By("id");

    /// <summary>By submission, latest first.</summary>
    public static RunSort Latest { get; } = By("id", descending: true);

    /// <summary>The fields by which runs are sorted with an index; every other field of a run sorts as well.</summary>
    public static IReadOnlyCollection<string> FieldNames { get; } = [.. _fields.Keys];

    /// <summary>The first field to sort by.</summary>
    public string Field { get; }

    public bool Descending => _parts[0].Descending;

    /// <summary>The fields to sort by, in order.</summary>
    public IReadOnlyList<Part> Parts => _parts;

    /// <summary>Whether there is an index for it: it is by one field that has one.</summary>
    public bool IsIndexed { get; }

    /// <summary>The fields with an index: those of the document, and every metric with a value in the summary.</summary>
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
    public static RunSort By(string field, bool descending = false) => new(new Part(field, _fields[field], descending));

    /// <summary>Parses an order; empty: the default; null: there is no such field.</summary>
    public static RunSort? TryParse(string? sort) => Parse(sort, out _);

    /// <summary>Parses an order; null: it is wrong.</summary>
    /// <param name="sort">Fields separated by commas; empty: the default.</param>
    /// <param name="problem">What is wrong, after which the allowed fields may be listed.</param>
    public static RunSort? Parse(string? sort, out string? problem)
    {
        string[] words = (string.IsNullOrEmpty(sort) ? Default : sort).Split(',', StringSplitOptions.TrimEntries);
        string[] names = [.. words.Select(word => word.StartsWith('-') ? word[1..] : word)];
        Part?[] parts = [.. words.Take(MaximumFields).Select((word, i) => PartOf(names[i], word.StartsWith('-')))];
        problem = words.Length > MaximumFields ? $"Runs are sorted by at most {MaximumFields} fields"
            : Array.IndexOf(parts, null) is >= 0 and int unknown ? $"Runs cannot be sorted by '{names[unknown]}'"
            : names.GroupBy(name => name).FirstOrDefault(same => same.Count() > 1) is { } twice
                ? $"Runs are not sorted twice by '{twice.Key}'"
            : null;
        return problem is null ? new RunSort([.. parts.OfType<Part>()]) : null;
    }

    public Key KeyOf(RunDocument run) =>
        new(_parts[0].Read(run), run.Id, _parts.Length == 1 ? [] : [.. _parts.Skip(1).Select(part => part.Read(run))]);

    public int Compare(RunDocument? x, RunDocument? y) => Compare(KeyOf(x!), KeyOf(y!));

    public int Compare(Key x, Key y)
    {
        int order = Compare(x.Value, y.Value, _parts[0].Descending);
        for (int i = 1; order == 0 && i < _parts.Length; i++)
        {
            order = Compare(x.More[i - 1], y.More[i - 1], _parts[i].Descending);
        }

        return order != 0 ? order : ById(x, y);
    }

    /// <summary>Compares sort keys of the same field in ascending order, missing values last.</summary>
    public static int Ascending(Key x, Key y)
    {
        int byValue = Compare(x.Value, y.Value, descending: false);
        return byValue != 0 ? byValue : string.CompareOrdinal(x.Id, y.Id);
    }

    public string CursorAfter(RunDocument run)
    {
        Key key = KeyOf(run);
        CursorContent content = new(
            _sort,
            key.Value as double?,
            key.Value as string,
            key.Id,
            key.More.Count == 0 ? null : [.. key.More.Select(value => new CursorValue(value as double?, value as string))]);
        return Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(content));
    }

    /// <summary>The sort key encoded in a cursor; null: it does not belong to this order.</summary>
    public Key? TryDecodeCursor(string cursor)
    {
        try
        {
            CursorContent? content = JsonSerializer.Deserialize<CursorContent>(Base64Url.DecodeFromChars(cursor));
            if (content?.Id is not null && content.Sort == _sort)
            {
                CursorValue?[] values = [new(content.Number, content.Text), .. content.More ?? []];
                return values.Length == _parts.Length && values.Zip(_parts).All(pair => pair.First is { } value && pair.Second.Fits(value))
                    ? new Key(values[0]!.Value, content.Id, [.. values.Skip(1).Select(value => value!.Value)])
                    : null;
            }
        }
        catch (Exception error) when (error is FormatException or JsonException)
        {
            // Not one of ours.
        }

        return null;
    }

    private static Part? PartOf(string field, bool descending) =>
        _fields.TryGetValue(field, out Func<RunDocument, IComparable?>? indexed) ? new Part(field, indexed, descending)
        : RunFieldCatalog.Default.Find(field) is { } known ? new Part(field, known.SortKey, descending)
        {
            IsText = known.Kind is RunFieldKind.Text or RunFieldKind.Words,
        }
        : null;

    /// <summary>Compares values of a field; missing ones come last in either direction.</summary>
    private static int Compare(IComparable? x, IComparable? y, bool descending)
    {
        int ascending = (x, y) switch
        {
            (null, null) => 0,
            (null, _) => descending ? -1 : 1,
            (_, null) => descending ? 1 : -1,
            (string text, string other) => string.CompareOrdinal(text, other),
            _ => x!.CompareTo(y),
        };
        return descending ? -ascending : ascending;
    }

    /// <summary>Ties follow the direction of the order: later runs first when it is descending.</summary>
    private int ById(Key x, Key y) => Descending ? string.CompareOrdinal(y.Id, x.Id) : string.CompareOrdinal(x.Id, y.Id);

    private static double? Seconds(DateTimeOffset? at) => at?.ToUnixTimeMilliseconds() / 1000.0;

    /// <summary>A run's sort key: the first field's value, then those of the others, then the id.</summary>
    internal readonly record struct Key(IComparable? Value, string Id, IReadOnlyList<IComparable?> More);

    /// <summary>A field of the order.</summary>
    internal sealed record Part(string Field, Func<RunDocument, IComparable?> Read, bool Descending)
    {
        /// <summary>Whether its values are texts; otherwise they are numbers.</summary>
        public bool IsText { get; init; } = Read(_sample) is string;

        internal bool Fits(CursorValue value) => IsText ? value.Number is null : value.Text is null;
    }

    private sealed record CursorContent(string Sort, double? Number, string? Text, string Id, IReadOnlyList<CursorValue?>? More = null);

    internal sealed record CursorValue(double? Number, string? Text)
    {
        [JsonIgnore]
        public IComparable? Value => Text is { } text ? text : Number;
    }
}
