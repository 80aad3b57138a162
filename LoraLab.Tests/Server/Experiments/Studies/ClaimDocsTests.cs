using LoraLab.Server.Experiments.Studies.Claims;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary><c>docs/studies.md</c> has the sentences of the claim descriptors.</summary>
public sealed class ClaimDocsTests
{
    [Fact]
    public void Docs_EveryClaim_HasItsQuantityMarginAndMinimumEvidence()
    {
        string docs = File.ReadAllText(Path.Combine(Fixtures.RepositoryRoot, "docs", "studies.md"));

        Assert.Equal(
            ["best-ratio", "equal-product", "swapped-init", "lora-xs-memory", "pissa-faster", "fits-8gb"],
            PaperClaims.All.Select(claim => claim.Descriptor.Id));
        Assert.All(PaperClaims.All.Select(claim => claim.Descriptor), claim =>
            Assert.Contains(
                $"| `{claim.Id}` {claim.Statement} | {claim.Quantity} | {claim.Margin} | {claim.MinimumEvidence} |",
                docs,
                StringComparison.Ordinal));
    }
}
