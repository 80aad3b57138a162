using LoraLab.Benchmarks.Protocol;
using LoraLab.Training.Torch.Quantization;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>Weights in fp32 that one core quantizes to NF4 in a second.</summary>
internal sealed class QuantizeRate : IMeasurement
{
    private const int Weights = 1 << 24;

    /// <inheritdoc />
    public string Name => "quantize-nf4";

    /// <inheritdoc />
    public string Description => "weights quantized to NF4 in a second by one core";

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        Random random = new(1);
        float[] values = [.. Enumerable.Range(0, Weights).Select(_ => (float)(random.NextDouble() - 0.5))];
        byte[] codes = new byte[Nf4.Blocks(Weights) * Nf4.BlockBytes];
        float[] maxima = new float[Nf4.Blocks(Weights)];
        Nf4.Quantize(values, codes, maxima);
        List<double> rates = [];
        for (int repeat = 0; repeat < Math.Max(5, bench.Repeats); repeat++)
        {
            double seconds = Duration.Measure(() => Nf4.Quantize(values, codes, maxima)).On(bench.Clock);
            rates.Add(Weights / seconds / 1e6);
            bench.Log($"  {repeat + 1}: {rates[^1]:0} M/s");
        }

        return
        [
            new Finding
            {
                Measurement = Name,
                Description = Description,
                B = "LoraLab",
                Unit = "M weights/s",
                Value = Spread.From(rates),
                Clock = bench.Clock,
                Target = Target.AtLeast(150),
            }.WithVerdict(),
        ];
    }
}
