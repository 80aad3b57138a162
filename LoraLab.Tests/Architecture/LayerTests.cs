using System.Reflection;
using System.Text.RegularExpressions;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Architecture;

/// <summary>
/// Within each project, a layer uses only layers before it, both in the compiled assembly and in the using directives of the sources.
/// </summary>
public sealed partial class LayerTests(ITestOutputHelper output)
{
    public static TheoryData<string> Projects => [.. Layers.All.Select(layers => layers.Project)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Layers_InTheAssembly_UseOnlyLayersBeforeThem(string project)
    {
        Layers layers = Layers.For(project);
        TypeReferences types = TypeReferences.Read(Assembly.Load(project).Location);
        Dictionary<string, string> layerOf = types.Namespaces
            .Select(type => (Type: type.Key, Layer: layers.LayerOf(type.Value)))
            .Where(type => type.Layer is not null)
            .ToDictionary(type => type.Type, type => type.Layer!);

        AssertAllowed(layers, layerOf.Values, [.. types.References
            .Where(reference => layerOf.ContainsKey(reference.From) && layerOf.ContainsKey(reference.To))
            .Select(reference => new Dependency(layerOf[reference.From], layerOf[reference.To], $"{reference.From} uses {reference.To}"))]);
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Layers_InTheSources_ImportOnlyLayersBeforeThem(string project)
    {
        Layers layers = Layers.For(project);
        string folder = Path.Combine(Fixtures.RepositoryRoot, project);
        List<(string File, string Layer, string Text)> files = [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => (File: Path.GetRelativePath(folder, path).Replace('\\', '/'), Path: path))
            .Where(file => Path.GetExtension(file.File) is ".cs" or ".razor" && !file.File.StartsWith("obj/", StringComparison.Ordinal)
                && !file.File.StartsWith("bin/", StringComparison.Ordinal))
            .Select(file => (file.File, file.File.Contains('/') ? file.File.Split('/')[0] : Layers.Root, File.ReadAllText(file.Path)))];

        AssertAllowed(layers, files.Select(file => file.Layer), [.. files.SelectMany(file => Import().Matches(file.Text)
            .Select(import => layers.LayerOf(import.Groups["space"].Value))
            .OfType<string>()
            .Select(used => new Dependency(file.Layer, used, $"{project}/{file.File} imports {used}")))]);
    }

    [Fact]
    public void Docs_ListTheSameLayers()
    {
        string page = File.ReadAllText(Path.Combine(Fixtures.RepositoryRoot, "docs", "architecture.md"));

        Assert.All(Layers.All, layers =>
            Assert.Contains($"| `{layers.Project}` | {string.Join(", ", layers.Names)} |", page, StringComparison.Ordinal));
    }

    [Fact]
    public void Reader_OfAKnownAssembly_SeesBodiesLambdasAndGenerics()
    {
        TypeReferences types = TypeReferences.Read(typeof(LayerTests).Assembly.Location);
        string space = typeof(Sample).Namespace!;

        Assert.Subset(new HashSet<string>(types.References.Where(reference => reference.From == $"{space}.{nameof(Sample)}")
            .Select(reference => reference.To)),
            new HashSet<string>
            {
                $"{space}.{nameof(UsedInABody)}",
                $"{space}.{nameof(UsedInALambda)}",
                $"{space}.{nameof(UsedAsAnArgument)}",
                $"{space}.{nameof(UsedInACatch)}",
            });
    }

    private void AssertAllowed(Layers layers, IEnumerable<string> present, IReadOnlyList<Dependency> uses)
    {
        List<IGrouping<(string From, string To), Dependency>> dependencies =
            [.. uses.Where(use => use.From != use.To).GroupBy(use => (use.From, use.To))];
        output.WriteLine($"{layers.Project}, lowest layer first: {string.Join(", ", layers.Names)}");
        foreach (IGrouping<string, IGrouping<(string From, string To), Dependency>> layer
                in dependencies.GroupBy(dependency => dependency.Key.From).OrderBy(layer => layers.Names.ToList().IndexOf(layer.Key)))
        {
            output.WriteLine(
                $"  {layer.Key} -> {string.Join(", ", layer.Select(dependency => dependency.Key.To).Order(StringComparer.Ordinal))}");
        }

        string[] unlisted = [.. present.Distinct().Except(layers.Names)];
        Assert.True(
            unlisted.Length == 0, $"{layers.Project} has layers that {nameof(Layers)} does not list: {string.Join(", ", unlisted)}");
        string[] wrong = [.. dependencies.Where(dependency => !layers.Allows(dependency.Key.From, dependency.Key.To)).Select(dependency =>
            $"{dependency.Key.From} -> {dependency.Key.To}: {string.Join("; ", dependency.Take(5).Select(use => use.Description))}")];
        Assert.True(wrong.Length == 0, $"Layers of {layers.Project} use layers that are not before them:\n{string.Join('\n', wrong)}");
        Assert.True(dependencies.Count <= layers.MaxDependencies, $"{layers.Project} has {dependencies.Count} dependencies between its "
            + $"layers; {nameof(Layers)} allows {layers.MaxDependencies}.");
    }

    [GeneratedRegex(@"^@?(global )?using\s+(static\s+)?(?<space>LoraLab[\w.]*)", RegexOptions.Multiline)]
    private static partial Regex Import();

    private sealed record Dependency(string From, string To, string Description);
}
