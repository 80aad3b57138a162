using System.Text.Json.Nodes;

namespace LoraLab.Contracts.Catalog;

/// <summary>What uploaded files would be as a dataset.</summary>
public sealed record DatasetPreview
{
    /// <summary>The <c>dataset.json</c> that it would have: what the upload's manifest says, and what was found in the files.</summary>
    public JsonObject Manifest { get; init; } = [];

    /// <summary>The files, the training file first.</summary>
    public IReadOnlyList<UploadedTable> Files { get; init; } = [];

    /// <summary>The entry that it would have; null: it cannot be used yet.</summary>
    public DatasetEntry? Entry { get; init; }

    /// <summary>Why it cannot be used with this manifest, in one sentence; null: it can.</summary>
    public string? Problem { get; init; }

    /// <summary>What a user should look at before training on it.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The first rows.</summary>
    public IReadOnlyList<DatasetRow> Rows { get; init; } = [];

    /// <summary>How evaluation rows are split off, where there is no evaluation file; null: there is one.</summary>
    public UploadSplit? Split { get; init; }
}

/// <summary>A file of an upload.</summary>
public sealed record UploadedTable
{
    /// <summary>Name of the file in the dataset.</summary>
    public required string Name { get; init; }

    /// <summary><c>csv</c>, <c>tsv</c> or <c>jsonl</c>.</summary>
    public required string Format { get; init; }

    /// <summary>Character between the fields; null: the file has none, because each line is an object.</summary>
    public string? Delimiter { get; init; }

    /// <summary>Whether the first line names the columns.</summary>
    public bool Header { get; init; }

    /// <summary>Rows, without the header.</summary>
    public int Rows { get; init; }

    /// <summary>Columns, or keys of the objects.</summary>
    public IReadOnlyList<UploadedColumn> Columns { get; init; } = [];
}

/// <summary>A column of an uploaded file.</summary>
public sealed record UploadedColumn
{
    /// <summary>Values beyond this number are not counted.</summary>
    public const int MaximumDistinct = 1000;

    /// <summary>Its name; the number of the column, from 1, where the file has no header.</summary>
    public required string Name { get; init; }

    /// <summary>Different values; at most <see cref="MaximumDistinct"/> are counted.</summary>
    public int Distinct { get; init; }

    /// <summary>Rows in which it is empty.</summary>
    public int Empty { get; init; }

    /// <summary>The value of the first row.</summary>
    public string Example { get; init; } = "";
}

/// <summary>Evaluation rows that are split off the training file.</summary>
/// <param name="Seed">Seed of the permutation that chooses them.</param>
/// <param name="TrainRows">Rows that remain for training.</param>
/// <param name="EvalRows">Rows for evaluation: a tenth of each label, at most 1,000 in all; rows of the same text stay together.</param>
public sealed record UploadSplit(int Seed, int TrainRows, int EvalRows);
