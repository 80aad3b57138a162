using LoraLab.Contracts;
using LoraLab.Contracts.Runs;

namespace LoraLab.Web.Pages.Playground;

/// <summary>
/// The question of the playground, as its address holds it: columns are separated by tabs, and the inputs of a list by line ends, so that
/// rows can be pasted from a spreadsheet.
/// </summary>
internal sealed record PlaygroundForm
{
    private static readonly char[] _lineEnds = ['\r', '\n'];

    /// <summary>Name of the model.</summary>
    public string? Model { get; init; }

    /// <summary>Ids of the runs.</summary>
    public IReadOnlyList<string> Runs { get; init; } = [];

    /// <summary>Whether the model without an adapter is asked too.</summary>
    public bool Base { get; init; } = true;

    /// <summary>Kind of the input.</summary>
    public PlaygroundInput Input { get; init; }

    /// <summary>The input as text.</summary>
    public string Text { get; init; } = "";

    /// <summary>Columns of an input.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>Prompt with which the model alone is asked; null: none is known.</summary>
    public string? Template { get; init; }

    /// <summary>Labels with which the model alone is asked.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>How a text is generated; null: labels are scored.</summary>
    public GenerateOptions? Generate { get; init; }

    /// <summary>Texts of the columns of each input; empty: there is none, or a prompt is given.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Rows => Input switch
    {
        PlaygroundInput.Row => Text.Length == 0 ? [] : [Cells(Text)],
        PlaygroundInput.List => [.. Text.Split(_lineEnds).Where(line => line.Trim().Length > 0).Select(Cells)],
        _ => [],
    };

    /// <summary>What keeps the question from being asked, in one sentence; null: nothing.</summary>
    public string? Problem
    {
        get
        {
            if (Runs.Count == 0 && (Model is null || !Base))
            {
                return "Choose a model or a trained run.";
            }

            if (Input == PlaygroundInput.Prompt)
            {
                return null;
            }

            if (Runs.Count == 0 && (Template is null || Labels.Count == 0))
            {
                return "A model alone scores labels only for a dataset with labels; choose one, or give a prompt to complete.";
            }

            return Rows.Count == 0 ? "Give an input."
                : Rows.Count > PredictLimits.Inputs
                    ? $"The list has {NumberFormat.Count(Rows.Count, "input")}; at most {PredictLimits.Inputs} are asked at once."
                : Rows.Index().FirstOrDefault(row => row.Item.Count != Columns.Count) is { Item: { } wrong } at
                    ? $"Line {at.Index + 1} has {NumberFormat.Count(wrong.Count, "column")}, separated by tabs; "
                        + $"expected {Columns.Count} ({string.Join(", ", Columns)})."
                : null;
        }
    }

    /// <summary>The request.</summary>
    public ModelPredictRequest Request() => new()
    {
        Model = Base || Runs.Count == 0 ? Model : null,
        Runs = Runs.Count == 0 ? null : Runs,
        Inputs = Input == PlaygroundInput.Prompt ? null : [.. Rows.Select(Named)],
        Template = Runs.Count > 0 || Input == PlaygroundInput.Prompt ? null : Template,
        Labels = Runs.Count > 0 || Input == PlaygroundInput.Prompt ? null : Labels,
        Prompt = Input == PlaygroundInput.Prompt ? Text : null,
        Generate = Generate,
    };

    /// <summary>The text of a column of the single input.</summary>
    public string Cell(int column) => Cells(Text).ElementAtOrDefault(column) ?? "";

    /// <summary>The text of the single input with one column changed; a tab in it becomes a space.</summary>
    public string With(int column, string text)
    {
        string[] cells = [.. Columns.Select((_, i) => i == column ? text.Replace('\t', ' ') : Cell(i))];
        return cells.All(string.IsNullOrEmpty) ? "" : string.Join('\t', cells);
    }

    // A text with tabs in it can be the only column.
    private IReadOnlyList<string> Cells(string line) => Columns.Count == 1 ? [line] : line.Split('\t');

    private Dictionary<string, string> Named(IReadOnlyList<string> cells) =>
        Columns.Zip(cells).ToDictionary(column => column.First, column => column.Second);
}
