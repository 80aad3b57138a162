namespace LoraLab.Contracts.Tasks;

/// <summary>A row on which a run is evaluated, as text: a line of <c>evaluation-rows.jsonl</c> in the run directory.</summary>
public sealed record EvaluationRow
{
    /// <summary>Row of the evaluation file, from 0; of the training file in the selection split.</summary>
    public required int Row { get; init; }

    /// <summary>Texts of the dataset's columns, by name; other values as JSON.</summary>
    public IReadOnlyDictionary<string, string> Columns { get; init; } = new Dictionary<string, string>();

    /// <summary>Index of the true label; null: the task has no labels.</summary>
    public int? Label { get; init; }

    /// <summary>The text that the model should write; null: the task has labels.</summary>
    public string? Reference { get; init; }

    /// <summary>The text that the model continues.</summary>
    public required string Prompt { get; init; }

    /// <summary>Tokens that each label adds to the prompt, in label order; null: the task has no labels.</summary>
    public IReadOnlyList<int>? LabelTokens { get; init; }
}
