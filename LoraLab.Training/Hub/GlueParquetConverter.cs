using System.Text;
using LoraLab.Training.Files.Errors;
using Parquet;
using Parquet.Schema;

namespace LoraLab.Training.Hub;

/// <summary>Converts the hub's Parquet files of SST-2 (columns sentence, label, idx) back to GLUE's TSV.</summary>
internal static class GlueParquetConverter
{
    /// <summary>Writes the rows of the Parquet files, in order, to one TSV file.</summary>
    /// <returns>Number of rows.</returns>
    /// <exception cref="RunFailure">A column is missing, or a row cannot be written in GLUE's format.</exception>
    public static async Task<int> WriteAsync(IReadOnlyList<string> parquetFiles, string tsvFile, CancellationToken cancellationToken)
    {
        await using StreamWriter writer = new(tsvFile, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false))
        {
            NewLine = "\n",
        };
        await writer.WriteLineAsync("sentence\tlabel".AsMemory(), cancellationToken).ConfigureAwait(false);
        int rows = 0;
        foreach (string path in parquetFiles)
        {
            try
            {
                rows += await AppendAsync(path, writer, rows, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception problem) when (problem is not RunFailure and not OperationCanceledException)
            {
                throw RunFailure.BadData($"{Path.GetFileName(path)} cannot be read as Parquet: {problem.Message}", null, problem);
            }
        }

        return rows;
    }

    private static async Task<int> AppendAsync(string path, StreamWriter writer, int before, CancellationToken cancellationToken)
    {
        await using ParquetReader reader = await ParquetReader.CreateAsync(path, cancellationToken: cancellationToken)
            .ConfigureAwait(false);
        DataField sentence = Column(reader, path, "sentence");
        DataField label = Column(reader, path, "label");
        int rows = 0;
        for (int i = 0; i < reader.RowGroupCount; i++)
        {
            using ParquetRowGroupReader group = reader.OpenRowGroupReader(i);
            string?[] sentences = new string?[group.RowCount];
            long?[] labels = new long?[group.RowCount];
            await group.ReadAsync(sentence, sentences.AsMemory()!, null, cancellationToken).ConfigureAwait(false);
            await ReadLabelsAsync(group, label, labels, cancellationToken).ConfigureAwait(false);
            for (int row = 0; row < sentences.Length; row++, rows++)
            {
                await writer.WriteLineAsync(Line(path, before + rows, sentences[row], labels[row]).AsMemory(), cancellationToken)
                    .ConfigureAwait(false);
            }
        }

        return rows;
    }

    private static async Task ReadLabelsAsync(
        ParquetRowGroupReader group, DataField field, long?[] labels, CancellationToken cancellationToken)
    {
        if (field.IsNullable)
        {
            await group.ReadAsync(field, labels.AsMemory(), null, cancellationToken).ConfigureAwait(false);
            return;
        }

        long[] plain = new long[labels.Length];
        await group.ReadAsync(field, plain.AsMemory(), null, cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < plain.Length; i++)
        {
            labels[i] = plain[i];
        }
    }

    private static string Line(string path, int row, string? sentence, long? label)
    {
        if (string.IsNullOrEmpty(sentence) || sentence.AsSpan().IndexOfAny('\t', '\n', '\r') >= 0 || label is not (0 or 1))
        {
            throw RunFailure.BadData(
                $"Row {row} of {Path.GetFileName(path)} is not a row of SST-2: the sentence must have no tabs or line "
                    + "breaks, and the label must be 0 or 1.");
        }

        return $"{sentence}\t{label}";
    }

    private static DataField Column(ParquetReader reader, string path, string name) =>
        reader.Schema.GetDataFields().FirstOrDefault(field => field.Name == name)
        ?? throw RunFailure.BadData($"{Path.GetFileName(path)} has no column '{name}', so it is not SST-2.");
}
