namespace LoraLab.Training.Data;

/// <summary>A column that a reader is asked for.</summary>
/// <param name="Key">The member of <c>dataset.json</c> that names it, for messages.</param>
/// <param name="Column">Where it is in the file.</param>
/// <param name="Kind">What it accepts.</param>
internal sealed record RequestedColumn(string Key, Column Column, ColumnKind Kind = ColumnKind.Text);
