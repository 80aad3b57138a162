using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Hosting;

/// <summary>What the server says on the console when it is up.</summary>
internal sealed class StartupMessage(DemoRuns demoRuns)
{
    public async Task WriteAsync(IEnumerable<string> urls, bool demo, CancellationToken cancellationToken)
    {
        string address = Browsable(urls.FirstOrDefault() ?? "");
        Console.WriteLine($"LoraLab dashboard: {address}");
        if (!demo)
        {
            return;
        }

        (IReadOnlyList<RunDocument> runs, IReadOnlyList<string> problems) = await demoRuns.QueueAsync(cancellationToken);
        foreach (string problem in problems)
        {
            Console.Error.WriteLine(problem);
        }

        if (runs.Count > 0)
        {
            Console.WriteLine($"The demo's comparison: {address}/compare?runs={string.Join(',', runs.Select(run => run.Id))}");
        }
    }

    /// <summary>An address that listens everywhere is reached on this machine by its loopback name.</summary>
    private static string Browsable(string url) => url
        .Replace("://0.0.0.0", "://127.0.0.1", StringComparison.Ordinal)
        .Replace("://[::]", "://127.0.0.1", StringComparison.Ordinal)
        .Replace("://*", "://127.0.0.1", StringComparison.Ordinal)
        .Replace("://+", "://127.0.0.1", StringComparison.Ordinal)
        .TrimEnd('/');
}
