namespace LoraLab.Server.Infrastructure.Observability;

/// <summary>Adds the run's id to every log line until the result is disposed, here and in everything started from here.</summary>
internal static class RunScope
{
    public static IDisposable? BeginRunScope(this ILogger log, string runId) => log.BeginScope("run {RunId}", runId);
}
