using LoraLab.Contracts.Live;

namespace LoraLab.Server.Live;

/// <summary>Which topics an event belongs to, and which topics there are.</summary>
internal static class LiveTopics
{
    private const string RunPrefix = "run:";
    private const string LogsSuffix = ":logs";

    public static bool IsKnown(string? topic) =>
        topic is LiveHub.Runs or LiveHub.Queue or LiveHub.System || RunOf(topic) is not null;

    /// <summary>The run of <c>run:{id}</c> and <c>run:{id}:logs</c>; null for other topics.</summary>
    public static string? RunOf(string? topic)
    {
        if (topic is null || !topic.StartsWith(RunPrefix, StringComparison.Ordinal))
        {
            return null;
        }

        string id = IsLogs(topic) ? topic[RunPrefix.Length..^LogsSuffix.Length] : topic[RunPrefix.Length..];
        return id.Length is > 0 and <= 64 && !id.Contains(':') ? id : null;
    }

    public static bool IsLogs(string topic) =>
        topic.Length > RunPrefix.Length + LogsSuffix.Length && topic.EndsWith(LogsSuffix, StringComparison.Ordinal);

    /// <summary>The table of runs shows states and progress, so <c>runs</c> carries both; points go to the run's own topic.</summary>
    public static bool Carries(string topic, LiveEvent live) => live.Type switch
    {
        LiveEventTypes.RunState or LiveEventTypes.RunProgress => topic == LiveHub.Runs || topic == LiveHub.Run(live.RunId!),
        LiveEventTypes.RunMetrics => topic == LiveHub.Run(live.RunId!),
        LiveEventTypes.RunLog => topic == LiveHub.RunLogs(live.RunId!),
        LiveEventTypes.QueueChanged => topic == LiveHub.Queue,
        LiveEventTypes.SystemSample => topic == LiveHub.System,
        _ => false,
    };
}
