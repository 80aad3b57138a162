namespace LoraLab.Server.Storage.Transfer;

/// <summary>What a store contains, in the order of a file.</summary>
internal enum TransferKind
{
    /// <summary>One item: the number of the last event, and whether the queue is paused.</summary>
    State,

    /// <summary>Runs, by id; each is followed by its points.</summary>
    Run,

    /// <summary>Metric points, one item per series and attempt.</summary>
    Points,

    /// <summary>Studies and sweeps, by id.</summary>
    Experiment,

    /// <summary>Responses to submissions with an <c>Idempotency-Key</c>, by key.</summary>
    Response,

    /// <summary>Live events that can be replayed, by number.</summary>
    Event,

    /// <summary>API keys that were made in the dashboard, by name.</summary>
    Key,
}
