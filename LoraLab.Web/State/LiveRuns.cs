using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;

namespace LoraLab.Web.State;

/// <summary>Applies live events to run documents.</summary>
internal static class LiveRuns
{
    /// <summary>The document after the event; null if the run was deleted.</summary>
    internal static RunDocument? Apply(RunDocument run, LiveEvent message) => message.Type switch
    {
        LiveEventTypes.RunState => IsDeleted(message) ? null : Document(message) ?? run,
        LiveEventTypes.RunProgress when message.Data.Deserialize<RunProgress>(ContractJson.Options) is RunProgress progress =>
            run with { Progress = progress },
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
