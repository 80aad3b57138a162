using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Server.Storage;
using LoraLab.Tests.Support;
using LoraLab.Training.Training.Fingerprints;
using Xunit;

namespace LoraLab.Tests.Training.Training.Fingerprints;

public sealed class SpecHashTests
{
    [Fact]
    public void Matches_CheckpointsOfVersion01_AreRecognized()
    {
        using EarlierData data = new(hasDatabase: true);
        string[] states = Directory.GetFiles(Path.Combine(data.Path, "runs"), "state.json", SearchOption.AllDirectories);

        Assert.NotEmpty(states);
        Assert.All(states, file =>
        {
            string stored = (string)JsonNode.Parse(File.ReadAllText(file))!["specSha256"]!;
            string run = Path.GetFullPath(Path.Combine(file, "..", "..", ".."));
            RunSpec spec = JsonSerializer.Deserialize<RunSpec>(File.ReadAllText(Path.Combine(run, "spec.json")), ContractJson.Options)!;

            Assert.True(SpecHash.Matches(stored, spec), file);
            Assert.False(SpecHash.Matches(stored, spec with { WeightDecay = 0.5 }), file);
        });
    }

    [Fact]
    public void Of_NewDescription_DoesNotChange()
    {
        RunSpec spec = new() { Rank = 4 };

        Assert.Equal(SpecHash.Of(spec), SpecHash.Of(spec with { Name = "other", Notes = "seen", Tags = ["kept"], Priority = 7 }));
    }

    [Fact]
    public void Of_EveryOtherField_Counts()
    {
        string hash = SpecHash.Of(new RunSpec());
        RunSpec[] changed =
        [
            new() { Rank = 4 }, new() { Seed = 1 }, new() { Device = "cpu" }, new() { MaxGradNorm = null }, new() { PackTokens = 64 },
            new() { TargetModules = TargetModules.AllLinear }, new() { MethodOptions = new() { ["init"] = "gaussian" } },
        ];

        Assert.All(changed, spec => Assert.NotEqual(hash, SpecHash.Of(spec)));
        Assert.Equal(changed.Length, changed.Select(SpecHash.Of).Distinct().Count());
    }

    [Fact]
    public void Of_OptionAtItsDefault_CountsAsOmitted() => Assert.Equal(
        SpecHash.Of(new RunSpec()), SpecHash.Of(new RunSpec { MethodOptions = new() { ["init"] = "kaiming" } }));

    [Fact]
    public void Legacy_AddedField_IsNotCovered() => Assert.Equal(
        LegacySpecHash.Of(new RunSpec()), LegacySpecHash.Of(new ProbeSpec()));
}
