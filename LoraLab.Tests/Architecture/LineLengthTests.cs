using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Architecture;

/// <summary>
/// Line lengths in characters. The analyzer (RCS0056) skips comments and strings that fill a line, and does not read Razor files.
/// </summary>
public sealed class LineLengthTests
{
    private static readonly string[] _skippedFolders = ["bin", "obj", ".git", "node_modules", "TestResults"];

    [Theory]
    [InlineData("*.cs", 140)]
    [InlineData("*.razor", 160)]
    public void Lines_OfEveryFile_AreWithinTheLimit(string pattern, int limit)
    {
        string root = Fixtures.RepositoryRoot;
        EnumerationOptions recursive = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };
        string[] files = [.. Directory.EnumerateFiles(root, pattern, recursive).Select(file => Path.GetRelativePath(root, file))
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Intersect(_skippedFolders).Any())];
        string[] tooLong = [.. files.SelectMany(file => File.ReadLines(Path.Combine(root, file)).Index()
            .Where(line => line.Item.Length > limit)
            .Select(line => $"{file}:{line.Index + 1}: {line.Item.Length}"))];

        Assert.True(files.Length > 50, $"Only {files.Length} files match {pattern} in {root}.");
        Assert.True(tooLong.Length == 0, $"Lines longer than {limit} characters:\n{string.Join('\n', tooLong)}");
    }
}
