using System.Reflection;
using System.Text.RegularExpressions;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Architecture;

/// <summary>Within each project, a room uses only rooms before it, both in the compiled assembly and in the using directives of the sources.</summary>
public sealed partial class RoomTests(ITestOutputHelper output)
{
    public static TheoryData<string> Projects => [.. Rooms.All.Select(rooms => rooms.Project)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Rooms_InTheAssembly_UseOnlyRoomsBeforeThem(string project)
    {
        Rooms rooms = Rooms.For(project);
        TypeReferences types = TypeReferences.Read(Assembly.Load(project).Location);
        Dictionary<string, string> roomOf = types.Namespaces
            .Select(type => (Type: type.Key, Room: rooms.RoomOf(type.Value)))
            .Where(type => type.Room is not null)
            .ToDictionary(type => type.Type, type => type.Room!);

        AssertAllowed(rooms, roomOf.Values, [.. types.References
            .Where(reference => roomOf.ContainsKey(reference.From) && roomOf.ContainsKey(reference.To))
            .Select(reference => new Dependency(roomOf[reference.From], roomOf[reference.To], $"{reference.From} uses {reference.To}"))]);
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Rooms_InTheSources_ImportOnlyRoomsBeforeThem(string project)
    {
        Rooms rooms = Rooms.For(project);
        string folder = Path.Combine(Fixtures.RepositoryRoot, project);
        List<(string File, string Room, string Text)> files = [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => (File: Path.GetRelativePath(folder, path).Replace('\\', '/'), Path: path))
            .Where(file => Path.GetExtension(file.File) is ".cs" or ".razor" && !file.File.StartsWith("obj/", StringComparison.Ordinal) && !file.File.StartsWith("bin/", StringComparison.Ordinal))
            .Select(file => (file.File, file.File.Contains('/') ? file.File.Split('/')[0] : Rooms.Root, File.ReadAllText(file.Path)))];

        AssertAllowed(rooms, files.Select(file => file.Room), [.. files.SelectMany(file => Import().Matches(file.Text)
            .Select(import => rooms.RoomOf(import.Groups["space"].Value))
            .OfType<string>()
            .Select(used => new Dependency(file.Room, used, $"{project}/{file.File} imports {used}")))]);
    }

    [Fact]
    public void Docs_ListTheSameRooms()
    {
        string page = File.ReadAllText(Path.Combine(Fixtures.RepositoryRoot, "docs", "architecture.md"));

        Assert.All(Rooms.All, rooms => Assert.Contains($"| `{rooms.Project}` | {string.Join(", ", rooms.Names)} |", page, StringComparison.Ordinal));
    }

    [Fact]
    public void Reader_OfAKnownAssembly_SeesBodiesLambdasAndGenerics()
    {
        TypeReferences types = TypeReferences.Read(typeof(RoomTests).Assembly.Location);
        string space = typeof(Sample).Namespace!;

        Assert.Subset(new HashSet<string>(types.References.Where(reference => reference.From == $"{space}.{nameof(Sample)}").Select(reference => reference.To)),
            new HashSet<string> { $"{space}.{nameof(UsedInABody)}", $"{space}.{nameof(UsedInALambda)}", $"{space}.{nameof(UsedAsAnArgument)}", $"{space}.{nameof(UsedInACatch)}" });
    }

    private void AssertAllowed(Rooms rooms, IEnumerable<string> present, IReadOnlyList<Dependency> uses)
    {
        List<IGrouping<(string From, string To), Dependency>> dependencies = [.. uses.Where(use => use.From != use.To).GroupBy(use => (use.From, use.To))];
        output.WriteLine($"{rooms.Project}, lowest room first: {string.Join(", ", rooms.Names)}");
        foreach (IGrouping<string, IGrouping<(string From, string To), Dependency>> room in dependencies.GroupBy(dependency => dependency.Key.From).OrderBy(room => rooms.Names.ToList().IndexOf(room.Key)))
        {
            output.WriteLine($"  {room.Key} -> {string.Join(", ", room.Select(dependency => dependency.Key.To).Order(StringComparer.Ordinal))}");
        }

        string[] unlisted = [.. present.Distinct().Except(rooms.Names)];
        Assert.True(unlisted.Length == 0, $"{rooms.Project} has rooms that {nameof(Rooms)} does not list: {string.Join(", ", unlisted)}");
        string[] wrong = [.. dependencies.Where(dependency => !rooms.Allows(dependency.Key.From, dependency.Key.To)).Select(dependency => $"{dependency.Key.From} -> {dependency.Key.To}: {string.Join("; ", dependency.Take(5).Select(use => use.Description))}")];
        Assert.True(wrong.Length == 0, $"Rooms of {rooms.Project} use rooms that are not before them:\n{string.Join('\n', wrong)}");
        Assert.True(dependencies.Count <= rooms.MaxDependencies, $"{rooms.Project} has {dependencies.Count} dependencies between its rooms; {nameof(Rooms)} allows {rooms.MaxDependencies}.");
    }

    [GeneratedRegex(@"^@?(global )?using\s+(static\s+)?(?<space>LoraLab[\w.]*)", RegexOptions.Multiline)]
    private static partial Regex Import();

    private sealed record Dependency(string From, string To, string Description);
}
