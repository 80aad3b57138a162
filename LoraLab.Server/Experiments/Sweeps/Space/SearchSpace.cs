using System.Globalization;
using System.Text.Json.Nodes;

namespace LoraLab.Server.Experiments.Sweeps.Space;

/// <summary>The searched fields and what must hold between them. A point has a coordinate for each field, in the fields' order.</summary>
internal sealed class SearchSpace(IReadOnlyList<Dimension> dimensions, IReadOnlyList<Constraint> constraints, IReadOnlyDictionary<string, double> constants)
{
    public IReadOnlyList<Dimension> Dimensions => dimensions;

    /// <summary>Numbers of the fields in the constraints that are the same in every run.</summary>
    public IReadOnlyDictionary<string, double> Constants => constants;

    public IReadOnlyList<Constraint> Constraints => constraints;

    /// <summary>Combinations without the constraints; null: no end of them.</summary>
    public double? Size => dimensions.Aggregate((double?)1, (size, dimension) => size * dimension.Size);

    public bool Allows(double[] point) => constraints.All(constraint => constraint.Holds(field => Number(point, field)));

    /// <summary>Value by field.</summary>
    public JsonObject Values(double[] point)
    {
        JsonObject values = [];
        for (int i = 0; i < dimensions.Count; i++)
        {
            values[dimensions[i].Field] = dimensions[i].Value(point[i]);
        }

        return values;
    }

    /// <summary>The point of values; null: they are not of this space.</summary>
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

    /// <summary>What two points share exactly when they are the same.</summary>
    public static string KeyOf(double[] point) => string.Join(';', point.Select(coordinate => coordinate.ToString("R", CultureInfo.InvariantCulture)));

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
