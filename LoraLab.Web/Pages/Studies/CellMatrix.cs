using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;

namespace LoraLab.Web.Pages.Studies;

/// <summary>The cells of a grid over exactly two fields as a table of accuracies.</summary>
/// <param name="Across">Field of the columns.</param>
/// <param name="Down">Field of the rows.</param>
/// <param name="Columns">Its values, ascending.</param>
/// <param name="Rows">Its values, ascending.</param>
/// <param name="Cells">The cell of each row and column; null: not tried.</param>
/// <param name="Selected">The chosen cell.</param>
public sealed record CellMatrix(string Across, string Down, IReadOnlyList<JsonNode?> Columns, IReadOnlyList<JsonNode?> Rows, IReadOnlyList<IReadOnlyList<StudyCell?>> Cells, JsonObject? Selected)
{
    /// <summary>Null where the cells do not lie over two fields with several values each.</summary>
    internal static CellMatrix? Of(StudyArm arm)
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
            [.. rows.Select(row => (IReadOnlyList<StudyCell?>)[.. columns.Select(column => arm.Cells.FirstOrDefault(cell => Same(cell.Settings[fields[0]], row) && Same(cell.Settings[fields[1]], column)))])],
            arm.Selected);
    }

    /// <summary>Where an accuracy lies between the lowest and the highest, in [0, 1].</summary>
    internal double Share(double accuracy)
    {
        double[] known = [.. Cells.SelectMany(row => row).Select(cell => cell?.Accuracy).OfType<double>()];
        return known.Max() == known.Min() ? 1 : (accuracy - known.Min()) / (known.Max() - known.Min());
    }

    private static IReadOnlyList<JsonNode?> Values(StudyArm arm, string field) =>
        [.. arm.Cells.Select(cell => cell.Settings[field]).DistinctBy(value => value?.ToJsonString()).OrderBy(Number).ThenBy(value => value?.ToJsonString(), StringComparer.Ordinal)];

    private static double Number(JsonNode? value) => value is JsonValue number && number.TryGetValue(out double real) ? real : double.PositiveInfinity;

    private static bool Same(JsonNode? one, JsonNode? other) => one?.ToJsonString() == other?.ToJsonString();
}
