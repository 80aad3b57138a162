using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Comparison;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>The cells of a method's grid and of its extension.</summary>
internal static class StudyGrid
{
    /// <summary>Fields along which a grid can be extended.</summary>
    public static readonly string[] RateFields = [.. SpecFieldCatalog.Default.With(SpecRoles.LearningRate)];

    /// <summary>All combinations, the last field changing fastest; one empty cell without a grid.</summary>
    public static IReadOnlyList<JsonObject> Cells(StudyMethod method)
    {
        List<JsonObject> cells = [[]];
        foreach ((string field, IReadOnlyList<JsonNode> values) in method.Grid ?? new Dictionary<string, IReadOnlyList<JsonNode>>())
        {
            cells = [.. cells.SelectMany(cell => values.Select(value => With(cell, field, value)))];
        }

        return cells;
    }

    /// <summary>The first cell.</summary>
    public static JsonObject First(StudyMethod method) =>
        (method.Grid ?? new Dictionary<string, IReadOnlyList<JsonNode>>())
            .Aggregate(new JsonObject(), (cell, field) => With(cell, field.Key, field.Value[0]));

    /// <summary>Number of cells, computed without creating them and capped at the maximum of a long.</summary>
    public static long Count(StudyMethod method)
    {
        long count = 1;
        foreach (int values in (method.Grid ?? new Dictionary<string, IReadOnlyList<JsonNode>>()).Values.Select(values => values.Count))
        {
            count = values != 0 && count > long.MaxValue / values ? long.MaxValue : count * values;
        }

        return count;
    }

    /// <summary>A key that is equal for equal cells, whatever the order of their fields.</summary>
    public static string KeyOf(JsonObject cell) =>
        string.Join(';', cell.OrderBy(setting => setting.Key, StringComparer.Ordinal)
            .Select(setting => $"{setting.Key}={SpecDifferences.Canonical(setting.Value)}"));

    /// <summary>The cell's values, for messages.</summary>
    public static string Describe(JsonObject cell) => SettingFormat.FormatAll(cell, " and ");

    /// <summary>
    /// The cells one step beyond the grid next to <paramref name="best"/>: for each rate at the edge, the next value in the ratio of the
    /// last two values there; if both rates are at an edge, the corner too. Empty if the best cell lies inside.
    /// </summary>
    public static IReadOnlyList<JsonObject> ExtensionCells(StudyMethod method, JsonObject best)
    {
        List<JsonObject> cells = [(JsonObject)best.DeepClone()];
        foreach (string field in RateFields)
        {
            if (NextValue(Values(method, field, []), best, field) is double next)
            {
                cells = [.. cells, .. cells.Select(cell => With(cell, field, JsonValue.Create(next)))];
            }
        }

        return cells[1..];
    }

    /// <summary>The position of the selected cell's rates among all values tried; null if no rate had several values.</summary>
    public static GridPosition? PositionOf(StudyMethod method, IReadOnlyList<JsonObject> extension, JsonObject selected)
    {
        string[] tried = [.. RateFields.Where(field => Values(method, field, []).Count > 1)];
        if (tried.Length == 0)
        {
            return null;
        }

        return tried.Any(field => NextValue(Values(method, field, extension), selected, field) is not null) ? GridPosition.AtEdge
            : extension.Count > 0 ? GridPosition.InsideAfterExtension
            : GridPosition.Inside;
    }

    /// <summary>A learning rate of a cell; null if the cell has none.</summary>
    public static double? Rate(JsonObject cell, string field) =>
        cell[field] is JsonValue value && value.GetValueKind() == JsonValueKind.Number
            ? double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture)
            : null;

    private static IReadOnlyList<double> Values(StudyMethod method, string field, IReadOnlyList<JsonObject> extension) =>
    [
        .. (method.Grid?.GetValueOrDefault(field) ?? [])
            .Select(value => Rate(With([], field, value), field))
            .Concat(extension.Select(cell => Rate(cell, field)))
            .OfType<double>().Distinct().Order(),
    ];

    private static double? NextValue(IReadOnlyList<double> values, JsonObject selected, string field)
    {
        if (values.Count < 2 || Rate(selected, field) is not double value)
        {
            return null;
        }

        return value == values[0] ? Round(value * (values[0] / values[1]))
            : value == values[^1] ? Round(value * (values[^1] / values[^2]))
            : null;
    }

    /// <summary>Rounds to 6 significant digits: 0.0008, not 0.0008000000000000001.</summary>
    private static double Round(double value) =>
        double.Parse(value.ToString("G6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static JsonObject With(JsonObject cell, string field, JsonNode value)
    {
        JsonObject with = (JsonObject)cell.DeepClone();
        with[field] = value.DeepClone();
        return with;
    }
}
