using LoraLab.Contracts.Runs;
using LoraLab.Web.Components;
using Xunit;

namespace LoraLab.Tests.Web.Components;

/// <summary>Names of a study's runs begin alike: what is shown is the rest, which tells them apart.</summary>
public sealed class RunNamePartsTests
{
    [Theory]
    [InlineData("small: lora with rank 8, seed 3", "study1", "small", "lora with rank 8, seed 3")]
    [InlineData("small: lora, seed 3", null, null, "small: lora, seed 3")]
    [InlineData("renamed", "study1", null, "renamed")]
    [InlineData("ends with: ", "study1", null, "ends with: ")]
    [InlineData(": lora", "study1", null, ": lora")]
    public void Of_RunOfAStudyOrNot_LeavesTheStudysNameOut(string name, string? study, string? experiment, string rest)
    {
        RunNameParts parts = RunNameParts.Of(Run(name) with { StudyId = study });

        Assert.Equal(new RunNameParts(experiment, rest), parts);
    }

    /// <summary>The study's name may hold what separates it, and commas, which a tag has not.</summary>
    [Fact]
    public void Of_NameOfTheStudyWithColonAndComma_EndsWhereItsTagEnds()
    {
        RunDocument run = Run("SST-2: ranks, again: lora, seed 3") with { StudyId = "study1", Tags = ["SST-2", "SST-2: ranks  again"] };

        Assert.Equal(new RunNameParts("SST-2: ranks, again", "lora, seed 3"), RunNameParts.Of(run with { Tags = ["SST-2: ranks  again"] }));
        Assert.Equal("lora, seed 3", RunNameParts.Of(run).Name);
    }

    private static RunDocument Run(string name) => new() { Id = "run0", Name = name, Color = "#2a78d6", Spec = new RunSpec() };
}
