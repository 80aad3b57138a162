using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Machine;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>Roots as people configure them: <c>~</c>, the Hugging Face cache, and what is said of those that give nothing.</summary>
public sealed class RootTests
{
    [Fact]
    public async Task System_ConfiguredRoots_GiveTheirModelsOrAReason()
    {
        using TemporaryFolder home = new();
        string repository = Path.Combine(home.Path, "hub", "models--acme--tiny");
        string snapshot = Directory.CreateDirectory(Path.Combine(repository, "snapshots", "c0ffee")).FullName;
        foreach (string file in Directory.GetFiles(Path.Combine(Fixtures.RepositoryRoot, "samples", "model")))
        {
            home.Write(Path.Combine("hub", "models--acme--tiny", "blobs", Path.GetFileName(file)), File.ReadAllBytes(file));
            File.CreateSymbolicLink(
                Path.Combine(snapshot, Path.GetFileName(file)), Path.Combine("..", "..", "blobs", Path.GetFileName(file)));
        }

        home.Write("hub/models--acme--tiny/refs/main", "c0ffee");
        Directory.CreateDirectory(Path.Combine(home.Path, "empty"));
        home.Write("file", "");
        Directory.CreateSymbolicLink(Path.Combine(home.Path, "loop"), "loop2");
        Directory.CreateSymbolicLink(Path.Combine(home.Path, "loop2"), "loop");
        await using ServerProcess server = await ServerProcess.StartAsync(new ServerSetup
        {
            Environment = new Dictionary<string, string>
            {
                ["HOME"] = home.Path,
                ["LoraLab__ModelDirectories__0"] = "~/hub",
                ["LoraLab__ModelDirectories__1"] = "~/empty",
                ["LoraLab__DatasetDirectories__0"] = "~/file",
                ["LoraLab__DatasetDirectories__1"] = "~/nowhere",
                ["LoraLab__DatasetDirectories__2"] = "~/loop",
            },
        });
        RunApi api = new(server.Http);

        ModelEntry model = (await api.ReadAsync<ModelEntry[]>(ApiRoutes.Models)).Single(model => model.Name == "acme/tiny");
        SystemDocument system = await api.ReadAsync<SystemDocument>(ApiRoutes.System);

        Assert.True(model.Usable, model.Problem);
        Assert.Equal("c0ffee", model.Commit);
        Assert.Equal(
            [
                $"LoraLab:ModelDirectories contains {Path.Combine(home.Path, "empty")}, which has no model: it is empty.",
                $"The configured folder {Path.Combine(home.Path, "file")} is a file; set it to the folder that holds it.",
                $"The configured folder {Path.Combine(home.Path, "nowhere")} does not exist.",
                $"The configured folder {Path.Combine(home.Path, "loop")} is a link that leads nowhere.",
            ],
            system.Problems.Where(problem => problem.Contains(home.Path, StringComparison.Ordinal)));
    }
}
