using LoraLab.Files;
using LoraLab.Tests.Support;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using Xunit;

namespace LoraLab.Tests.Training.Files;

public sealed class TrainingConfigurationTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public void Load_NoFile_HasTheDefaults()
    {
        TrainingConfiguration configuration = TrainingConfiguration.Load(_home.Path);

        Assert.Equal(Path.Combine(_home.Path, "data"), configuration.DataDirectory);
        Assert.Equal(Path.Combine(_home.Path, "data", "models"), configuration.DownloadedModels);
        Assert.Null(configuration.MemoryBudgetMb);
        Assert.Empty(configuration.Warnings);
    }

    [Fact]
    public void Load_RelativePaths_AreRelativeToTheHomeAndMissingOnesWarn()
    {
        _home.Write("appsettings.json", """{"LoraLab": {"DataDirectory": "store", "ModelDirectories": ["here", "../nowhere-at-all"],"""
            + """ "MemoryBudgetMb": 8192, "Devices": ["auto"]}, "Logging": {}}""");
        Directory.CreateDirectory(Path.Combine(_home.Path, "here"));

        TrainingConfiguration configuration = TrainingConfiguration.Load(_home.Path);

        Assert.Equal(Path.Combine(_home.Path, "store"), configuration.DataDirectory);
        Assert.Equal([Path.Combine(_home.Path, "here")], configuration.ModelDirectories);
        Assert.Equal(8192, configuration.MemoryBudgetMb);
        Assert.Contains("nowhere-at-all", Assert.Single(configuration.Warnings));
    }

    [Theory]
    [InlineData("""{"LoraLab": {"MemoryBudgetMb": "much"}}""", "MemoryBudgetMb")]
    [InlineData("""{"LoraLab": {"MemoryBudgetMb": 0}}""", "MemoryBudgetMb")]
    [InlineData("""{"LoraLab": """, "appsettings.json")]
    public void Load_BrokenFile_NamesTheProblem(string settings, string named)
    {
        _home.Write("appsettings.json", settings);

        Assert.Contains(named, Assert.Throws<RunFailure>(() => TrainingConfiguration.Load(_home.Path)).Message);
    }

    [Fact]
    public void Find_InsideTheRepository_IsItsRoot() => Assert.Equal(Fixtures.RepositoryRoot, LoraLabHome.Above(AppContext.BaseDirectory));

    [Fact]
    public void Find_OutsideARepository_IsTheProgramsFolder() =>
        Assert.Equal(_home.Path, LoraLabHome.Above(_home.Path + Path.DirectorySeparatorChar));
}
