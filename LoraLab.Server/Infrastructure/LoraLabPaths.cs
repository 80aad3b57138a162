using LoraLab.Files;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Infrastructure;

/// <summary>The configured folders and files as absolute paths.</summary>
internal sealed class LoraLabPaths
{
    public LoraLabPaths(IHostEnvironment environment, IOptions<LoraLabOptions> options, IConfiguration? configuration = null)
    {
        Home = environment.ContentRootPath;
        DataDirectory = Resolve(options.Value.DataDirectory);
        NodeDirectory = string.IsNullOrWhiteSpace(configuration?.GetConnectionString("Postgres"))
            ? DataDirectory
            : Path.Combine(NodesDirectory, NodeNames.Of(options.Value));
        ModelDirectories = [.. options.Value.ModelDirectories.Select(Resolve)];
        DatasetDirectories = [.. options.Value.DatasetDirectories.Select(Resolve)];
    }

    public string Home { get; }

    public string DataDirectory { get; }

    public IReadOnlyList<string> ModelDirectories { get; }

    public IReadOnlyList<string> DatasetDirectories { get; }

    public string Database => Path.Combine(DataDirectory, "loralab.db");

    /// <summary>The keys that sign the dashboard's cookies.</summary>
    public string CookieKeys => Path.Combine(DataDirectory, "keys");

    /// <summary>The API keys that were made in the dashboard, as hashes; without PostgreSQL.</summary>
    public string ApiKeys => Path.Combine(DataDirectory, "api-keys.json");

    public string RunsDirectory => Path.Combine(DataDirectory, "runs");

    /// <summary>Studies and sweeps, one file per experiment.</summary>
    public string ExperimentsDirectory => Path.Combine(DataDirectory, "plans");

    /// <summary>Saved views of the table of runs, one file per view.</summary>
    public string ViewsDirectory => Path.Combine(DataDirectory, "views");

    /// <summary>What only this node uses of the data directory, which several nodes may share.</summary>
    public string NodeDirectory { get; }

    public string Samples => Path.Combine(Home, "samples");

    /// <summary>A folder per node, where several share the data directory.</summary>
    public string NodesDirectory => Path.Combine(DataDirectory, "nodes");

    public string RunDirectory(string runId) => Path.Combine(RunsDirectory, runId);

    public string Resolve(string path) => HomePath.Resolve(path, Home);
}
