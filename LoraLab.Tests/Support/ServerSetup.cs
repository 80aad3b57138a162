namespace LoraLab.Tests.Support;

/// <summary>Start parameters of a test server.</summary>
internal sealed record ServerSetup
{
    /// <summary>Path of the server DLL; null: the built one.</summary>
    public string? Program { get; init; }

    /// <summary>Path of the trainer; null: the real one.</summary>
    public string? WorkerPath { get; init; }

    /// <summary>Data directory; the server resolves a relative path. Null: a temporary one that is deleted with the server.</summary>
    public string? DataDirectory { get; init; }

    public string Url { get; init; } = "http://127.0.0.1:0";

    /// <summary>The program that starts it, with its arguments, such as one that puts it into another network; empty: none.</summary>
    public IReadOnlyList<string> Launcher { get; init; } = [];

    /// <summary>Command to run instead of serving; null: serve.</summary>
    public IReadOnlyList<string>? Verb { get; init; }

    /// <summary>
    /// Health route polled at start: readiness, unless the fault under test makes it fail; null: the test cannot reach it.
    /// </summary>
    public string? ReadyAt { get; init; } = "/health/ready";

    public IReadOnlyList<string> Arguments { get; init; } = [];

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
}
