using LoraLab.Contracts.Runs;
using LoraLab.Server.Infrastructure;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Hosting;

/// <summary>The console output of a server that has started.</summary>
internal sealed class StartupMessage(DemoRuns demoRuns, IOptions<LoraLabOptions> options)
{
    public async Task WriteAsync(IEnumerable<string> urls, bool demo, CancellationToken cancellationToken)
    {
        string address = Browsable(urls.FirstOrDefault() ?? "") + options.Value.PathBase;
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
            Console.WriteLine($"Demo comparison: {address}/compare?runs={string.Join(',', runs.Select(run => run.Id))}");
        }
    }

    /// <summary>Replaces an any-address by the loopback address, for a browser on this machine.</summary>
    private static string Browsable(string url) => url
        .Replace("://0.0.0.0", "://127.0.0.1", StringComparison.Ordinal)
        .Replace("://[::]", "://127.0.0.1", StringComparison.Ordinal)
        .Replace("://*", "://127.0.0.1", StringComparison.Ordinal)
        .Replace("://+", "://127.0.0.1", StringComparison.Ordinal)
        .TrimEnd('/');
}
