using System.Globalization;
using System.Text.Json.Nodes;

namespace LoraLab.Server.Experiments.Sweeps.Space;

/// <summary>The searched fields and their constraints. A point has one coordinate per field, in the order of the fields.</summary>
internal sealed class SearchSpace(
    IReadOnlyList<Dimension> dimensions, IReadOnlyList<Constraint> constraints, IReadOnlyDictionary<string, double> constants)
{
    public IReadOnlyList<Dimension> Dimensions => dimensions;

    /// <summary>Values of the fields in the constraints that are not searched.</summary>
    public IReadOnlyDictionary<string, double> Constants => constants;

    public IReadOnlyList<Constraint> Constraints => constraints;

    /// <summary>Number of combinations without the constraints; null: infinite.</summary>
    public double? Size => dimensions.Aggregate((double?)1, (size, dimension) => size * dimension.Size);

    public bool Allows(double[] point) => constraints.All(constraint => constraint.Holds(field => Number(point, field)));

    /// <summary>The value of each field at a point.</summary>
    public JsonObject Values(double[] point)
    {
        JsonObject values = [];
        for (int i = 0; i < dimensions.Count; i++)
        {
            values[dimensions[i].Field] = dimensions[i].Value(point[i]);
        }

        return values;
    }

    /// <summary>The point with these values; null if they are not in this space.</summary>
    public double[]? PointOf(JsonObject values)
    {
        double[] point = new double[dimensions.Count];
        for (int i = 0; i < point.Length; i++)
        {
            if (dimensions[i].Coordinate(values[dimensions[i].Field]) is not { } coordinate)
            {
                return null;
            }

            point[i] = coordinate;
        }

        return point;
    }

    public bool Has(string field) => dimensions.Any(dimension => dimension.Field == field);

    /// <summary>A key that is equal exactly for equal points.</summary>
    public static string KeyOf(double[] point) =>
        string.Join(';', point.Select(coordinate => coordinate.ToString("R", CultureInfo.InvariantCulture)));

    private double? Number(double[] point, string field)
    {
        for (int i = 0; i < dimensions.Count; i++)
        {
            if (dimensions[i].Field == field)
            {
                return dimensions[i].Number(point[i]);
            }
        }

        return null;
    }
}
