using System.Globalization;

namespace LoraLab.Training.Torch.Quantization;

/// <summary>How far weights in four bits are from those of the model, as squared Frobenius norms.</summary>
/// <param name="Start">Of the difference at the start of training: a quantized residual with the factors that were taken out.</param>
/// <param name="Plain">Of the difference if the weights themselves had been quantized.</param>
/// <param name="Norm">Of the weights.</param>
public sealed record QuantizationError(double Start, double Plain, double Norm)
{
    /// <summary>The sum over layers; null: there are none.</summary>
    public static QuantizationError? Sum(IEnumerable<QuantizationError> layers) => layers.Aggregate(
        (QuantizationError?)null,
        (sum, layer) => sum is null ? layer : new(sum.Start + layer.Start, sum.Plain + layer.Plain, sum.Norm + layer.Norm));

    /// <summary>The distances as a sentence.</summary>
    public override string ToString() =>
        $"the quantized start differs from the model by {Share(Start)} of the norm of its adapted weights; "
            + $"with the weights themselves in four bits it would be {Share(Plain)}";

    private string Share(double squared) => (100 * Math.Sqrt(squared / Norm)).ToString("0.00", CultureInfo.InvariantCulture) + "%";
}
