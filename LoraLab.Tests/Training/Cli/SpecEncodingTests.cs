using System.Text;
using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Training.Cli;

/// <summary>Specifications as editors on Windows save them.</summary>
public sealed class SpecEncodingTests
{
    [Fact]
    public void Train_ByteOrderMarkAndNumberWithFraction_AreRead()
    {
        using TemporaryFolder folder = new();
        JsonObject spec = MicroSpec.For("lora");
        (spec["maxSteps"], spec["rank"]) = (1, JsonNode.Parse("4.0"));
        string file = folder.Write("spec.json", "\uFEFF" + spec.ToJsonString());

        TrainerProgram.Ended ended = new TrainerProgram(folder.Path)
            .Run(TimeSpan.FromMinutes(1), "train", "--spec", file, "--out", Path.Combine(folder.Path, "run"));

        Assert.True(ended.ExitCode == 0, ended.Output + ended.Error);
    }

    [Fact]
    public void Train_Utf16_IsNamedWithItsCure()
    {
        using TemporaryFolder folder = new();
        string file = folder.Write(
            "spec.json", [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(MicroSpec.For("lora").ToJsonString())]);

        TrainerProgram.Ended ended = new TrainerProgram(folder.Path)
            .Run(TimeSpan.FromMinutes(1), "train", "--spec", file, "--out", Path.Combine(folder.Path, "run"));

        Assert.NotEqual(0, ended.ExitCode);
        Assert.Contains("UTF-16", ended.Output + ended.Error, StringComparison.Ordinal);
    }
}
