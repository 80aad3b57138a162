namespace LoraLab.Training.Data.Presets;

/// <summary>The layouts of GLUE (Wang et al. 2019): its own TSV files, and the Parquet files on the Hugging Face Hub.</summary>
internal static class GlueLayout
{
    /// <summary>Repository on the Hugging Face Hub.</summary>
    public const string Repository = "nyu-mll/glue";

    /// <summary>Paper and site.</summary>
    public const string Source = "GLUE (arXiv 1804.07461), gluebenchmark.com; Hub: nyu-mll/glue";

    private const string Train = "train.tsv";

    /// <summary>GLUE's own files, which have a header.</summary>
    /// <param name="columns">Column of each name that prompts use.</param>
    /// <param name="label">Column of the label.</param>
    /// <param name="eval">Evaluation file.</param>
    public static PresetLayout Table(IReadOnlyList<TextColumn> columns, string label, string eval = "dev.tsv") =>
        new(Train, eval, new DatasetManifest { Format = "tsv", Columns = columns, LabelColumn = new(label) });

    /// <summary>The Hub's files.</summary>
    /// <param name="configuration">Folder of the dataset in the repository.</param>
    /// <param name="columns">Columns of the texts, whose names prompts use.</param>
    /// <param name="eval">Beginning of the names of the evaluation files.</param>
    public static PresetLayout Parquet(string configuration, IReadOnlyList<string> columns, string eval = "validation") => new(
        "train-*.parquet",
        $"{eval}-*.parquet",
        new DatasetManifest { Format = "parquet", Columns = Named(columns) },
        configuration);

    /// <summary>Columns that prompts name as the files do.</summary>
    public static IReadOnlyList<TextColumn> Named(params IReadOnlyList<string> columns) =>
        [.. columns.Select(column => new TextColumn(column, new Column(column)))];

    /// <summary>Two columns that prompts name otherwise than the files do.</summary>
    public static IReadOnlyList<TextColumn> Pair(string first, string firstInFile, string second, string secondInFile) =>
        [new(first, new Column(firstInFile)), new(second, new Column(secondInFile))];
}
