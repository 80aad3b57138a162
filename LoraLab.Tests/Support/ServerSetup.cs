namespace LoraLab.Tests.Support;

/// <summary>How a test's server is started.</summary>
internal sealed record ServerSetup
{
    /// <summary>The server's dll; null: as it was built.</summary>
    public string? Program { get; init; }

    /// <summary>The trainer; null: the real one.</summary>
    public string? WorkerPath { get; init; }

    /// <summary>A relative one is the server's to resolve. Null: a temporary one that goes with the server.</summary>
    public string? DataDirectory { get; init; }

    public string Url { get; init; } = "http://127.0.0.1:0";

    /// <summary>Runs this in place of serving.</summary>
    public IReadOnlyList<string>? Verb { get; init; }

    /// <summary>The health route that says when it has started: the ready one, but where the test's fault makes that say no.</summary>
    public string ReadyAt { get; init; } = "/health/ready";

    public IReadOnlyList<string> Arguments { get; init; } = [];

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
}
