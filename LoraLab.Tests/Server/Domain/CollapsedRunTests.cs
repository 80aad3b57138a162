using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using Xunit;

namespace LoraLab.Tests.Server.Domain;

/// <summary>A run that predicts one label for every row.</summary>
public sealed class CollapsedRunTests
{
    // All 20 rows predicted as positive, of which there are 12: F1 of 24/32 for it and 0 for the other.
    [Fact]
    public void LabelOf_EveryRowPredictedAsOne_IsThatLabel() =>
        Assert.Equal("positive", CollapsedRun.LabelOf(Run(12, 24.0 / 32 / 2, 8, 12)));

    [Fact]
    public void LabelOf_EquallyFrequentLabels_NamesBoth() =>
        Assert.Equal("negative or positive", CollapsedRun.LabelOf(Run(10, 20.0 / 30 / 2, 10, 10)));

    // As many right, but 9 of 12 positive rows and 3 of 8 negative ones: F1 of 18/26 and 6/14.
    [Fact]
    public void LabelOf_SameAccuracyWithBothLabels_IsNull() =>
        Assert.Null(CollapsedRun.LabelOf(Run(12, ((18.0 / 26) + (6.0 / 14)) / 2, 8, 12)));

    [Fact]
    public void LabelOf_NothingEvaluated_IsNull()
    {
        RunDocument run = Run(12, 0.375, 8, 12);

        Assert.Null(CollapsedRun.LabelOf(run with { Summary = new RunSummary() }));
        Assert.Null(CollapsedRun.LabelOf(run with { Attempts = [] }));
    }

    private static RunDocument Run(int correct, double macroF1, int negative, int positive) => new()
    {
        Id = "a",
        Name = "a",
        Color = "#1f77b4",
        Spec = new RunSpec(),
        Summary = new RunSummary { Correct = correct, EvalRows = negative + positive }.After(
            MetricCatalog.Default.Of(MetricKeys.EvalMacroF1), 1, macroF1),
        Attempts =
        [
            new RunAttempt
            {
                Number = 1,
                Environment = new RunEnvironment
                {
                    EvalLabels = new Dictionary<string, int> { ["negative"] = negative, ["positive"] = positive },
                },
            },
        ],
    };
}
