using LoraLab.Contracts;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Experiments.Studies.Evidence;

/// <summary>Learning rates of the factors A and B.</summary>
/// <param name="A">ηA.</param>
/// <param name="B">ηB; equal to ηA for methods with one learning rate.</param>
internal sealed record LearningRates(double A, double B)
{
    /// <summary>Relative tolerance: products and multiples of rates are not exact in binary.</summary>
    private const double Rounding = 1e-6;

    public double Ratio => B / A;

    public double Product => A * B;

    public static LearningRates? Of(RunSpec spec) => spec.LearningRate is > 0 and double a ? new(a, spec.LearningRateB ?? a) : null;

    public static bool Same(double x, double y) => Math.Abs(x - y) <= Rounding * Math.Max(Math.Abs(x), Math.Abs(y));

    public bool IsSame(LearningRates other) => Same(A, other.A) && Same(B, other.B);

    public override string ToString() => $"ηA = {NumberFormat.Setting(A)}, ηB = {NumberFormat.Setting(B)}";
}
