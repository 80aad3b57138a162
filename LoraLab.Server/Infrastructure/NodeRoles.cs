namespace LoraLab.Server.Infrastructure;

/// <summary>What a node does.</summary>
internal static class NodeRoles
{
    /// <summary>Serves the API and the dashboard, and takes runs.</summary>
    public const string All = "All";

    /// <summary>Serves the API and the dashboard.</summary>
    public const string Web = "Web";

    /// <summary>Takes runs, and serves its health only.</summary>
    public const string Worker = "Worker";

    public static IReadOnlyList<string> Names { get; } = [All, Web, Worker];
}
