namespace LoraLab.Server.Experiments.Sweeps.Space;

/// <summary>What a name in a constraint stands for.</summary>
/// <param name="Value">The number that it is in every run; null: it is searched.</param>
/// <param name="Problem">Why it stands for no number, in words; null: it does.</param>
internal readonly record struct ConstraintOperand(double? Value, string? Problem)
{
    public static ConstraintOperand Searched => default;
}
