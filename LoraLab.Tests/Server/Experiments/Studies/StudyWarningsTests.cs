using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Experiments.Studies.Steps;
using LoraLab.Tests.Server.Storage;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary>What a study says about runs that its results should not be read without.</summary>
public sealed class StudyWarningsTests
{
    [Fact]
    public void Runs_ThatStoppedEarly_AreNamedWithTheReason()
    {
        string[] warnings = [.. Of(Run("r1", EndReason.EarlyStopped), Run("r2", EndReason.Finished), Run("r3", EndReason.EarlyStopped))];

        Assert.StartsWith(
            "2 runs stopped early (r1, r3): each method was trained for as many steps as its own evaluations chose",
            Assert.Single(warnings),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Runs_ThatFinished_AreNotWarnedOf() => Assert.Empty(Of(Run("r1", EndReason.Finished)));

    private static IEnumerable<string> Of(params RunDocument[] runs) => StudyWarnings.Of(
        new StoredStudy { Plan = new StudyPlan { Model = "sample", Dataset = "sample" }, Arms = [] },
        [],
        runs.ToDictionary(run => run.Id));

    private static RunDocument Run(string id, EndReason reason) =>
        StoreOnDisk.Run(id).Document with { State = RunState.Completed, EndReason = reason };
}
