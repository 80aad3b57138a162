using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;

namespace LoraLab.Web.State;

/// <summary>Brings a run document up to date with a live event.</summary>
internal static class LiveRuns
{
    /// <summary>The document after the event; null when the run is deleted.</summary>
    internal static RunDocument? Apply(RunDocument run, LiveEvent message) => message.Type switch
    {
        LiveEventTypes.RunState => IsDeleted(message) ? null : Document(message) ?? run,
        LiveEventTypes.RunProgress when message.Data.Deserialize<RunProgress>(ContractJson.Options) is RunProgress progress => run with { Progress = progress },
        _ => run,
    };

    /// <summary>The document that a state event carries.</summary>
    internal static RunDocument? Document(LiveEvent message) =>
        message.Type == LiveEventTypes.RunState && !IsDeleted(message) ? message.Data.Deserialize<RunDocument>(ContractJson.Options) : null;

    internal static bool IsDeleted(LiveEvent message) =>
        message.Type == LiveEventTypes.RunState
        && message.Data.ValueKind == JsonValueKind.Object
        && message.Data.TryGetProperty("deleted", out JsonElement deleted)
        && deleted.ValueKind == JsonValueKind.True;
}
