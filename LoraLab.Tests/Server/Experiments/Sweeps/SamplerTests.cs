using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Server.Experiments.Sweeps.Sampling;
using LoraLab.Server.Experiments.Sweeps.Space;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Sweeps;

/// <summary>The random and TPE samplers: their draws and their search performance.</summary>
public sealed class SamplerTests(ITestOutputHelper output)
{
    private static readonly SearchSpace _mixed = Spaces.Of(
        Spaces.Log("learningRate", 1e-6, 1e-1), Spaces.Linear("dropout", 0, 0.9), Spaces.Whole("rank", 1, 64), Spaces.Choice(
            "schedule", "linear", "constant", "cosine"));

    [Fact]
    public void Random_SameSeed_DrawsTheSamePointsAndMoreOfThemContinueTheSequence()
    {
        IReadOnlyList<double[]> some = RandomSampler.Draw(_mixed, 7, 20);

        Assert.Equal(some, RandomSampler.Draw(_mixed, 7, 50).Take(20));
        Assert.NotEqual(some, RandomSampler.Draw(_mixed, 8, 20));
        Assert.Equal(20, some.DistinctBy(SearchSpace.KeyOf).Count());
        Assert.All(some, point => Assert.True(point[0] is >= 1e-6 and <= 1e-1 && point[1] is >= 0 and <= 0.9 && point[2] is >= 1 and <= 64
            && double.IsInteger(point[2]) && point[3] is 0 or 1 or 2));
    }

    [Fact]
    public void Random_LogUniform_DrawsEveryOrderOfMagnitudeAsOften()
    {
        int[] counts = [.. RandomSampler.Draw(_mixed, 1, 2000).CountBy(point => Math.Clamp((int)Math.Floor(Math.Log10(point[0])), -6, -2))
            .OrderBy(pair => pair.Key).Select(pair => pair.Value)];

        // 400 ± 6 standard deviations of a binomial share of a fifth.
        Assert.All(counts, count => Assert.InRange(count, 290, 510));
        Assert.Equal(5, counts.Length);
    }

    [Fact]
    public void Random_SmallSpace_EndsWhenEveryPointWasDrawnOnce()
    {
        SearchSpace space = Spaces.Of(new SweepPlan
        {
            Sampler = SweepSampler.Random,
            Space = [Spaces.Whole("rank", 1, 4), Spaces.Choice("alpha", 8, 16)],
            Constraints = ["rank != 2"],
        });

        Assert.Equal(6, RandomSampler.Draw(space, 3, 100).DistinctBy(SearchSpace.KeyOf).Count());
    }

    [Fact]
    public void Tpe_SameResults_ProposesTheSamePointAndNeverOneTwice()
    {
        List<Observation> first = Search(_mixed, 3, 40, Bowl);

        Assert.Equal(first.Select(observation => observation.Point), Search(_mixed, 3, 40, Bowl).Select(observation => observation.Point));
        Assert.Equal(40, first.DistinctBy(observation => SearchSpace.KeyOf(observation.Point)).Count());
    }

    [Fact]
    public void Tpe_Constraints_HoldForEveryProposal()
    {
        SearchSpace space = Spaces.Of(new SweepPlan
        {
            Sampler = SweepSampler.Tpe,
            Space = [Spaces.Log("learningRate", 1e-5, 1e-1), Spaces.Log("weightDecay", 1e-5, 1e-1)],
            Constraints = ["weightDecay >= learningRate"],
        });

        List<Observation> found = Search(space, 5, 60, point => -Math.Abs(Math.Log10(point[0]) + 2) - Math.Abs(Math.Log10(point[1]) + 2));

        Assert.Equal(60, found.Count);
        Assert.All(found, observation => Assert.True(observation.Point[1] >= observation.Point[0] * (1 - 1e-9)));
    }

    [Fact]
    public void Tpe_SmallSpace_EndsWhenEveryPointWasTried()
    {
        SearchSpace space = Spaces.Of(Spaces.Choice("rank", 4, 8, 16), Spaces.Choice("alpha", 8, 16));

        Assert.Equal(6, Search(space, 0, 50, point => point[0]).Count);
    }

    [Fact]
    public void Tpe_RunsUnderWayAndFailed_AreKeptAwayFrom()
    {
        SearchSpace space = Spaces.Of(Spaces.Linear("alpha", 1, 100));
        List<Observation> observed =
        [
            .. Enumerable.Range(1, 20).Select(i => new Observation([i], i <= 10 ? i : null)),
            .. Enumerable.Range(30, 10).Select(i => new Observation([i * 2], i * 2)),
        ];

        // Far from the failures below 21, near what was best.
        Assert.All(Enumerable.Range(0, 20), seed => Assert.InRange(TpeSampler.Next(space, seed, 2, observed)![0], 40, 100));
    }

    [Fact]
    public void Tpe_KnownFunction_BeatsRandomByAMarginThatIsNotLuck()
    {
        const int Seeds = 40;
        const int Runs = 60;
        double[] tpe =
            [.. Enumerable.Range(0, Seeds).Select(seed => Search(_mixed, seed, Runs, Bowl).Max(observation => observation.Score!.Value))];
        double[] random = [.. Enumerable.Range(0, Seeds).Select(seed => RandomSampler.Draw(_mixed, seed, Runs).Max(Bowl))];
        int wins = tpe.Zip(random).Count(pair => pair.First > pair.Second);
        output.WriteLine($"best of {Runs}, the optimum is 0: TPE median {tpe.Order().ElementAt(Seeds / 2):0.000}, "
            + $"random {random.Order().ElementAt(Seeds / 2):0.000}; TPE is better with {wins} of {Seeds} seeds");

        // With 30 of 40 the sign test's one-sided p is 0.0011.
        Assert.InRange(wins, 30, Seeds);
        Assert.True(
            tpe.Order().ElementAt(Seeds / 2) > random.Order().ElementAt(Seeds / 2) / 2,
            "TPE's median is not at half the distance to the optimum.");
    }

    /// <summary>A bowl in the logarithm of the rate, dropout and rank, with a better and two worse schedules; 0 at its best.</summary>
    private static double Bowl(double[] point) =>
        -(Math.Pow(Math.Log10(point[0]) + 3, 2) + Math.Pow((point[1] - 0.3) * 3, 2) + Math.Pow((point[2] - 20) / 20, 2)
            + (point[3] == 2 ? 0 : 0.5));

    private static List<Observation> Search(SearchSpace space, long seed, int runs, Func<double[], double> result)
    {
        List<Observation> observed = [];
        while (observed.Count < runs && TpeSampler.Next(space, seed, 10, observed) is { } point)
        {
            observed.Add(new Observation(point, result(point)));
        }

        return observed;
    }
}
