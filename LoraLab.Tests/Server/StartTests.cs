using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>Every startup error is one message and exit code 1.</summary>
[Collection(nameof(SharedServer))]
public sealed class StartTests(ScriptedServer fixture)
{
    private static readonly string _noFolder = Path.Combine(Path.GetTempPath(), $"loralab-never-{Guid.NewGuid():n}");

    [Fact]
    public async Task Start_DataDirectoryOfARunningServer_IsOneSentence()
    {
        (int exitCode, string output) =
            await ServerProcess.RunToEndAsync(ScriptedServer.Setup with { DataDirectory = fixture.Server.DataDirectory });

        Assert.Equal(1, exitCode);
        Assert.Contains("Another LoraLab server (process ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_TakenPort_IsOneSentence()
    {
        (int exitCode, string output) =
            await ServerProcess.RunToEndAsync(ScriptedServer.Setup with { Url = fixture.Server.Address.ToString() });

        Assert.Equal(1, exitCode);
        Assert.Contains("--urls", output, StringComparison.Ordinal);
        Assert.Contains(
            fixture.Server.Address.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_BadConfiguration_ListsEveryError()
    {
        (int exitCode, string output) = await ServerInProcess.RunToEndAsync("--LoraLab:Devices:0", "tpu", "--LoraLab:MemoryBudgetMb", "-1",
            "--LoraLab:CancelGraceSeconds", "0", "--LoraLab:DataDirectory", _noFolder);

        Assert.Equal(1, exitCode);
        Assert.All(["LoraLab:Devices:0", "LoraLab:MemoryBudgetMb", "LoraLab:CancelGraceSeconds"], key =>
            Assert.Contains(key, output, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_ValueOfTheWrongKind_IsOneSentence()
    {
        (int exitCode, string output) = await ServerInProcess.RunToEndAsync(
            "--LoraLab:MemoryBudgetMb", "plenty", "--LoraLab:DataDirectory", _noFolder);

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
        (int exitCode, string output) = await ServerInProcess.RunToEndAsync([.. arguments, "--LoraLab:DataDirectory", _noFolder]);

        Assert.Equal(0, exitCode);
        Assert.All(["usage:", "--demo", "--urls", "keys new"], word => Assert.Contains(word, output, StringComparison.Ordinal));
        Assert.False(Directory.Exists(_noFolder), "The data directory was created.");
    }
}
