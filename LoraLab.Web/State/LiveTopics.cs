using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;

namespace LoraLab.Web.State;

/// <summary>Which events belong to which topic: the events themselves do not say.</summary>
internal static class LiveTopics
{
    internal static bool Matches(string topic, LiveEvent live) => topic switch
    {
        LiveHub.Runs => live.Type is LiveEventTypes.RunState or LiveEventTypes.RunProgress,
        LiveHub.Queue => live.Type == LiveEventTypes.QueueChanged,
        LiveHub.System => live.Type == LiveEventTypes.SystemSample,
        _ when live.Type == LiveEventTypes.PlanChanged => MatchesPlan(topic, live),
        _ when live.RunId is null => false,
        _ when topic == LiveHub.RunLogs(live.RunId) => live.Type == LiveEventTypes.RunLog,
        _ when topic == LiveHub.Run(live.RunId) => live.Type is LiveEventTypes.RunState or LiveEventTypes.RunProgress or LiveEventTypes.RunMetrics,
        _ => false,
    };

    private static bool MatchesPlan(string topic, LiveEvent live) => live.Data.Deserialize<PlanNotice>(ContractJson.Options) is PlanNotice notice && notice.Kind switch
    {
        PlanKind.Study => topic == LiveHub.Studies || topic == LiveHub.Study(notice.Id),
        _ => topic == LiveHub.Sweeps || topic == LiveHub.Sweep(notice.Id),
    };
}
