namespace LoraLab.Server.Infrastructure.Observability;

/// <summary>Puts the run's id on every log line that is written until the result is disposed, here and in what is started from here.</summary>
internal static class RunScope
{
    public static IDisposable? BeginRunScope(this ILogger log, string runId) => log.BeginScope("run {RunId}", runId);
}
