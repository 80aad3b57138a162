using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Training.Cli;

public sealed class TrainCommandTests
{
    [Fact]
    public void Train_TwoSpecifications_IsRefusedBeforeAnythingIsWritten()
    {
        using TemporaryFolder folder = new();
        string first = folder.Write("first.json", MicroSpec.For("lora").ToJsonString());
        string second = folder.Write("second.json", MicroSpec.For("lora-xs").ToJsonString());
        string run = Path.Combine(folder.Path, "run");

        TrainerProgram.Ended ended = new TrainerProgram(folder.Path)
            .Run(TimeSpan.FromMinutes(1), "train", "--spec", first, "--spec", second, "--out", run);

        Assert.NotEqual(0, ended.ExitCode);
        Assert.Equal("Option '--spec' expects a single argument but 2 were provided.", ended.Error.Trim());
        Assert.False(Directory.Exists(run));
    }
}
