using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Faults;

/// <summary>A data directory on a read-only file system: one error message at startup.</summary>
public sealed class ReadOnlyDirectoryTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Start_ReadOnlyDataDirectory_IsOneSentence(bool used)
    {
        using SmallDisk disk = new(8);
        ServerSetup setup = ScriptedServer.Setup with
        {
            DataDirectory = disk.Path,
            Environment = new Dictionary<string, string> { ["LoraLab__DiskReserveMb"] = "1", ["LoraLab__MinimumFreeMb"] = "1" },
        };
        if (used)
        {
            await using ServerProcess first = await ServerProcess.StartAsync(setup);
            await first.StopAsync();
        }

        disk.MakeReadOnly();
        (int exitCode, string output) = await ServerProcess.RunToEndAsync(setup);

        Assert.Equal(1, exitCode);
        string sentence = Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        Assert.Contains(disk.Path, sentence, StringComparison.Ordinal);
        Assert.Contains("is not writable", sentence, StringComparison.Ordinal);
        Assert.Contains("LoraLab:DataDirectory", sentence, StringComparison.Ordinal);
    }
}
