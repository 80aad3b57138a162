using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Experiments.Studies;

/// <summary>A table of a study: the same cells on the page, in the API and in the paper.</summary>
public sealed record StudyTable
{
    /// <summary>Fixed id and file name, for example <c>final</c> or <c>hyper-parameters-lora</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Caption.</summary>
    public required string Caption { get; init; }

    /// <summary>Heads of the columns.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>Rows of cells, one for each column.</summary>
    public IReadOnlyList<IReadOnlyList<StudyTableCell>> Rows { get; init; } = [];

    /// <summary>Sentences below the table: what its marks mean, what is missing and why.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>A cell of a table.</summary>
/// <param name="Text">What is printed, without marks: for example <c>94.61 ± 0.32</c>; empty where there is nothing.</param>
/// <param name="Value">The number in full; null for text.</param>
/// <param name="Bold">The best of its column.</param>
/// <param name="Dagger">Not shown to differ from the best.</param>
public sealed record StudyTableCell(string Text, double? Value = null, bool Bold = false, bool Dagger = false);

/// <summary>A figure of a study; <c>/studies/{id}/figures/{figure}.svg</c> and <c>.pdf</c> draw it.</summary>
/// <param name="Id">Fixed id and file name, for example <c>figure-1</c>, <c>convergence</c> or <c>accuracy-cost</c>.</param>
/// <param name="Title">Short title.</param>
/// <param name="Caption">Caption, with what was shown and what was not.</param>
/// <param name="UnavailableReason">Why it cannot be drawn yet, in one sentence; null: it can.</param>
public sealed record StudyFigure(string Id, string Title, string Caption, [property: JsonPropertyName("missing")] string? UnavailableReason = null);

/// <summary>Studies, newest first, without their runs, claims, tables and figures.</summary>
/// <param name="Items">The studies.</param>
public sealed record StudyList(IReadOnlyList<StudyDocument> Items);

/// <summary>What a study would do: the answer to a dry run.</summary>
public sealed record StudyPreview
{
    /// <summary>The plan with everything that was left out filled in.</summary>
    public required StudyPlan Plan { get; init; }

    /// <summary>Runs on the selection split, without those of grids that are extended.</summary>
    public int SelectionRuns { get; init; }

    /// <summary>Runs on the reported split.</summary>
    public int ReportedRuns { get; init; }

    /// <summary>Hours on the device; null where nothing is known of the pace.</summary>
    public double? DeviceHours { get; init; }

    /// <summary>Where the hours come from, in one sentence.</summary>
    public required string Basis { get; init; }

    /// <summary>Things worth knowing.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>A built-in study.</summary>
/// <param name="Id">Id for <c>template</c>.</param>
/// <param name="Title">Name for people.</param>
/// <param name="Description">What it shows.</param>
/// <param name="Sizes">Its sizes.</param>
public sealed record StudyTemplate(string Id, string Title, string Description, IReadOnlyList<StudySize> Sizes);

/// <summary>A size of a built-in study.</summary>
/// <param name="Id">Id for <c>size</c>.</param>
/// <param name="Description">What it runs.</param>
/// <param name="Plan">Its plan for a profile that is not yet named.</param>
public sealed record StudySize(string Id, string Description, StudyPlan Plan);
