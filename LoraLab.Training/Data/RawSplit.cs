using LoraLab.Files;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Data;

/// <summary>The rows of one file of a dataset, before the task reads their meaning.</summary>
/// <param name="File">Name of the file.</param>
/// <param name="DisplayName">Name of the file in messages.</param>
/// <param name="Rows">Its rows, without those that cannot be read.</param>
/// <param name="Problems">Problems of single rows; the task adds its own.</param>
/// <param name="Files">The file, or those that its name with <c>*</c> stands for, with the hashes of their bytes.</param>
/// <param name="Warning">What looks wrong in the file; null: nothing.</param>
internal sealed record RawSplit(
    string File, string DisplayName, IReadOnlyList<RawRow> Rows, RowProblems Problems, IReadOnlyList<DatasetFile> Files,
    string? Warning)
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
        IReadOnlyList<string> parts = DataFiles.Of(folder, file);
        if (parts.Count == 0)
        {
            throw RunFailure.BadData($"Dataset '{name}' has no file {Excerpt.Of(file)}; add it to {folder}.", "dataset");
        }

        string displayName = $"{name}/{Excerpt.Of(file)}";
        bool isParquet = manifest.FormatOf(file) == "parquet";
        RowProblems problems = new(displayName, isParquet ? "row" : "line", manifest.LeavesOutBroken);
        List<RawRow> rows = [];
        List<DatasetFile> files = [];
        int lines = 0;
        foreach (string part in parts)
        {
            string partName = $"{name}/{Excerpt.Of(part)}";
            byte[] bytes = TextFile.Bytes(Path.Combine(folder, part), partName);
            files.Add(new(part, Sha256Hash.OfBytes(bytes)));
            IEnumerable<RawRow> read = isParquet
                ? new ParquetRows(partName, columns, problems, lines).Read(bytes)
                : new RowReader(manifest, file, partName, columns, problems, lines).Read(
                    TextFile.Text(bytes, partName, manifest.IsLatin1));
            rows.AddRange(read);
            lines = Math.Max(problems.LastLine, rows.Count == 0 ? 0 : rows[^1].Line);
        }

        bool asksForQuotes = manifest is { Quoting: null, Preset: null } && !manifest.HasQuoting(file) && !manifest.HasKeys(file);
        int[] texts = [.. columns.Index().Where(column => column.Item.Kind is not ColumnKind.Scalar).Select(column => column.Index)];
        return new(file, displayName, rows, problems, files, asksForQuotes ? WrittenQuotes.Warning(displayName, rows, texts) : null);
    }

    /// <summary>
    /// Returns the split without its broken rows, with a warning that counts them, once the task has found all problems; the split itself
    /// where broken rows are not left out.
    /// </summary>
    public RawSplit Sound() => Problems.LeftOut is not string leftOut ? this : this with
    {
        Rows = [.. Rows.Where(row => !Problems.IsBroken(row.Line))],
        Warning = Warning is null ? leftOut : $"{Warning} {leftOut}",
    };

    /// <summary>Checks that no row of some files has a problem and that none is empty.</summary>
    /// <param name="name">Name of the dataset, for messages.</param>
    /// <param name="splits">The files, after the task has read their rows.</param>
    /// <exception cref="RunFailure">A row has a problem, or a file has no rows; field <c>dataset</c>.</exception>
    public static void Require(string name, IReadOnlyList<RawSplit> splits)
    {
        string[] problems =
        [
            .. splits.Where(split => !split.Problems.LeavesOut || split.Rows.Count == 0).Select(split => split.Problems.Message)
                .OfType<string>(),
        ];
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
