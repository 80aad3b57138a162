using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Data;

/// <summary>The rows of one file of a dataset, before the task reads their meaning.</summary>
/// <param name="File">Name of the file.</param>
/// <param name="DisplayName">Name of the file in messages.</param>
/// <param name="Rows">Its rows, without those that cannot be read.</param>
/// <param name="Problems">Problems of single rows; the task adds its own.</param>
/// <param name="Sha256">SHA-256 of the bytes of the file.</param>
/// <param name="Warning">What looks wrong in the file; null: nothing.</param>
internal sealed record RawSplit(
    string File, string DisplayName, IReadOnlyList<RawRow> Rows, RowProblems Problems, string Sha256, string? Warning)
{
    /// <summary>Where the rows were read.</summary>
    public SplitSource Source => new(File, [.. Rows.Select(row => row.Line)]);

    /// <summary>Reads a file.</summary>
    /// <param name="name">Name of the dataset, for messages.</param>
    /// <param name="folder">Folder of its files.</param>
    /// <param name="manifest">Layout of the file.</param>
    /// <param name="file">Name of the file in the manifest.</param>
    /// <param name="columns">The columns.</param>
    /// <exception cref="RunFailure">The file or a column is missing, or the file is not UTF-8 text; field <c>dataset</c>.</exception>
    public static RawSplit Read(
        string name, string folder, DatasetManifest manifest, string file, IReadOnlyList<RequestedColumn> columns)
    {
        string path = Path.Combine(folder, file);
        if (!System.IO.File.Exists(path))
        {
            throw RunFailure.BadData($"Dataset '{name}' has no file {Excerpt.Of(file)}; add it to {folder}.", "dataset");
        }

        string displayName = $"{name}/{Excerpt.Of(file)}";
        RowProblems problems = new(displayName);
        RowReader reader = new(manifest, file, displayName, columns, problems);
        List<RawRow> rows = [.. reader.Read(TextFile.Read(path, displayName, out string sha256))];
        bool asksForQuotes = manifest.Quoting is null && !manifest.HasQuoting(file) && manifest.FormatOf(file) != "jsonl";
        int[] texts = [.. columns.Index().Where(column => column.Item.Kind is not ColumnKind.Scalar).Select(column => column.Index)];
        return new(file, displayName, rows, problems, sha256, asksForQuotes ? WrittenQuotes.Warning(displayName, rows, texts) : null);
    }

    /// <summary>Checks that no row of some files has a problem and that none is empty.</summary>
    /// <param name="name">Name of the dataset, for messages.</param>
    /// <param name="splits">The files, after the task has read their rows.</param>
    /// <exception cref="RunFailure">A row has a problem, or a file has no rows; field <c>dataset</c>.</exception>
    public static void Require(string name, IReadOnlyList<RawSplit> splits)
    {
        string[] problems = [.. splits.Select(split => split.Problems.Message).OfType<string>()];
        if (problems.Length > 0)
        {
            throw RunFailure.BadData(string.Join(' ', problems), "dataset");
        }

        if (splits.FirstOrDefault(split => split.Rows.Count == 0) is RawSplit empty)
        {
            throw RunFailure.BadData($"Dataset '{name}' is empty: {Excerpt.Of(empty.File)} has no rows.", "dataset");
        }
    }
}
