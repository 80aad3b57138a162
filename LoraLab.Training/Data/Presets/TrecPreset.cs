namespace LoraLab.Training.Data.Presets;

/// <summary>
/// TREC's questions (Li and Roth 2002) with their six coarse labels. A line is <c>LABEL:detail question</c> in ISO 8859-1; the details,
/// 50 labels, are left aside.
/// </summary>
internal static class TrecPreset
{
    private static readonly DatasetManifest _columns = new()
    {
        Format = "parquet",
        Columns = GlueLayout.Named("text"),
        LabelColumn = new("coarse_label"),
    };

    /// <summary>The description.</summary>
    public static DatasetPreset Preset { get; } = new()
    {
        Name = "trec",
        Rows = "questions with the kind of their answer",
        Source = "Li and Roth, COLING 2002, cogcomp.seas.upenn.edu/Data/QA/QC; Hub: CogComp/trec",
        Labels = ["ABBR", "ENTY", "DESC", "HUM", "LOC", "NUM"],
        Prompt = "Question: {text}\nKind of the answer: {label}\n",
        Layouts =
        [
            new("train_5500.label", "TREC_10.label", new DatasetManifest
            {
                Format = "tsv",
                Header = false,
                Columns = [new("text", new Column("2", 2))],
                LabelColumn = new("1", 1),
                IsLatin1 = true,
                Recast = Fields,
            }),
            new("train-*.parquet", "test-*.parquet", _columns, "data"),
            new("train/*.parquet", "test/*.parquet", _columns, "default"),
        ],
        // The main branch has a program that downloads the files; the Hub runs it and keeps its rows in this branch.
        Repository = "CogComp/trec",
        Branch = "refs/convert/parquet",
    };

    /// <summary>The coarse label and the question; a line that has none is a row without both.</summary>
    private static string[] Fields(string[] fields)
    {
        string line = string.Join('\t', fields);
        int colon = line.IndexOf(':', StringComparison.Ordinal);
        int space = line.IndexOf(' ', StringComparison.Ordinal);
        return colon > 0 && space > colon ? [line[..colon], line[(space + 1)..]] : ["", ""];
    }
}
