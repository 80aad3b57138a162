namespace LoraLab.Benchmarks.Protocol;

/// <summary>One row of the table.</summary>
internal sealed record Finding
{
    /// <summary>Name of the measurement.</summary>
    public required string Measurement { get; init; }

    /// <summary>What the figure is.</summary>
    public required string What { get; init; }

    /// <summary>What it is compared with.</summary>
    public string? A { get; init; }

    /// <summary>What is compared.</summary>
    public string? B { get; init; }

    /// <summary>Unit of the figure, for example <c>× (A / B)</c>.</summary>
    public required string Unit { get; init; }

    /// <summary>The figure, with its range over the repeats where it was timed.</summary>
    public Spread? Value { get; init; }

    /// <summary>The same on the wall's clock, where the figure is of CPU time.</summary>
    public double? Wall { get; init; }

    /// <summary>A side against itself.</summary>
    public Spread? Control { get; init; }

    /// <summary>The clock; null for what was counted.</summary>
    public Clock? Clock { get; init; }

    /// <summary>What it has to be.</summary>
    public Target? Target { get; init; }

    /// <summary>What became of that.</summary>
    public Verdict Verdict { get; init; }

    /// <summary>Absolute figures behind the ratio, by name with unit.</summary>
    public IReadOnlyDictionary<string, double> Details { get; init; } = new Dictionary<string, double>();

    /// <summary>What one has to know to read it.</summary>
    public string? Note { get; init; }

    /// <summary>The verdict by the rules of the protocol.</summary>
    public Finding Judged() => this with { Verdict = Judge() };

    private Verdict Judge()
    {
        if (Value is null)
        {
            return Verdict.NotMeasured;
        }

        if (Target is not Target target)
        {
            return Verdict.Informative;
        }

        if (!target.Meets(Value.Median, target.Must))
        {
            return Verdict.Missed;
        }

        if (!target.Meets(target.Worst(Value), target.Must) || (Control is not null && Control.Width >= target.Gain / 4))
        {
            return Verdict.Unproven;
        }

        return target.Reach is double reach && target.Meets(Value.Median, reach) ? Verdict.Reached : Verdict.Met;
    }
}
