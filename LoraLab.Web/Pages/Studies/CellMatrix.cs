using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;

namespace LoraLab.Web.Pages.Studies;

/// <summary>Results of a grid over exactly two fields, as a table.</summary>
/// <param name="Across">Field of the columns.</param>
/// <param name="Down">Field of the rows.</param>
/// <param name="Columns">Values of the column field, ascending.</param>
/// <param name="Rows">Values of the row field, ascending.</param>
/// <param name="Cells">The cell of each row and column; null: not run.</param>
/// <param name="Selected">The selected cell; null: none yet.</param>
/// <param name="Sign">1: higher results are better; -1: lower ones.</param>
public sealed record CellMatrix(
    string Across,
    string Down,
    IReadOnlyList<JsonNode?> Columns,
    IReadOnlyList<JsonNode?> Rows,
    IReadOnlyList<IReadOnlyList<StudyCell?>> Cells,
    JsonObject? Selected,
    int Sign)
{
    /// <summary>The table of an arm; null unless its cells span exactly two fields with several values each.</summary>
    internal static CellMatrix? TryCreate(StudyArm arm, int sign)
    {
        string[] fields = [.. arm.Cells.SelectMany(cell => cell.Settings.Select(setting => setting.Key)).Distinct()];
        if (fields.Length != 2)
        {
            return null;
        }

        IReadOnlyList<JsonNode?> columns = Values(arm, fields[1]);
        IReadOnlyList<JsonNode?> rows = Values(arm, fields[0]);
        return columns.Count < 2 || rows.Count < 2 ? null : new CellMatrix(
            fields[1], fields[0], columns, rows,
            [.. rows.Select(row => (IReadOnlyList<StudyCell?>)[.. columns.Select(column =>
                arm.Cells.FirstOrDefault(cell => Same(cell.Settings[fields[0]], row) && Same(cell.Settings[fields[1]], column)))])],
            arm.Selected,
            sign);
    }

    /// <summary>A result scaled to [0, 1] between the worst and the best of the table.</summary>
    internal double Normalize(double result)
    {
        double[] results = [.. Cells.SelectMany(row => row).Select(cell => cell?.Result).OfType<double>()];
        double share = results.Max() == results.Min() ? 1 : (result - results.Min()) / (results.Max() - results.Min());
        return Sign < 0 && results.Max() != results.Min() ? 1 - share : share;
    }

    private static IReadOnlyList<JsonNode?> Values(StudyArm arm, string field) =>
        [.. arm.Cells.Select(cell => cell.Settings[field]).DistinctBy(value => value?.ToJsonString()).OrderBy(Number)
            .ThenBy(value => value?.ToJsonString(), StringComparer.Ordinal)];

    private static double Number(JsonNode? value) =>
        value is JsonValue number && number.TryGetValue(out double real) ? real : double.PositiveInfinity;

    private static bool Same(JsonNode? one, JsonNode? other) => one?.ToJsonString() == other?.ToJsonString();
}
