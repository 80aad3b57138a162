namespace LoraLab.Contracts.Catalog;

/// <summary>Rows of a dataset as text.</summary>
/// <param name="Dataset">Name of the dataset.</param>
/// <param name="Split"><c>train</c> or <c>eval</c>.</param>
/// <param name="Total">Rows of the split; <c>items</c> has those from <c>offset</c> on, up to <c>limit</c>.</param>
/// <param name="Items">The rows.</param>
public sealed record DatasetRows(string Dataset, string Split, int Total, IReadOnlyList<DatasetRow> Items)
{
    /// <summary>Name of the training split.</summary>
    public const string Train = "train";

    /// <summary>Name of the evaluation split.</summary>
    public const string Eval = "eval";

    /// <summary>Maximum number of rows in a response.</summary>
    public const int MaximumRows = 100;

    /// <summary>Maximum number of characters of a text, of several columns less; what is longer ends in an ellipsis.</summary>
    public const int MaximumText = 1000;
}

/// <summary>A row of a dataset.</summary>
public sealed record DatasetRow
{
    /// <summary>Number of the row in its file, from 0.</summary>
    public int Row { get; init; }

    /// <summary>Texts of the columns by name.</summary>
    public IReadOnlyDictionary<string, string> Columns { get; init; } = new Dictionary<string, string>();

    /// <summary>Label word; null: the task has no labels.</summary>
    public string? Label { get; init; }
}
