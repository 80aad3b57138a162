using LoraLab.Contracts.Methods;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Cli;
using Xunit;

namespace LoraLab.Tests.Training.Adapters;

public sealed class MethodDocsTests
{
    [Theory]
    [MemberData(nameof(MethodBatteryTests.Methods), MemberType = typeof(MethodBatteryTests))]
    public void DocsPage_OfAMethod_MatchesItsDescriptor(string method)
    {
        string page = File.ReadAllText(Path.Combine(Fixtures.RepositoryRoot, "docs", "methods", method + ".md"));

        Assert.Equal(MethodDocs.Page(LoraMethods.Find(method)!.Descriptor), page);
    }

    [Fact]
    public void DocsTable_OfAllMethods_MatchesTheirDescriptors()
    {
        string table = File.ReadAllText(Path.Combine(Fixtures.RepositoryRoot, "docs", "methods", MethodDocs.IndexFile));

        Assert.Equal(MethodDocs.Index(LoraMethods.All.Select(method => method.Descriptor)), table);
        Assert.All(LoraMethods.All, method =>
            Assert.Single(table.Split('\n'), line => line.Contains($"(`{method.Id}`)", StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(MethodBatteryTests.Methods), MemberType = typeof(MethodBatteryTests))]
    public void Descriptor_OfAMethod_SaysShapesStartAndDeparturesInSentences(string method)
    {
        MethodDescriptor descriptor = LoraMethods.Find(method)!.Descriptor;

        Assert.NotEmpty(descriptor.Shapes);
        Assert.NotEmpty(descriptor.Initialization);
        Assert.NotEmpty(descriptor.Deviations);
        Assert.All(descriptor.Deviations, departure => Assert.All([departure.Paper, departure.Implementation, departure.Reason], Check));

        // A vertical bar would end the table cell.
        static void Check(string text) => Assert.True(text.EndsWith('.') && !text.Contains('|'), text);
    }
}
