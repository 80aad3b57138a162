namespace LoraLab.Server.Experiments.Sweeps.Space;

/// <summary>The meaning of a name in a constraint.</summary>
/// <param name="Value">Its number in every run; null: it is searched.</param>
/// <param name="Problem">Why the name is not a number; null: it is one.</param>
internal readonly record struct ConstraintOperand(double? Value, string? Problem)
{
    public static ConstraintOperand Searched => default;
}
