namespace LoraLab.Server.Experiments.Sweeps.Space;

/// <summary>One side of a comparison; null if it has no value at this point.</summary>
internal delegate double? Expression(Func<string, double?> number);

/// <summary>A comparison that every run of a sweep must satisfy.</summary>
/// <param name="Text">Its source text.</param>
/// <param name="Fields">The searched fields in it.</param>
/// <param name="Left">The left side as a function of the searched fields' numbers.</param>
/// <param name="Operator">The comparison operator.</param>
/// <param name="Right">The right side, likewise.</param>
internal sealed record Constraint(string Text, IReadOnlySet<string> Fields, Expression Left, string Operator, Expression Right)
{
    /// <summary>Relative tolerance: products and quotients of decimal numbers are equal if they differ in the last digits only.</summary>
    private const double Rounding = 1e-9;

    /// <summary>
    /// Whether the constraint holds; false if a side has no value: a division by zero, or a field that is not a number at this point.
    /// </summary>
    public bool Holds(Func<string, double?> number)
    {
        if (Left(number) is not { } left || Right(number) is not { } right || !double.IsFinite(left) || !double.IsFinite(right))
        {
            return false;
        }

        bool same = Math.Abs(left - right) <= Rounding * Math.Max(Math.Abs(left), Math.Abs(right));
        return Operator switch
        {
            "<" => left < right && !same,
            "<=" => left < right || same,
            ">" => left > right && !same,
            ">=" => left > right || same,
            "==" => same,
            _ => !same,
        };
    }
}
