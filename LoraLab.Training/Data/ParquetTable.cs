using System.Text;
using LoraLab.Training.Files.Errors;
using Parquet;
using Parquet.Schema;

namespace LoraLab.Training.Data;

/// <summary>The rows of a Parquet file as text: numbers in decimal, lists as JSON arrays, a list of structs as JSON objects.</summary>
internal sealed class ParquetTable : IDisposable
{
    private readonly string _displayName;
    private readonly ParquetReader _reader;

    private ParquetTable(ParquetReader reader, string displayName) => (_reader, _displayName) = (reader, displayName);

    /// <summary>Names of the columns in file order.</summary>
    public IReadOnlyList<string> Columns => [.. _reader.Schema.Fields.Select(column => column.Name)];

    /// <summary>Whether a column holds lists.</summary>
    public bool IsList(int column) => _reader.Schema.Fields[column] is ListField;

    /// <summary>Opens a file.</summary>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="displayName">Name of the file in messages.</param>
    /// <exception cref="RunFailure">It is not a Parquet file, or damaged.</exception>
    public static ParquetTable Open(byte[] bytes, string displayName) => Guard(
        displayName, () => new ParquetTable(ParquetReader.CreateAsync(new MemoryStream(bytes)).GetAwaiter().GetResult(), displayName));

    /// <summary>Reads the values of some columns, row by row; a null is a missing value.</summary>
    /// <param name="columns">Positions in <see cref="Columns"/>.</param>
    /// <exception cref="RunFailure">The file is damaged, or the type of a column is not text, a number, or a list of either.</exception>
    public IEnumerable<string?[]> Rows(IReadOnlyList<int> columns)
    {
        int before = 0;
        for (int group = 0; group < _reader.RowGroupCount; group++)
        {
            (int current, int first) = (group, before);
            string?[][] values = Guard(_displayName, () => ReadGroup(current, columns, first));
            int rows = values.Length == 0 ? 0 : values[0].Length;
            before += rows;
            for (int row = 0; row < rows; row++)
            {
                yield return [.. values.Select(column => column[row])];
            }
        }
    }

    public void Dispose() => _reader.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private static T Guard<T>(string displayName, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception problem) when (problem is not RunFailure and not OutOfMemoryException)
        {
            throw RunFailure.BadData(
                $"{displayName} cannot be read as Parquet ({Excerpt.Of(problem.Message.TrimEnd('.'))}); download it again, or convert it "
                    + "to CSV, TSV or JSONL.",
                "dataset",
                problem);
        }
    }

    private string?[][] ReadGroup(int group, IReadOnlyList<int> columns, int before)
    {
        using ParquetRowGroupReader reader = _reader.OpenRowGroupReader(group);
        int rows = checked((int)reader.RowCount);
        return
        [
            .. columns.Select(column => _reader.Schema.Fields[column] switch
            {
                DataField { MaxRepetitionLevel: 0 } field => Values(reader, field, rows, before),
                ListField { Item: DataField item } list => Lists(reader, list, [item], rows),
                ListField { Item: StructField { Fields: { } fields } } list when fields.All(field => field is DataField) =>
                    Lists(reader, list, [.. fields.Cast<DataField>()], rows),
                Field other => throw Unsupported(other),
            }),
        ];
    }

    private string?[] Values(ParquetRowGroupReader reader, DataField field, int rows, int before)
    {
        using ParquetLeaf leaf = Leaf(reader, field);
        string?[] values = new string?[rows];
        for (int row = 0; row < rows; row++)
        {
            try
            {
                values[row] = leaf.Next(out string? value) ? value : null;
            }
            catch (DecoderFallbackException problem)
            {
                throw RunFailure.BadData(
                    $"{_displayName}, row {before + row + 1}: '{Excerpt.Of(field.Name)}' is not valid UTF-8; store it as text.",
                    "dataset",
                    problem);
            }
        }

        return values;
    }

    private string?[] Lists(ParquetRowGroupReader reader, ListField list, DataField[] fields, int rows)
    {
        bool objects = list.Item is StructField;
        ParquetLeaf[] leaves = [.. fields.Select(field => Leaf(reader, field))];
        try
        {
            string?[] values = new string?[rows];
            for (int row = 0; row < rows; row++)
            {
                values[row] = ParquetList.Json(leaves, objects, list.MaxDefinitionLevel, list.Item.MaxDefinitionLevel);
            }

            return values;
        }
        finally
        {
            Array.ForEach(leaves, leaf => leaf.Dispose());
        }
    }

    private ParquetLeaf Leaf(ParquetRowGroupReader reader, DataField field) =>
        ParquetLeaf.Read(reader, field) ?? throw Unsupported(field);

    private RunFailure Unsupported(Field field) => RunFailure.BadData(
        $"The column '{Excerpt.Of(field.Name)}' of {_displayName} has a type that is not read ({TypeName(field)}); convert it to text, "
            + "numbers or a list of them.",
        "dataset");

    private static string TypeName(Field field) =>
        field is DataField data ? data.ClrType.Name : field.SchemaType.ToString().ToLowerInvariant();
}
