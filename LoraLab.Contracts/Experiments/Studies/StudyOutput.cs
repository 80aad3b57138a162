using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Experiments.Studies;

/// <summary>A table of a study, with the same cells on the page, in the API and in the paper.</summary>
public sealed record StudyTable
{
    /// <summary>Fixed id and file name, for example <c>final</c> or <c>hyper-parameters-lora</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Caption.</summary>
    public required string Caption { get; init; }

    /// <summary>Column headers.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>Rows, with one cell per column.</summary>
    public IReadOnlyList<IReadOnlyList<StudyTableCell>> Rows { get; init; } = [];

    /// <summary>Notes below the table: the meaning of its marks, missing data and the reasons.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>A cell of a table.</summary>
/// <param name="Text">Text without marks, for example <c>94.61 ± 0.32</c>; empty: no value.</param>
/// <param name="Value">Unrounded value; null: the cell is text.</param>
/// <param name="Bold">True for the best value of its column.</param>
/// <param name="Dagger">True if no significant difference from the best was shown.</param>
public sealed record StudyTableCell(string Text, double? Value = null, bool Bold = false, bool Dagger = false);

/// <summary>A figure of a study; <c>/studies/{id}/figures/{figure}.svg</c> and <c>.pdf</c> render it.</summary>
/// <param name="Id">Fixed id and file name, for example <c>figure-1</c>, <c>convergence</c> or <c>accuracy-cost</c>.</param>
/// <param name="Title">Short title.</param>
/// <param name="Caption">Caption, including the runs and cells that are not shown.</param>
/// <param name="UnavailableReason">Why it is not available yet, in one sentence; null: it is.</param>
public sealed record StudyFigure(
    string Id, string Title, string Caption, [property: JsonPropertyName("missing")] string? UnavailableReason = null);

/// <summary>Studies, newest first, without their runs, claims, tables and figures.</summary>
/// <param name="Items">The studies.</param>
public sealed record StudyList(IReadOnlyList<StudyDocument> Items);

/// <summary>Preview of a study: the response to a dry run.</summary>
public sealed record StudyPreview
{
    /// <summary>The plan with its defaults filled in.</summary>
    public required StudyPlan Plan { get; init; }

    /// <summary>Number of runs on the selection split, without grid extensions.</summary>
    public int SelectionRuns { get; init; }

    /// <summary>Number of runs on the reported split.</summary>
    public int ReportedRuns { get; init; }

    /// <summary>Device hours; null: no timing is known.</summary>
    public double? DeviceHours { get; init; }

    /// <summary>Basis of the estimate, in one sentence.</summary>
    public required string Basis { get; init; }

    /// <summary>Warnings.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>A built-in study template.</summary>
/// <param name="Id">Id for <c>template</c>.</param>
/// <param name="Title">Display name.</param>
/// <param name="Description">Purpose of the study.</param>
/// <param name="Sizes">Its sizes.</param>
public sealed record StudyTemplate(string Id, string Title, string Description, IReadOnlyList<StudySize> Sizes);

/// <summary>A size of a study template.</summary>
/// <param name="Id">Id for <c>size</c>.</param>
/// <param name="Description">Runs of this size.</param>
/// <param name="Plan">Its plan, before a profile is chosen.</param>
public sealed record StudySize(string Id, string Description, StudyPlan Plan);
