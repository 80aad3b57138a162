using Bunit;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Web.Support;
using LoraLab.Web.Pages.Run;
using Xunit;

namespace LoraLab.Tests.Web.Pages;

/// <summary>The files of a run, with their hashes when asked for.</summary>
public sealed class RunFilesTests : PageTest
{
    private static readonly string _hash = new('a', 64);
    private static readonly RunDocument _run = new()
    {
        Id = "RUN1",
        Name = "warm lion",
        Color = "#2563eb",
        State = RunState.Completed,
        Spec = new RunSpec(),
    };

    public RunFilesTests() => Server.Answer(HttpMethod.Get, ApiRoutes.Run("RUN1", "artifacts"), request => new RunArtifacts("RUN1", 2048,
    [
        new RunArtifact
        {
            Name = "adapter/adapter model#1.safetensors",
            Kind = ArtifactKind.Adapter,
            Bytes = 2048,
            Sha256 = request.Query.Contains("hashes=true", StringComparison.Ordinal) ? _hash : null,
        },
    ]));

    [Fact]
    public void Files_HaveSizesAndAddresses()
    {
        IRenderedComponent<RunFiles> page = OpenFiles();

        Assert.Equal("1 file, 2 KiB", Find(page, "files-total").TextContent);
        Assert.Equal(
            "api/v1/runs/RUN1/artifacts/adapter/adapter%20model%231.safetensors", page.Find("td a").GetAttribute("href"));
        Assert.DoesNotContain(Server.Requests, request => request.Query.Contains("hashes", StringComparison.Ordinal));
    }

    [Fact]
    public void Hashes_AreReadWhenAskedFor()
    {
        IRenderedComponent<RunFiles> page = OpenFiles();

        Find(page, "compute-hashes").Click();

        page.WaitForAssertion(() => Assert.Equal(_hash, page.FindAll("tbody td")[^1].GetAttribute("title")));
    }

    private IRenderedComponent<RunFiles> OpenFiles()
    {
        IRenderedComponent<RunFiles> page = Open<RunFiles>("runs/RUN1?tab=files", parameters => parameters.Add(tab => tab.Run, _run));
        page.WaitForAssertion(() => Assert.NotEmpty(FindAll(page, "files")));
        return page;
    }
}
