using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Components;

namespace LoraLab.Web.Pages.Runs.Table;

/// <summary>A column that a table of runs can show.</summary>
/// <param name="Key">Its name in the URL: a field of the specification, a metric, or a member of the document.</param>
/// <param name="Title">The heading.</param>
/// <param name="Group">The heading under which it is offered.</param>
public sealed record TableColumn(string Key, string Title, string Group)
{
    /// <summary>The text of a run; null or empty: it has none.</summary>
    public required Func<RunDocument, string?> Text { get; init; }

    /// <summary>A value as text, of those in which the runs of a group differ.</summary>
    public Func<JsonNode?, string> Show { get; init; } = JsonFormat.Show;

    /// <summary>Whether a row of several runs lists their different values; otherwise it counts them.</summary>
    public bool IsListed { get; init; } = true;

    /// <summary>The field of the specification, which may mean nothing to a method; null: another column.</summary>
    public string? SpecField { get; init; }

    /// <summary>The value of a run, where runs with the same settings have different ones; null: the column has no such values.</summary>
    public Func<RunDocument, double?>? Result { get; init; }

    /// <summary>A value as text, for the mean of a group.</summary>
    public Func<double, string> Format { get; init; } = value => Components.Format.Number(value);

    /// <summary>A difference of two values as text, with its sign.</summary>
    public Func<double, string> Difference { get; init; } = value => (value > 0 ? "+" : "") + Components.Format.Number(value);

    /// <summary>Whether values of runs on different data do not compare.</summary>
    public bool DependsOnData { get; init; }

    /// <summary>The API's sort field; null: not sortable.</summary>
    public string? SortField { get; init; }

    /// <summary>Whether the first click sorts in descending order.</summary>
    public bool DescendingFirst { get; init; }

    /// <summary>The tooltip of the heading.</summary>
    public string? Help { get; init; }

    /// <summary>Whether it is right-aligned.</summary>
    public bool Numeric { get; init; }

    /// <summary>Its style classes: a name of its own, by which a narrow window leaves it out.</summary>
    public string Classes => $"col-{Key.Replace('/', '-')}{(Numeric ? " num" : "")}";
}
