using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Commands;
using Xunit;

namespace LoraLab.Tests.Training.Adapters;

public sealed class MethodDocsTests
{
    [Theory]
    [MemberData(nameof(MethodBatteryTests.Methods), MemberType = typeof(MethodBatteryTests))]
    public void DocsPage_OfAMethod_IsWhatItsDescriptorSays(string method)
    {
        string page = File.ReadAllText(Path.Combine(Fixtures.RepositoryRoot, "docs", "methods", method + ".md"));

        Assert.Equal(MethodDocs.Page(LoraMethods.Find(method)!.Descriptor), page);
    }
}
