using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Sweeps;

namespace LoraLab.Server.Experiments.Sweeps.Space;

/// <summary>A searched field with its coordinate: the index of a choice, otherwise the number itself.</summary>
internal sealed record Dimension(string Field, SweepRange Range)
{
    /// <summary>Significant digits of a sampled number: precise enough for a search, short enough to read.</summary>
    private const int Digits = 4;

    private const int MaxIntegers = 100_000;

    /// <summary>The values of a choice.</summary>
    public IReadOnlyList<JsonNode?> Choices { get; init; } = [];

    /// <summary>Smallest number of a range.</summary>
    public double Low { get; init; }

    /// <summary>Largest number of a range.</summary>
    public double High { get; init; }

    /// <summary>Number of values in a grid; null: every integer.</summary>
    public int? Steps { get; init; }

    public bool IsChoice => Range == SweepRange.Choice;

    public bool IsLog => Range == SweepRange.LogUniform;

    /// <summary>Number of distinct values; null: infinite.</summary>
    public long? Size => Range switch
    {
        SweepRange.Choice => Choices.Count,
        SweepRange.Integer => (long)(High - Low) + 1,
        _ => Low == High ? 1 : null,
    };

    /// <summary>The coordinates of a grid, in order.</summary>
    public IReadOnlyList<double> GridValues()
    {
        if (IsChoice)
        {
            return [.. Enumerable.Range(0, Choices.Count).Select(index => (double)index)];
        }

        if (Range == SweepRange.Integer && Steps is null)
        {
            return [.. Enumerable.Range(0, (int)Math.Min(Size!.Value, MaxIntegers)).Select(offset => Low + offset)];
        }

        int steps = Steps!.Value;
        return steps == 1 || Low == High ? [Low] : [.. Enumerable.Range(0, steps).Select(i => At((double)i / (steps - 1))).Distinct()];
    }

    /// <summary>The coordinate at a fraction of the way from low to high, on the scale of the range.</summary>
    public double At(double fraction)
    {
        double value = IsLog ? Math.Exp(Math.Log(Low) + (fraction * (Math.Log(High) - Math.Log(Low)))) : Low + (fraction * (High - Low));
        return Normalize(value);
    }

    /// <summary>Clamps a coordinate to the range and rounds it: to an integer, or to <see cref="Digits"/> significant digits.</summary>
    public double Normalize(double value)
    {
        double normalized = Range == SweepRange.Integer ? Math.Round(value) : Rounded(value);
        return Math.Clamp(normalized, Low, High);
    }

    /// <summary>The field's value at a coordinate; null is a valid choice.</summary>
    public JsonNode? Value(double coordinate) => Range switch
    {
        SweepRange.Choice => Choices[(int)coordinate]?.DeepClone(),
        SweepRange.Integer => JsonValue.Create((long)coordinate),
        _ => JsonValue.Create(coordinate),
    };

    /// <summary>The coordinate of a value; null if the field cannot have it.</summary>
    public double? Coordinate(JsonNode? value)
    {
        if (!IsChoice)
        {
            return SpecFields.Number(value) is { } number && number >= Low && number <= High ? number : null;
        }

        for (int i = 0; i < Choices.Count; i++)
        {
            if (JsonNode.DeepEquals(Choices[i], value))
            {
                return i;
            }
        }

        return null;
    }

    /// <summary>The number for constraints; null if the value is not a number.</summary>
    public double? Number(double coordinate) => IsChoice ? SpecFields.Number(Choices[(int)coordinate]) : coordinate;

    private static double Rounded(double value)
    {
        if (value == 0)
        {
            return 0;
        }

        int places = Digits - 1 - (int)Math.Floor(Math.Log10(Math.Abs(value)));
        // A decimal string, not a product: 0.0003 stays 0.0003.
        return places is >= 0 and <= 15
            ? Math.Round(value, places)
            : double.Parse(value.ToString($"E{Digits - 1}", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }
}
