using System.Reflection;
using Xunit;

namespace LoraLab.Tests.Architecture;

/// <summary>Allowed references between projects, read from the assemblies.</summary>
public sealed class ReferenceTests
{
    [Theory]
    [InlineData("LoraLab.Contracts", "")]
    [InlineData("LoraLab.Files", "")]
    [InlineData("LoraLab.Training", "LoraLab.Contracts LoraLab.Files")]
    [InlineData("LoraLab.Server", "LoraLab.Contracts LoraLab.Files")]
    [InlineData("LoraLab.Web", "LoraLab.Contracts")]
    public void Assembly_OfOurs_ReferencesOnlyAllowedProjects(string name, string allowed)
    {
        string[] ours = [.. References(name).Where(reference => reference.StartsWith("LoraLab.", StringComparison.Ordinal))];

        Assert.Equal(allowed.Split(' ', StringSplitOptions.RemoveEmptyEntries), ours.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("LoraLab.Contracts", "Microsoft.")]
    [InlineData("LoraLab.Contracts", "TorchSharp")]
    [InlineData("LoraLab.Training", "Microsoft.AspNetCore")]
    [InlineData("LoraLab.Training", "Hangfire")]
    [InlineData("LoraLab.Training", "LiteDB")]
    [InlineData("LoraLab.Server", "TorchSharp")]
    [InlineData("LoraLab.Web", "Hangfire")]
    [InlineData("LoraLab.Web", "LiteDB")]
    [InlineData("LoraLab.Web", "TorchSharp")]
    public void Assembly_OfOurs_DoesNotReference(string name, string forbidden) =>
        Assert.DoesNotContain(References(name), reference => reference.StartsWith(forbidden, StringComparison.Ordinal));

    private static IEnumerable<string> References(string name) =>
        Assembly.Load(name).GetReferencedAssemblies().Select(reference => reference.Name!);
}
