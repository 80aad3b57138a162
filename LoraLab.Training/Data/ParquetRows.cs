using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Data;

/// <summary>Reads the rows of a Parquet file.</summary>
/// <param name="displayName">Name of the file in messages.</param>
/// <param name="requested">The columns whose values the rows have, in this order.</param>
/// <param name="problems">Receives the problems of single rows, which are left out.</param>
/// <param name="before">Rows of the files before this one.</param>
internal sealed class ParquetRows(string displayName, IReadOnlyList<RequestedColumn> requested, RowProblems problems, int before = 0)
{
    private static readonly byte[] _signature = [.. "PAR1"u8];

    /// <summary>Reads the rows.</summary>
    /// <param name="bytes">Bytes of the file.</param>
    /// <exception cref="RunFailure">It is not a Parquet file, is damaged, or lacks a column; field <c>dataset</c>.</exception>
    public IEnumerable<RawRow> Read(byte[] bytes)
    {
        if (!bytes.AsSpan().StartsWith(_signature))
        {
            throw RunFailure.BadData(
                $"{displayName} "
                    + $"{FileSignature.OfBinary(bytes) ?? "is not a Parquet file; download it again, or set 'format' in dataset.json"}.",
                "dataset");
        }

        using ParquetTable table = ParquetTable.Open(bytes, displayName);
        int[] indices = [.. requested.Select(column => Index(table, column))];
        int row = before;
        foreach (string?[] values in table.Rows(indices))
        {
            row++;
            int missing = Array.FindIndex(values, value => value is null);
            if (missing >= 0 && requested[missing].Kind is ColumnKind.Text or ColumnKind.Json)
            {
                problems.Add(row, $"'{Excerpt.Of(requested[missing].Column.Name)}' is missing");
            }
            else
            {
                yield return new RawRow(row, values);
            }
        }
    }

    private int Index(ParquetTable table, RequestedColumn column)
    {
        int index = table.Columns.ToList().IndexOf(column.Column.Name);
        if (index < 0)
        {
            throw RunFailure.BadData(
                $"{displayName} has no column '{Excerpt.Of(column.Column.Name)}', which '{column.Key}' names; it has "
                    + $"{Excerpt.Of(table.Columns)}; name one of them in dataset.json.",
                "dataset");
        }

        bool accepted = column.Kind == ColumnKind.Scalar || table.IsList(index) == (column.Kind == ColumnKind.Json);
        return accepted ? index : throw RunFailure.BadData(
            $"The column '{Excerpt.Of(column.Column.Name)}' of {displayName}, which '{column.Key}' names, "
                + (column.Kind == ColumnKind.Json
                    ? "does not hold lists"
                    : "holds lists, not texts") + "; name another one in dataset.json.",
            "dataset");
    }
}
