using LoraLab.Contracts;

namespace LoraLab.Tests.Server.Abuse;

/// <summary>What exists on the server under test, so that requests get past the first look-up.</summary>
internal sealed record KnownThings(IReadOnlyList<string> Runs, IReadOnlyList<string> Sweeps, IReadOnlyList<string> Studies)
{
    private static readonly string[] _files =
        ["spec.json", "run.json", "fingerprint.json", "attempts/0001/log.txt", "attempts/0001/events.jsonl"];

    private static readonly string[] _figures = ["figure-1", "convergence", "accuracy-cost"];

    /// <summary>Values of a parameter in the path of a route.</summary>
    public IReadOnlyList<string> For(string path, string parameter) => parameter switch
    {
        "name" => _files,
        "figure" => _figures,
        _ when path.StartsWith(ApiRoutes.Sweeps, StringComparison.Ordinal) => Sweeps,
        _ when path.StartsWith(ApiRoutes.Studies, StringComparison.Ordinal) => Studies,
        _ => Runs,
    };
}
