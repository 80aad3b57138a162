namespace LoraLab.Training.Tasks;

/// <summary>The predictions of an evaluation as a table, whose columns are those of the task's prediction row.</summary>
/// <param name="Columns">Names of the columns.</param>
/// <param name="Rows">Cells of each row, formatted for a file; computed when read.</param>
public sealed record PredictionTable(IReadOnlyList<string> Columns, IEnumerable<IReadOnlyList<string>> Rows);
