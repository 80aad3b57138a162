using System.Text.Json;

namespace LoraLab.Training.Data;

/// <summary>A row as it is in a file.</summary>
/// <param name="Line">Line in the file, from 1.</param>
/// <param name="Values">Value of each requested column, in their order; null: it is missing, which only some kinds of column allow.</param>
internal readonly record struct RawRow(int Line, string?[] Values)
{
    /// <summary>The value of a column of kind <see cref="ColumnKind.Json"/>.</summary>
    public JsonElement Json(int column)
    {
        using JsonDocument document = JsonDocument.Parse(Values[column]!);
        return document.RootElement.Clone();
    }
}
