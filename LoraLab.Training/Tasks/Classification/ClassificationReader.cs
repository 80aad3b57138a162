using System.Globalization;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>
/// Reads datasets of labeled sentences in the GLUE layout, or in CSV, TSV and JSONL files described by a <see cref="DatasetManifest"/>.
/// </summary>
public static class ClassificationReader
{
    /// <summary>Reads both splits of a dataset.</summary>
    /// <param name="name">Name of the dataset, for messages.</param>
    /// <param name="folder">Folder of its files.</param>
    /// <exception cref="RunFailure">A file, column or label is missing, a label is unknown, a split is empty, or the encoding is
    /// wrong.</exception>
    public static ClassificationDataset Read(string name, string folder) => Read(name, folder, DatasetManifest.Load(name, folder));

    /// <summary>Reads both splits of a dataset whose manifest has been read.</summary>
    /// <param name="name">Name of the dataset, for messages.</param>
    /// <param name="folder">Folder of its files.</param>
    /// <param name="manifest">Its manifest.</param>
    /// <exception cref="RunFailure">A file, column or label is missing, a label is unknown, a split is empty, or the encoding is
    /// wrong.</exception>
    internal static ClassificationDataset Read(string name, string folder, DatasetManifest manifest)
    {
        List<LabeledSentence> train = ReadSplit(name, folder, manifest, manifest.Train, out string trainSha256);
        List<LabeledSentence> dev = ReadSplit(name, folder, manifest, manifest.Eval, out string devSha256);
        return new ClassificationDataset
        {
            Name = name,
            Labels = manifest.Labels,
            Train = train,
            Dev = dev,
            Toy = manifest.Toy,
            Files = [new DatasetFile(manifest.Train, trainSha256), new DatasetFile(manifest.Eval, devSha256)],
        };
    }

    private static List<LabeledSentence> ReadSplit(string name, string folder, DatasetManifest manifest, string file, out string sha256)
    {
        string path = Path.Combine(folder, file);
        if (!File.Exists(path))
        {
            throw RunFailure.BadData($"Dataset '{name}' has no file {Excerpt.Of(file)}; add it to {folder}.", "dataset");
        }

        string displayName = $"{name}/{Excerpt.Of(file)}";
        List<LabeledSentence> rows = [];
        foreach (RawRow raw in RowReader.Read(
            path, displayName, manifest.FormatOf(file), manifest.SentenceColumn, manifest.LabelColumn, out sha256))
        {
            if (raw.Sentence.AsSpan().IsWhiteSpace())
            {
                throw RunFailure.BadData($"{displayName}, line {raw.Line}: the sentence is empty.", "dataset");
            }

            rows.Add(new LabeledSentence(rows.Count, raw.Sentence, Label(manifest, raw, displayName)));
        }

        return rows.Count > 0 ? rows : throw RunFailure.BadData($"Dataset '{name}' is empty: {Excerpt.Of(file)} has no rows.", "dataset");
    }

    private static int Label(DatasetManifest manifest, RawRow raw, string displayName)
    {
        if (string.IsNullOrWhiteSpace(raw.Label))
        {
            throw RunFailure.BadData($"{displayName}, line {raw.Line}: the row has no label.", "dataset");
        }

        string value = raw.Label.Trim();
        int label = manifest.LabelValues is not null
            ? manifest.LabelValues.TryGetValue(value, out string? word) ? IndexOf(manifest.Labels, word) : -1
            : IndexOf(manifest.Labels, value);
        if (label < 0 && manifest.LabelValues is null
            && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < manifest.Labels.Count)
        {
            label = index;
        }

        if (label >= 0)
        {
            return label;
        }

        string accepted = manifest.LabelValues is not null
            ? Excerpt.Of(manifest.LabelValues.Keys)
            : Excerpt.Of(manifest.Labels.Select((word, i) => $"{i} ({word})"));
        throw RunFailure.BadData(
            $"{displayName}, line {raw.Line}: the label '{Excerpt.Of(value)}' is unknown; the labels are {accepted}.", "dataset");
    }

    private static int IndexOf(IReadOnlyList<string> labels, string word)
    {
        for (int i = 0; i < labels.Count; i++)
        {
            if (string.Equals(labels[i], word, StringComparison.Ordinal))
            {
                return i;
            }
        }

        return -1;
    }
}
