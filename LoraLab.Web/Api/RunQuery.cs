using System.Globalization;
using System.Text;

namespace LoraLab.Web.Api;

/// <summary>Filter, order and page of the list of runs.</summary>
public sealed record RunQuery
{
    public string? Search { get; init; }

    public IReadOnlyList<string> States { get; init; } = [];

    public IReadOnlyList<string> Methods { get; init; } = [];

    public string? Tag { get; init; }

    /// <summary>The id of a study.</summary>
    public string? Study { get; init; }

    /// <summary>The id of a sweep.</summary>
    public string? Sweep { get; init; }

    /// <summary>A condition on fields, for example <c>accuracy &gt; 0.9 and rank = 8</c>; the server explains one that is wrong.</summary>
    public string? Filter { get; init; }

    /// <summary>Fields, separated by commas, each prefixed with a minus for descending order.</summary>
    public string? Sort { get; init; }

    public string? Cursor { get; init; }

    /// <summary>What makes several runs one row; null: every run is a row of its own.</summary>
    public string? By { get; init; }

    /// <summary>Number of rows to skip, of a list of rows.</summary>
    public int? Offset { get; init; }

    /// <summary>Id of the run from which differences are shown.</summary>
    public string? Baseline { get; init; }

    /// <summary>Ids of the runs whose rows stand above all others.</summary>
    public IReadOnlyList<string> Pinned { get; init; } = [];

    public int? Limit { get; init; }

    public string ToQueryString()
    {
        StringBuilder query = new();
        Add(query, "q", Search);
        Add(query, "state", string.Join(',', States));
        Add(query, "method", string.Join(',', Methods));
        Add(query, "tag", Tag);
        Add(query, "study", Study);
        Add(query, "sweep", Sweep);
        Add(query, "filter", Filter);
        Add(query, "sort", Sort);
        Add(query, "by", By);
        Add(query, "baseline", Baseline);
        Add(query, "pinned", string.Join(',', Pinned));
        Add(query, "offset", Offset?.ToString(CultureInfo.InvariantCulture));
        Add(query, "cursor", Cursor);
        Add(query, "limit", Limit?.ToString(CultureInfo.InvariantCulture));
        return query.ToString();
    }

    private static void Add(StringBuilder query, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            query.Append(query.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }
    }
}
