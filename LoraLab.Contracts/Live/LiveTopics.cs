using System.Text.Json;

namespace LoraLab.Contracts.Live;

/// <summary>Topics of the live channel and the events that each carries.</summary>
public static class LiveTopics
{
    private const string RunPrefix = "run:";
    private const string LogsSuffix = ":logs";
    private const string StudyPrefix = "study:";
    private const string SweepPrefix = "sweep:";
    private const int MaxIdLength = 64;

    /// <summary>Returns whether the topic exists.</summary>
    public static bool IsKnown(string? topic) =>
        topic is LiveHub.Runs or LiveHub.Queue or LiveHub.System or LiveHub.Studies or LiveHub.Sweeps || GetRunId(topic) is not null
            || GetExperiment(topic) is not null;

    /// <summary>Returns the run id of <c>run:{id}</c> and <c>run:{id}:logs</c>; null for other topics.</summary>
    public static string? GetRunId(string? topic)
    {
        if (topic is null || !topic.StartsWith(RunPrefix, StringComparison.Ordinal))
        {
            return null;
        }

        string id = IsLogs(topic) ? topic[RunPrefix.Length..^LogsSuffix.Length] : topic[RunPrefix.Length..];
        return IsId(id) ? id : null;
    }

    /// <summary>Returns the study or sweep of <c>study:{id}</c> and <c>sweep:{id}</c>; null for other topics.</summary>
    public static (ExperimentKind Kind, string Id)? GetExperiment(string? topic)
    {
        ExperimentKind kind = topic?.StartsWith(StudyPrefix, StringComparison.Ordinal) == true
            ? ExperimentKind.Study
            : ExperimentKind.Sweep;
        string prefix = kind == ExperimentKind.Study ? StudyPrefix : SweepPrefix;
        return topic?.StartsWith(prefix, StringComparison.Ordinal) == true && IsId(topic[prefix.Length..])
            ? (kind, topic[prefix.Length..])
            : null;
    }

    /// <summary>Returns the kind of experiment behind <c>studies</c> and <c>sweeps</c>; null for other topics.</summary>
    public static ExperimentKind? GetExperimentKind(string topic) => topic switch
    {
        LiveHub.Studies => ExperimentKind.Study,
        LiveHub.Sweeps => ExperimentKind.Sweep,
        _ => null,
    };

    /// <summary>Returns whether the topic is <c>run:{id}:logs</c>.</summary>
    public static bool IsLogs(string topic) =>
        topic.Length > RunPrefix.Length + LogsSuffix.Length && topic.EndsWith(LogsSuffix, StringComparison.Ordinal);

    /// <summary>
    /// Returns whether a topic carries an event. The run table shows states and progress, so <c>runs</c> carries both; metrics go to the
    /// run's own topic.
    /// </summary>
    public static bool Carries(string topic, LiveEvent live) => live.Type switch
    {
        LiveEventTypes.RunState or LiveEventTypes.RunProgress => topic == LiveHub.Runs || topic == LiveHub.Run(live.RunId!),
        LiveEventTypes.RunMetrics => topic == LiveHub.Run(live.RunId!),
        LiveEventTypes.RunLog => topic == LiveHub.RunLogs(live.RunId!),
        LiveEventTypes.ExperimentChanged => CarriesExperiment(topic, live.Data.Deserialize<ExperimentNotice>(ContractJson.Options)!),
        LiveEventTypes.QueueChanged => topic == LiveHub.Queue,
        LiveEventTypes.SystemSample or LiveEventTypes.PullChanged => topic == LiveHub.System,
        _ => false,
    };

    private static bool CarriesExperiment(string topic, ExperimentNotice notice) =>
        GetExperimentKind(topic) == notice.Kind || GetExperiment(topic) == (notice.Kind, notice.Id);

    private static bool IsId(string id) => id.Length is > 0 and <= MaxIdLength && !id.Contains(':');
}
