using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Server.Experiments.Sweeps.Analysis;
using LoraLab.Server.Experiments.Sweeps.Sampling;
using LoraLab.Server.Experiments.Sweeps.Space;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Sweeps;

/// <summary>Hyper-parameter importance on synthetic results with known effects.</summary>
public sealed class FieldImportancesTests
{
    [Fact]
    public void Of_BalancedGrid_IsTheShareThatWasBuiltIn()
    {
        // y = 3·[rank = 8] + 1·[schedule = cosine] on a 2×2 grid, five times each, with noise that sums to 0 in every cell.
        SearchSpace space = Spaces.Of(Spaces.Choice("rank", 4, 8), Spaces.Choice("schedule", "linear", "cosine"));
        double[] noise = [-0.1, 0.1, 0, -0.2, 0.2];
        (double[] Point, double Value)[] runs = [.. from rank in Enumerable.Range(0, 2)
            from schedule in Enumerable.Range(0, 2) from n in noise select (new double[] { rank, schedule }, (3.0 * rank) + schedule + n)];

        IReadOnlyList<FieldImportance> fields = FieldImportances.Of(
            space, [.. runs.Select(run => run.Point)], [.. runs.Select(run => run.Value)]);

        Assert.Equal(["rank", "schedule"], fields.Select(field => field.Field));
        // SSB 45 and 5, noise 4·0.1: SST 50.4. ε² = (SSB − SSW/18)/SST.
        Assert.Equal((45 - (5.4 / 18)) / 50.4, fields[0].Share, 12);
        Assert.Equal((5 - (45.4 / 18)) / 50.4, fields[1].Share, 12);
        Assert.True(fields[0].Correlation > 0.8);
        Assert.Null(fields[1].Correlation);
    }

    [Fact]
    public void Of_BowlOverARate_FindsItAlthoughNothingRisesOrFalls()
    {
        SearchSpace space = Spaces.Of(Spaces.Log("learningRate", 1e-5, 1e-1), Spaces.Linear("dropout", 0, 0.5));
        IReadOnlyList<double[]> points = RandomSampler.Draw(space, 11, 60);

        IReadOnlyList<FieldImportance> fields = FieldImportances.Of(
            space, points, [.. points.Select(point => -Math.Pow(Math.Log10(point[0]) + 3, 2))]);

        Assert.Equal("learningRate", fields[0].Field);
        Assert.True(fields[0].Share > 0.7, $"{fields[0].Share}");
        Assert.True(Math.Abs(fields[0].Correlation!.Value) < 0.4, $"{fields[0].Correlation}");
        Assert.True(fields[1].Share < 0.1, $"{fields[1].Share}");
    }

    [Fact]
    public void Of_PureNoise_IsNearNothingOnAverage()
    {
        SearchSpace space = Spaces.Of(Spaces.Linear("dropout", 0, 0.5));
        double[] shares =
        [
            .. Enumerable.Range(0, 200).Select(seed =>
            {
                SeededRandom random = new(seed, 99);
                IReadOnlyList<double[]> points = RandomSampler.Draw(space, seed, 12);
                return FieldImportances.Of(space, points, [.. points.Select(_ => random.NextNormal())])[0].Share;
            }),
        ];

        // Uncorrected, three groups of twelve would have 2/11 on average.
        Assert.InRange(shares.Average(), 0, 0.11);
        Assert.True(shares.Order().ElementAt(100) < 0.05);
    }

    [Fact]
    public void Of_AllTheSame_IsNothing()
    {
        SearchSpace space = Spaces.Of(Spaces.Choice("rank", 4, 8));

        FieldImportance field = Assert.Single(FieldImportances.Of(
            space, [.. Enumerable.Range(0, 12).Select(i => new double[] { i % 2 })], [.. Enumerable.Repeat(0.875, 12)]));

        Assert.Equal((0, null), (field.Share, field.Correlation));
    }
}
