using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>What can be wrong at start is a sentence and exit code 1.</summary>
public sealed class StartTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>
{
    [Fact]
    public async Task Start_DataDirectoryOfARunningServer_IsOneSentence()
    {
        (int exitCode, string output) = await ServerProcess.RunToEndAsync(ScriptedServer.Setup with { DataDirectory = fixture.Server.DataDirectory });

        Assert.Equal(1, exitCode);
        Assert.Contains("Another LoraLab server (process ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_TakenPort_IsOneSentence()
    {
        (int exitCode, string output) = await ServerProcess.RunToEndAsync(ScriptedServer.Setup with { Url = fixture.Server.Address.ToString() });

        Assert.Equal(1, exitCode);
        Assert.Contains("--urls", output, StringComparison.Ordinal);
        Assert.Contains(fixture.Server.Address.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_BadConfiguration_ListsEveryError()
    {
        ServerSetup setup = ScriptedServer.Setup with
        {
            Environment = new Dictionary<string, string>
            {
                ["LoraLab__Devices__0"] = "tpu",
                ["LoraLab__MemoryBudgetMb"] = "-1",
                ["LoraLab__CancelGraceSeconds"] = "0",
            },
        };

        (int exitCode, string output) = await ServerProcess.RunToEndAsync(setup);

        Assert.Equal(1, exitCode);
        Assert.All(["LoraLab:Devices:0", "LoraLab:MemoryBudgetMb", "LoraLab:CancelGraceSeconds"], key => Assert.Contains(key, output, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_ValueOfTheWrongKind_IsOneSentence()
    {
        ServerSetup setup = ScriptedServer.Setup with { Environment = new Dictionary<string, string> { ["LoraLab__MemoryBudgetMb"] = "plenty" } };

        (int exitCode, string output) = await ServerProcess.RunToEndAsync(setup);

        Assert.Equal(1, exitCode);
        Assert.Contains("LoraLab:MemoryBudgetMb", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("--demo", "--help")]
    public async Task Help_Asked_SaysHowAndStartsNothing(params string[] arguments)
    {
        using TemporaryFolder folder = new();
        string data = Path.Combine(folder.Path, "data");

        (int exitCode, string output) = await ServerProcess.RunToEndAsync(ScriptedServer.Setup with { Verb = arguments, DataDirectory = data });

        Assert.Equal(0, exitCode);
        Assert.All(["usage:", "--demo", "--urls", "keys new"], word => Assert.Contains(word, output, StringComparison.Ordinal));
        Assert.False(Directory.Exists(data), "The data directory was made.");
    }
}
